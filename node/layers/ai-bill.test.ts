import { headerValue } from '@weir/proto/http/headers.js';
import { describe, expect, it } from 'vitest';
import { limit, withBudgets } from '../ai/gateway/testing/budgeted.js';
import {
  answerJson,
  ask,
  askStream,
  beginStream,
  eventsIn,
  keyOf,
  openAi,
  provider,
  routeSpec,
  target,
} from '../ai/gateway/testing/gateway.js';

/** Dollars for a thousand tokens: 1 and 2 at `a/m`, ten times as much at `b/n`. */
const prices = [
  { provider: 'a', model: 'm', price: { input: 1_000, output: 2_000 } },
  { provider: 'b', model: 'n', price: { input: 10_000, output: 20_000 } },
];
const two = {
  providers: [provider('a'), provider('b')],
  models: [{ id: 'chat', targets: [target('a/m'), target('b/n', ['timeout', 'error', 'overloaded'])] }],
};
const hedge = { after: { kind: 'fixed', ms: 800 }, budgetShare: 1, budgetFloorPerS: 0 } as const;
const given = (tokens: number, more = {}, of = prices) =>
  withBudgets(
    { limits: [limit({ amount: tokens })], prices: of, teams: {}, costHeader: false },
    { ai: two, spec: { ...more } },
  );

/** The question has 5 tokens, and is answered by `b/n` with 7. */
const BY_N = 5 * 10_000 + 7 * 20_000;
const FIRST = 5 * 1_000;

describe('what was asked in vain', () => {
  it('is paid for at its own price where it was not waited for, and settled once', async () => {
    const { below, send, clock } = await given(1_000);
    const { exchange } = send(askStream({ max_tokens: 100 }));
    clock.advance(routeSpec.timers.firstTokenMs + 100);
    beginStream(below.last());
    below.last().data(openAi.stream('hi'));
    below.last().complete();
    expect(exchange.ai).toMatchObject({
      ...{ provider: 'b', usage: { input: 5, output: 7 }, costMicros: BY_N + FIRST },
      besides: [{ provider: 'a', why: 'failed', usage: { input: 5, output: 0, isEstimated: true } }],
      bill: [
        { provider: 'b', costMicros: BY_N },
        { provider: 'a', costMicros: FIRST },
      ],
    });
    // 17 of a thousand are spent: there is room for exactly 983, of which the question takes 5.
    expect(send(ask({ max_tokens: 979 })).handler.status).toBe(429);
    send(ask({ max_tokens: 978 }));
    expect(below.calls.length).toBe(3);
  });

  it('costs nothing where it was refused', async () => {
    const { below, send } = await given(1_000);
    const { exchange } = send(ask({ max_tokens: 100 }));
    answerJson(below.last(), { error: { message: 'no room', type: 'server_error' } }, 503);
    answerJson(below.last(), openAi.whole('hi'));
    expect(exchange.ai).toMatchObject({ provider: 'b', besides: [], costMicros: BY_N });
  });

  it('of a race that was lost is paid for as well', async () => {
    const { below, send, clock } = await given(1_000, { hedge });
    const { exchange } = send(askStream({ max_tokens: 100 }));
    clock.advance(820);
    expect(below.calls.length).toBe(2);
    beginStream(below.last());
    below.last().data(openAi.stream('hi'));
    below.last().complete();
    expect(exchange.ai).toMatchObject({ hedge: 'won', costMicros: BY_N + FIRST, besides: [{ provider: 'a' }] });
  });

  it('is paid for once by a client that leaves meanwhile', async () => {
    const { send, clock } = await given(1_000);
    const { exchange, cancel } = send(askStream({ max_tokens: 100 }));
    clock.advance(routeSpec.timers.firstTokenMs + 100);
    cancel();
    expect(exchange.ai).toMatchObject({ costMicros: 5 * 10_000 + FIRST, besides: [{ provider: 'a' }] });
  });

  it('leaves the cost open where nobody knows its price', async () => {
    const { below, send, clock } = await given(1_000, {}, prices.slice(1));
    const { exchange } = send(askStream({ max_tokens: 100 }));
    clock.advance(routeSpec.timers.firstTokenMs + 100);
    beginStream(below.last());
    below.last().data(openAi.stream('hi'));
    below.last().complete();
    expect(exchange.ai).toMatchObject({ costMicros: null, bill: [{ costMicros: BY_N }, { costMicros: null }] });
  });
});

