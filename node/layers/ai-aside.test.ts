/** What the gateway asks for by itself is paid for: vectors of questions, for the cache of those that mean the same. */
import { headerValue } from '@weir/proto/http/headers.js';
import type { AiCacheSpec } from '@weir/proto/snapshot/ai.js';
import { describe, expect, it } from 'vitest';
import { limit, withBudgets } from '../ai/gateway/testing/budgeted.js';
import { answerJson, ask, openAi } from '../ai/gateway/testing/gateway.js';
import { AiCells } from '../observe/ai-cells.js';
import { SpendTally } from '../observe/spend-tally.js';
import type { ScriptedCall } from '../pipeline/testing/harness.js';

const cache: AiCacheSpec = {
  ...{ ttlMs: 60_000, isShared: false, tokensPerSecond: null, temperatureMax: 0, keepsFiltered: false },
  ...{ collapses: true, answerBytesMax: 1_000_000 },
  semantic: { provider: 'a', model: 'vec', threshold: 0.9, timeoutMs: 300, entriesMax: 10, store: 'memory' },
};
/** A dollar for a thousand tokens of questions, two for as many of answers, and ten for vectors. */
const prices = [
  { provider: 'a', model: 'm', price: { input: 1_000, output: 2_000 } },
  { provider: 'a', model: 'vec', price: { input: 10_000, output: 0 } },
];
/** Of a chat of the tests: 5 tokens in, 7 out. */
const CHAT = 19_000;

async function started(tokens = 1_000) {
  const limits = [limit({ amount: tokens }), limit({ unit: 'requests', amount: 100 })];
  const all = await withBudgets({ limits, prices, teams: {}, costHeader: true }, { spec: { cache } });
  const question = (content: string) => all.send(ask({ max_tokens: 20, messages: [{ role: 'user', content }] }));
  const left = (exchange: { ai: { budgets: readonly { unit: string; left: number }[] } | null }) =>
    Object.fromEntries((exchange.ai?.budgets ?? []).map((one) => [one.unit, one.left]));
  return { ...all, question, left };
}

const isVector = ({ request }: ScriptedCall): boolean => request.path.endsWith('/embeddings');
const vector = (call: ScriptedCall, usage: object | null = { prompt_tokens: 6, total_tokens: 6 }): void =>
  answerJson(call, { data: [{ embedding: [1, 2] }], ...(usage === null ? {} : { usage }) });

describe('the vector of a question', () => {
  it('is part of what an answer cost, and of what its budgets have left, and no request', async () => {
    const { below, question, left } = await started();
    const { handler, exchange } = question('What is a weir?');
    expect(isVector(below.last())).toBe(true);
    vector(below.last());
    answerJson(below.last(), openAi.whole('a dam'));
    expect(exchange.ai?.asides).toEqual([
      {
        provider: 'a',
        providerModel: 'vec',
        usage: expect.objectContaining({ input: 6, isEstimated: false }),
        costMicros: 60_000,
      },
    ]);
    expect([exchange.ai?.costMicros, headerValue(handler.headers, 'x-weir-cost')]).toEqual([CHAT + 60_000, '0.079000']);
    expect(exchange.ai?.bill).toHaveLength(1);
    expect(left(exchange)).toEqual({ tokens: 1_000 - 12 - 6, requests: 99 });
  });

  it('is all that a question costs whose answer is known by its meaning', async () => {
    const { below, question, left } = await started();
    question('What is a weir?');
    vector(below.last());
    answerJson(below.last(), openAi.whole('a dam'));
    const second = question('A weir, what is it?');
    vector(below.last());
    expect([headerValue(second.handler.headers, 'x-weir-cache'), second.exchange.ai?.costMicros]).toEqual([
      ...['hit-similar', 60_000],
    ]);
    const third = question('And what is a dam?');
    answerJson(below.last(), { data: [{ embedding: [2, -1] }], usage: { prompt_tokens: 6 } });
    answerJson(below.last(), openAi.whole('a weir'));
    expect(left(third.exchange)).toEqual({ tokens: 1_000 - 2 * 12 - 3 * 6, requests: 98 });
  });

  it('is guessed, and said to be, where it is late, has no figures, or its client leaves', async () => {
    const { below, question, clock, left } = await started();
    const late = question('What is a weir?');
    const vectorCall = below.last();
    clock.advance(400);
    answerJson(below.last(), openAi.whole('a dam'));
    const guessed = (of: typeof late) => {
      const [{ usage, costMicros } = { usage: null, costMicros: null }] = of.exchange.ai?.asides ?? [];
      expect([usage?.isEstimated, costMicros]).toEqual([true, (usage?.input ?? 0) * 10_000]);
      return usage?.input ?? Number.NaN;
    };
    expect(late.exchange.ai?.costMicros).toBe(CHAT + guessed(late) * 10_000);
    // It comes all the same, and budgets hear of it.
    vector(vectorCall, { prompt_tokens: 9 });
    const gone = question('Where is one?');
    gone.cancel();
    const silent = question('Which one?');
    vector(below.last(), null);
    answerJson(below.last(), openAi.whole('that one'));
    expect(guessed(gone)).toBeGreaterThan(0);
    expect(left(silent.exchange)).toEqual({
      ...{ tokens: 1_000 - 2 * 12 - 9 - guessed(gone) - guessed(silent), requests: 98 },
    });
  });

  it('that was refused costs nothing', async () => {
    const { below, question, left } = await started();
    const { exchange } = question('What is a weir?');
    answerJson(below.last(), { error: { message: 'no' } }, 500);
    answerJson(below.last(), openAi.whole('a dam'));
    expect([exchange.ai?.asides, exchange.ai?.costMicros, left(exchange)['tokens']]).toEqual([[], CHAT, 988]);
  });

  it('is not asked for where no budget has room for it', async () => {
    const { below, question } = await started(3);
    const { handler, exchange } = question('What is a weir?');
    expect([below.calls.length, handler.status, exchange.ai?.asides]).toEqual([0, 429, []]);
  });

  it('stands in the metrics and in what is told of spends, by nobody’s name for a model', async () => {
    const { below, question } = await started();
    const { exchange } = question('What is a weir?');
    vector(below.last());
    answerJson(below.last(), openAi.whole('a dam'));
    const cells = new AiCells();
    cells.ended(exchange);
    const tokens = [...cells.series.values()].map(({ model, tokens: { input } }) => [model, input]);
    expect(tokens).toEqual([
      ['chat', 5],
      ['a/*', 6],
    ]);
    expect([...cells.spends.values()].map(({ model, micros }) => [model, micros])).toEqual([
      ['chat', CHAT],
      ['a/*', 60_000],
    ]);
    const tally = new SpendTally();
    tally.ended(exchange);
    const rows = tally.take()?.spends ?? [];
    expect(rows.map(([names, sums]) => [names[3], sums[0], sums[1], sums.at(-1)]).sort()).toEqual([
      ['a/*', 0, 6, 60_000],
      ['chat', 1, 5, CHAT],
    ]);
  });
});
