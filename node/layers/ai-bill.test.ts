import { describe, expect, it } from 'vitest';
import { limit, withBudgets } from '../ai/gateway/testing/budgeted.js';
import {
  answerJson,
  ask,
  askStream,
  beginStream,
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