it('what nobody knows the price of counts as it was reserved', async () => {
  const models = [{ id: 'chat', targets: [target('b/n'), target('a/m', ['error', 'overloaded'])] }];
  const { below, send } = await withBudgets(
    { limits: [limit({ unit: 'cost', amount: 3_000_000 })], prices: prices.slice(1), teams: {}, costHeader: false },
    { ai: { ...two, models } },
  );
  const { exchange } = send(ask({ max_tokens: 100 }));
  answerJson(below.last(), { error: { message: 'no room', type: 'server_error' } }, 503);
  answerJson(below.last(), openAi.whole('hi'));
  expect(exchange.ai).toMatchObject({ provider: 'a', costMicros: null, bill: [{ provider: 'a', costMicros: null }] });
  // 2.05 of 3 dollars.
  expect(send(ask({ max_tokens: 50 })).handler.status).toBe(429);
  expect(send(ask({ max_tokens: 40 })).handler.status).not.toBe(429);
});

const json = ['content-type', 'application/json'];
const EMBEDDINGS = { path: '/v1/embeddings', headers: json };
const embed = (text = 'hello') => ({ model: 'a/m', input: text });
const vector = (tokens: number) => ({
  data: [{ object: 'embedding', index: 0, embedding: [1] }],
  usage: { prompt_tokens: tokens, total_tokens: tokens },
});
const money = (dollars: number) =>
  withBudgets(
    { limits: [limit({ unit: 'cost', amount: dollars * 1_000_000 })], prices, teams: {}, costHeader: true },
    { ai: { providers: [provider('a', { keys: [] }), provider('b')], models: two.models } },
  );

describe('what is no chat', () => {
  it('is admitted and settled as chats are, by the figures of its provider', async () => {
    const { below, send } = await money(1);
    const { handler, exchange } = send(embed(), EMBEDDINGS);
    answerJson(below.last(), vector(600));
    expect(headerValue(handler.headers, 'x-weir-cost')).toBe('0.600000');
    expect(headerValue(handler.headers, 'ratelimit')).toBe('"all-cost";r=999000;t=3600');
    expect(exchange.ai).toMatchObject({ costMicros: 600_000, usage: { input: 600, isEstimated: false } });
    // 0.4 dollars are left: 500 tokens have no room, and chats share the budget.
    const refused = send(embed('hello '.repeat(500)), EMBEDDINGS);
    expect([refused.handler.status, below.calls.length]).toEqual([429, 1]);
    expect(JSON.parse(refused.handler.text()).error.message).toContain('"all-cost"');
    expect(refused.exchange.ai).toMatchObject({ error: 'rateLimited', costMicros: null });
    expect(send(ask({ max_tokens: 250 })).handler.status).toBe(429);
    send(ask({ max_tokens: 100 }));
    expect(below.calls.length).toBe(2);
  });

  it('is counted here where its provider says nothing, and marked', async () => {
    const { below, send } = await money(1);
    const question = { model: 'a/m', query: 'hello', documents: ['hello', 'hello'] };
    const moderated = send({ model: 'a/m', input: ['hello', 'hello'] }, { path: '/v1/moderations', headers: json });
    answerJson(below.last(), { id: 'x', model: 'm', results: [result, result] });
    expect(moderated.handler.status).toBe(200);
    expect(moderated.exchange.ai).toMatchObject({ usage: { input: 2, isEstimated: true }, costMicros: 2_000 });
    expect(send(question, { path: '/v1/rerank', headers: json }).exchange.ai?.costMicros).toBeNull();
  });

  it('is refused where its budget is of money and nobody knows the price, but for what costs nothing', async () => {
    const { below, send } = await money(1);
    expect(send({ ...embed(), model: 'a/other' }, EMBEDDINGS).handler.status).toBe(503);
    expect(below.calls.length).toBe(0);
    const counted = send({ ...ask(), model: 'a/other', max_tokens: 5 }, { path: '/v1/messages/count_tokens' });
    expect([counted.handler.status, counted.exchange.ai?.costMicros]).toEqual([200, null]);
  });

  it.each([
    ['its client leaves', 1, 1_000],
    ['it is refused', 0, 0],
  ])('gives back what it did not take when %s', async (_how, tokens) => {
    const { below, send } = await given(10);
    const { exchange, cancel } = send(embed('hello '.repeat(8)), EMBEDDINGS);
    if (tokens > 0) cancel();
    else answerJson(below.last(), { error: { message: 'no', type: 'invalid_request_error' } }, 400);
    expect(exchange.ai?.usage?.isEstimated).toBe(tokens > 0 ? true : undefined);
    // 8 of 10 were reserved.
    expect(send(embed('hello '.repeat(8)), EMBEDDINGS).handler.status).toBe(tokens > 0 ? 429 : 0);
  });

  it('that another one stood in for is paid for at its own price', async () => {
    const { below, send, clock } = await given(1_000);
    const { exchange } = send({ ...embed(), model: 'chat' }, EMBEDDINGS, 60_000);
    clock.advance(30_100);
    expect(below.calls.length).toBe(2);
    answerJson(below.last(), vector(1));
    expect(exchange.ai).toMatchObject({ provider: 'b', costMicros: 10_000 + 1_000, besides: [{ provider: 'a' }] });
  });
});

