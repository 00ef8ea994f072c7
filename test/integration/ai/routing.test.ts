/** Which model is asked, how many at once, and what becomes of half an answer: through a whole gateway, with the official client. */
import type { AiBudgetsSpec, AiChoiceSpec, AiHedgeSpec, AiTargetSpec } from '@weir/proto/snapshot/ai.js';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { routeSpec, startAiGateway } from '../../support/ai-gateway.js';
import {
  type Answering,
  anthropicWords,
  beginSse,
  json,
  modelProvider,
  openAiWords,
} from '../../support/model-provider.js';
import { passed, Stage, until } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

const hi = [{ role: 'user', content: 'Hi' }] as const;
const when = ['timeout', 'overloaded', 'rateLimited', 'error'] as const;
const target = (provider: string, model: string, conditions: AiTargetSpec['when'] = null): AiTargetSpec => ({
  ...{ provider, model, weight: 1, when: conditions },
});
const choice = (more: Partial<AiChoiceSpec> = {}): AiChoiceSpec => ({
  balance: 'weighted',
  affinity: null,
  fits: true,
  ...more,
});
const keys = ['k1', 'k2', 'k3', 'k4'].map((id) => ({ id, secret: `\${AI_KEY}-${id}`, weight: 1 }));
const timers = { ...routeSpec.timers, firstTokenMs: 5_000, betweenTokensMs: 300 };

const saying =
  (...texts: readonly string[]): Answering =>
  (question) => {
    if (question.body['stream'] !== true) return json(question, openAiWords.whole({ content: texts.join('') }));
    beginSse(question);
    question.response.end(openAiWords.text(...texts));
  };

interface Given {
  readonly one: Answering;
  readonly two?: Answering;
  readonly targets: readonly AiTargetSpec[];
  readonly choice?: AiChoiceSpec;
  readonly hedge?: AiHedgeSpec;
  readonly kind?: string;
  /** Dollars for a million tokens of each of them. */
  readonly prices?: { readonly one: number; readonly two: number };
}

async function started({ one, two = saying('two'), targets, choice: chosen, hedge, kind = 'openai', prices }: Given) {
  const first = await modelProvider(stage, one);
  const second = await modelProvider(stage, two);
  const weir = await startAiGateway(stage, {
    upstream: 'health: { breaker: false, outlier: false }',
    providers: { one: { at: first, ...(hedge === undefined ? { keys } : {}) }, two: { at: second, kind } },
    models: [{ id: 'chat', targets, ...(chosen === undefined ? {} : { choice: chosen }) }],
    route: { timers, resume: 'continue', ...(hedge === undefined ? {} : { hedge }) },
    ...(prices === undefined
      ? {}
      : { budgets: { limits: [], teams: {}, costHeader: false, prices: pricesOf(prices) } }),
  });
  const client = new OpenAI({ apiKey: 'none', baseURL: `${weir.url}/v1`, maxRetries: 0 });
  const text = async () => {
    let said = '';
    const stream = await client.chat.completions.create({ model: 'chat', messages: [...hi], stream: true });
    for await (const { choices } of stream) said += choices[0]?.delta.content ?? '';
    return said;
  };
  return { first, second, weir, client, text };
}

function pricesOf(prices: { readonly one: number; readonly two: number }): AiBudgetsSpec['prices'] {
  return (['one', 'two'] as const).map((provider) => {
    const each = prices[provider];
    return { provider, model: 'm', price: { input: each, output: each } };
  });
}