const result = { flagged: false, categories: {}, category_scores: {} };

describe('what is passed on', () => {
  const passing = (more: { readonly tokens: number } | { readonly cost: number }) => {
    const budget = 'tokens' in more ? { amount: more.tokens } : { unit: 'cost' as const, amount: more.cost };
    return withBudgets(
      { limits: [limit(budget)], prices, teams: {}, costHeader: true },
      { ai: two, spec: { passthrough: { provider: 'a', prefix: '/a' } } },
    );
  };
  const at = (path: string) => ({ path: `/a/v1${path}`, headers: json });
  const asked = { model: 'm', max_tokens: 100, messages: [{ role: 'user', content: 'hello' }] };

  it('is charged by what its provider says, and refused when that is spent', async () => {
    const { below, send } = await passing({ cost: 250_000 });
    const { exchange } = send(asked, at('/chat/completions'));
    answerJson(below.last(), openAi.whole('hi'));
    expect(exchange.ai).toMatchObject({ costMicros: 19_000, usage: { isEstimated: false } });
    send({ ...asked, max_tokens: 90 }, at('/chat/completions'));
    const { handler } = send(asked, at('/chat/completions'));
    expect([handler.status, below.calls.length]).toEqual([429, 2]);
  });

  it.each([
    ['/responses', { input: 'hello', max_output_tokens: 50 }, { usage: { input_tokens: 5, output_tokens: 7 } }],
    ['/embeddings', { input: [1, 2, 3, 4, 5] }, { usage: { prompt_tokens: 12, total_tokens: 12 } }],
    ['/other', { input: 'hello', max_tokens: 9 }, { usage: null }],
  ])('as %s counts as well', async (path, body, answer) => {
    const { below, send } = await passing({ tokens: 1_000 });
    const { exchange } = send({ model: 'm', ...body }, at(path));
    answerJson(below.last(), answer);
    const { input = 0, output = 0, isEstimated } = exchange.ai?.usage ?? {};
    expect(isEstimated).toBe(path === '/other');
    if (path !== '/other') expect(input + output).toBe(12);
    expect(exchange.ai?.costMicros).toBe(input * 1_000 + output * 2_000);
  });

  it('as a stream is charged by the event that says so, or by what came of it', async () => {
    const { below, send } = await passing({ tokens: 1_000 });
    const responses = send({ model: 'm', input: 'hello', stream: true }, at('/responses'));
    beginStream(below.last());
    const usage = { input_tokens: 5, output_tokens: 7 };
    below.last().data('event: response.created\ndata: {"response":{"usage":null}}\n\n');
    below.last().data(`event: response.completed\ndata: ${JSON.stringify({ response: { usage } })}\n\n`);
    below.last().complete();
    expect(responses.exchange.ai).toMatchObject({ usage: { input: 5, output: 7 }, costMicros: 19_000 });
    const left = send({ ...asked, stream: true }, at('/chat/completions'));
    beginStream(below.last());
    below.last().data(openAi.chunk({ content: 'hello '.repeat(20) }));
    left.cancel();
    expect(left.exchange.ai?.usage).toMatchObject({ output: 30, isEstimated: true });
  });

  it('is free where it is only looked up, and else refused without a price', async () => {
    const { below, send } = await passing({ cost: 1 });
    send('', { ...at('/models'), method: 'GET', body: null });
    expect(below.calls.length).toBe(1);
    const { handler } = send({ input_file_id: 'f', endpoint: '/v1/chat/completions' }, at('/batches'));
    expect([handler.status, below.calls.length]).toEqual([503, 1]);
  });
});

describe('the cheapest of several', () => {
  it.each([
    ['a', 1, 2],
    ['b', 2, 1],
  ])('is %s by the prices of the config, which go before those of the catalogue', async (cheaper, atA, atB) => {
    const price = (input: number) => ({ input, output: input });
    const targets = [target('a/gpt-4o'), target('b/own')];
    const choice = { balance: 'cheapest', affinity: null, fits: false } as const;
    const { below, send } = await withBudgets(
      {
        ...{ limits: [], teams: {}, costHeader: false },
        prices: [
          { provider: 'a', model: 'gpt-4o', price: price(atA) },
          { provider: 'b', model: 'own', price: price(atB) },
        ],
      },
      { ai: { providers: two.providers, models: [{ id: 'chat', targets, choice }] } },
    );
    send(ask());
    expect(keyOf(below.last())).toBe(`Bearer sk-${cheaper}-1`);
  });
});

describe('figures that the provider does not give', () => {
  const withoutUsage = openAi.chunk({ role: 'assistant', content: 'hi' }) + openAi.chunk({}, 'stop') + openAi.done;

  it('are counted, told at the end of a stream to who asked for them, and said to be estimated', async () => {
    const { below, send } = await given(1_000);
    const { handler, exchange } = send(askStream({ max_tokens: 100, stream_options: { include_usage: true } }));
    beginStream(below.last());
    below.last().data(withoutUsage);
    below.last().complete();
    const { input = 0, output = 0 } = exchange.ai?.usage ?? {};
    expect(exchange.ai?.usage).toMatchObject({ isEstimated: true });
    expect([input, output].every((count) => count > 0)).toBe(true);
    const told = eventsIn(handler.text());
    expect(told.at(-1)).toBe('[DONE]');
    expect(told.at(-2)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    });
    expect(handler.text()).toContain(': x-weir-estimated: usage\n\n');
  });

  it('are not told to who did not ask for them, nor are real ones said to be estimated', async () => {
    const { below, send } = await given(1_000);
    for (const [options, said] of [
      [{}, withoutUsage],
      [{ stream_options: { include_usage: true } }, openAi.stream('hi')],
    ] as const) {
      const { handler } = send(askStream({ max_tokens: 100, ...options }));
      beginStream(below.last());
      below.last().data(said);
      below.last().complete();
      expect(handler.text()).not.toContain('x-weir-estimated');
    }
  });

  it('are in a whole answer as well, with a field that says so', async () => {
    const { below, send } = await given(1_000);
    const { handler } = send(ask({ max_tokens: 100 }));
    const { usage: _usage, ...silent } = openAi.whole('hi');
    answerJson(below.last(), silent);
    expect(headerValue(handler.headers, 'x-weir-estimated')).toBe('usage');
    expect(JSON.parse(handler.text())).toMatchObject({ usage: { prompt_tokens: 5, completion_tokens: 1 } });
    const real = send(ask({ max_tokens: 100 }));
    answerJson(below.last(), openAi.whole('hi'));
    expect(headerValue(real.handler.headers, 'x-weir-estimated')).toBeUndefined();
  });
});