describe('a hedged first token', () => {
  const hedge: AiHedgeSpec = { after: { kind: 'fixed', ms: 100 }, budgetShare: 1, budgetFloorPerS: 0 };

  it('comes from the second attempt where the first is silent, which is aborted and counted', async () => {
    const { first, second, weir, text } = await started({
      one: (question) => beginSse(question),
      targets: [target('one', 'm'), target('two', 'm', when)],
      hedge,
    });
    expect(await text()).toBe('two');
    await until(
      () => first.questions[0]?.isLeft === true,
      () => 'the loser is asked still',
    );
    expect([first.questions.length, second.questions.length]).toEqual([1, 1]);
    const metrics = await weir.metrics();
    expect(metrics).toContain('weir_ai_hedges_total{model="chat",provider="two",outcome="won"} 1\n');
    expect(metrics).toMatch(/weir_ai_wasted_tokens_total\{model="chat",provider="one",reason="hedge"\} [1-9]/);
    expect(metrics).toMatch(/decision="hedge_won"[^\n]*\} 1\n/);
  });

  it('is no repeated call of a tool: one of two answers is all that anybody gets', async () => {
    const call = { index: 0, id: 'c1', type: 'function', function: { name: 'pay', arguments: '{}' } };
    const paying: Answering = async (question) => {
      beginSse(question);
      await passed(250);
      question.response.end(openAiWords.delta({ tool_calls: [call] }) + openAiWords.end('tool_calls'));
    };
    const { first, second, client } = await started({
      ...{ one: paying, two: paying },
      targets: [target('one', 'm'), target('two', 'm', when)],
      hedge,
    });
    const final = await client.chat.completions
      .stream({
        model: 'chat',
        messages: [...hi],
        tools: [{ type: 'function', function: { name: 'pay', parameters: {} } }],
      })
      .finalChatCompletion();
    expect(final.choices[0]?.message.tool_calls).toHaveLength(1);
    expect([first.questions.length, second.questions.length]).toEqual([1, 1]);
  });
});

describe('a text that breaks off', () => {
  const breaking: Answering = async (question) => {
    beginSse(question);
    question.response.write(openAiWords.delta({ content: 'The quick ' }) + openAiWords.delta({ content: 'brown f' }));
    await passed(30);
    question.response.destroy();
  };

  it('is carried on by another model, and reads as one', async () => {
    const { second, weir, text } = await started({
      one: breaking,
      two: saying('The quick brown fox', ' jumps.'),
      targets: [target('one', 'm'), target('two', 'm', when)],
      prices: { one: 1_000, two: 1 },
    });
    expect(await text()).toBe('The quick brown fox jumps.');
    expect(JSON.stringify(second.questions[0]?.body)).toContain('<<<The quick brown f>>>');
    const metrics = await weir.metrics();
    expect(metrics).toContain('weir_ai_resumed_total{model="chat",provider="two",how="instruction"} 1\n');
    // Each half is billed by who said it: twelve tokens by the second, and more than a thousand times as much by the first.
    const cost = (provider: string): number =>
      Number(new RegExp(`weir_ai_cost_dollars_total\\{[^}]*provider="${provider}"[^}]*\\} (\\S+)`).exec(metrics)?.[1]);
    expect(cost('two')).toBeCloseTo(0.000_012, 9);
    expect(cost('one')).toBeGreaterThan(0.01);
  });

  it('is gone on from where the provider takes a prefix, in the words of another API', async () => {
    const { second, text } = await started({
      one: breaking,
      two: (question) => {
        beginSse(question);
        question.response.end(anthropicWords.begin() + anthropicWords.delta('ox jumps.') + anthropicWords.end());
      },
      kind: 'anthropic',
      targets: [target('one', 'm'), target('two', 'claude-sonnet-4-5', when)],
    });
    expect(await text()).toBe('The quick brown fox jumps.');
    expect(second.questions[0]?.body['messages']).toMatchObject([
      {},
      { role: 'assistant', content: [{ text: 'The quick brown f' }] },
    ]);
  });

  it('cut at any byte of its text reads as one', { timeout: 120_000 }, async () => {
    const whole = 'The quick brown fox jumps over the lazy dog, Grüße 東京.';
    const { client, first, second } = await started({
      one: async (question) => {
        const at = Number(question.body['seed']); // As this test asks.
        beginSse(question);
        question.response.write(openAiWords.delta({ content: whole.slice(0, at) }));
        await passed(3);
        question.response.destroy();
      },
      two: (question) => {
        const { messages } = question.body as { messages: { content: string }[] }; // As the gateway asks.
        const anchor = /<<<(.*)>>>/s.exec(messages.at(-1)?.content ?? '')?.[1] ?? '';
        beginSse(question);
        question.response.end(openAiWords.text(...(whole.slice(whole.indexOf(anchor)).match(/.{1,5}/gs) ?? [])));
      },
      targets: [target('one', 'm'), target('two', 'm', when)],
    });
    for (let at = 1; at < whole.length; at += 1) {
      let said = '';
      const stream = await client.chat.completions.create({ model: 'chat', messages: [...hi], stream: true, seed: at });
      for await (const { choices } of stream) said += choices[0]?.delta.content ?? '';
      expect(said).toBe(whole);
    }
    expect([first.questions.length, second.questions.length]).toEqual([whole.length - 1, whole.length - 1]);
  });
});

describe('a model that is chosen', () => {
  const models = ['gpt-5', 'gpt-5-nano'].map((model) => target('one', model));
  const ask = (client: OpenAI, content = 'Hi', more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}) =>
    client.chat.completions.create({ model: 'chat', messages: [{ role: 'user', content }], ...more });

  it('is the cheapest by the catalogue', async () => {
    const { first, client } = await started({
      one: saying('Hi'),
      targets: models,
      choice: choice({ balance: 'cheapest' }),
    });
    for (let i = 0; i < 8; i += 1) await ask(client);
    expect(new Set(first.questions.map(({ body }) => body['model']))).toEqual(new Set(['gpt-5-nano']));
  });

  it('is none that the catalogue knows to be too small, and a larger one at once', async () => {
    const small = [target('one', 'gpt-4'), target('one', 'gpt-4.1', ['contextExceeded'])];
    const { first, client } = await started({ one: saying('Hi'), targets: small, choice: choice() });
    await ask(client);
    await ask(client, 'word '.repeat(40_000));
    expect(first.questions.map(({ body }) => body['model'])).toEqual(['gpt-4', 'gpt-4.1']);
  });

  it('that finds by itself that it is too small has the larger one asked', async () => {
    const error = { message: 'too long', type: 'invalid_request_error', code: 'context_length_exceeded', param: null };
    const small: Answering = (question) =>
      question.body['model'] === 'own-small' ? json(question, { error }, 400) : saying('Hi')(question);
    const targets = [target('one', 'own-small'), target('one', 'own-large', ['contextExceeded'])];
    const { first, client } = await started({ one: small, targets, choice: choice() });
    await ask(client);
    expect(first.questions.map(({ body }) => body['model'])).toEqual(['own-small', 'own-large']);
  });

  it('is the same by the same key for a session, and another where its key rests', async () => {
    const { first, client } = await started({
      one: saying('Hi'),
      targets: models,
      choice: choice({ affinity: { kind: 'session', header: 'x-session-id' } }),
    });
    const placesOf = (from: number) =>
      first.questions.slice(from).map(({ body, headers }) => `${body['model']} ${headers.authorization}`);
    for (let i = 0; i < 12; i += 1) await ask(client, `Question ${i}`, { user: `user-${i % 3}` });
    const places = placesOf(0);
    for (const user of [0, 1, 2]) expect(new Set(places.filter((_, i) => i % 3 === user)).size).toBe(1);
    const [mine] = places;
    first.answering = (question) =>
      question.headers.authorization === mine?.slice(mine.indexOf('Bearer'))
        ? json(question, { error: { message: 'slow down', code: 'rate_limit_exceeded' } }, 429, { 'retry-after': '60' })
        : saying('Hi')(question);
    const before = first.questions.length;
    for (let i = 0; i < 3; i += 1) await ask(client, 'And?', { user: 'user-0' });
    const later = placesOf(before);
    // It is refused once, and the next choice is as firm as the first was.
    expect([later.length, later[0], new Set(later.slice(1)).size]).toEqual([4, mine, 1]);
    expect(later[1]).not.toBe(mine);
  });

  it('is the same for conversations with the same beginning, however they go on', async () => {
    const { first, client } = await started({
      one: saying('Hi'),
      targets: models,
      choice: choice({ affinity: { kind: 'prefix' } }),
    });
    const begun = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ] as const;
    const rest = { role: 'assistant', content: 'Hi' } as const;
    for (let i = 0; i < 6; i += 1) {
      const more = Array.from({ length: i }, () => [rest, { role: 'user', content: `And ${i}?` } as const]).flat();
      await client.chat.completions.create({ model: 'chat', messages: [...begun, ...more] });
    }
    expect(new Set(first.questions.map(({ body, headers }) => `${body['model']} ${headers.authorization}`)).size).toBe(
      1,
    );
  });

  it('is the fastest as streams have shown', async () => {
    const slow: Answering = async (question) => {
      if (question.body['model'] === 'slow') await passed(150);
      return saying('Hi')(question);
    };
    const targets = [target('one', 'slow'), target('one', 'fast')];
    const { first, text } = await started({ one: slow, targets, choice: choice({ balance: 'fastest' }) });
    for (let i = 0; i < 12; i += 1) await text();
    const asked = first.questions.map(({ body }) => body['model']);
    // Each is found out about once; nothing is explored again so soon.
    expect([asked.filter((model) => model === 'slow').length, asked.slice(2).includes('slow')]).toEqual([1, false]);
  });
});
