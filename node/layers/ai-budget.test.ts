import { headerValue } from '@weir/proto/http/headers.js';
import type { AiBudgetsSpec, AiLimitSpec } from '@weir/proto/snapshot/ai.js';
import { describe, expect, it } from 'vitest';
import { limit, withBudgets } from '../ai/gateway/testing/budgeted.js';
import { answerJson, ask, askStream, beginStream, openAi } from '../ai/gateway/testing/gateway.js';
import { sha256 } from '../cache/l2/digest.js';
import type { SpendAnswer, SpendCounter, StrictLoss, StrictSpend, StrictSpent } from '../limit/strict-counter.js';
import { makeExchange } from '../pipeline/testing/harness.js';

/** A dollar for a thousand tokens of questions, and two for as many of answers. */
const priced = { provider: 'a', model: 'm', price: { input: 1_000, output: 2_000 } };

const budgeted = (
  limits: readonly AiLimitSpec[],
  more: Partial<AiBudgetsSpec> = {},
  strict: SpendCounter | null = null,
) => withBudgets({ limits, prices: [priced], teams: { ada: 'red' }, costHeader: true, ...more }, {}, strict);

const text = (words: number) => Array.from({ length: words }, (_, i) => `word${i % 10}`).join(' ');
const fields = (headers: readonly string[]) => [
  headerValue(headers, 'ratelimit-policy'),
  headerValue(headers, 'ratelimit'),
];

describe('a whole answer', () => {
  it('says what it cost, and what is left of its budgets when it was admitted', async () => {
    const { below, send } = await budgeted([limit({ unit: 'cost', amount: 5_000_000 }), limit({ by: ['team'] })]);
    const exchange = makeExchange();
    exchange.consumerId = 'ada';
    exchange.deadlineAtMs = 61_000;
    const { handler } = send(ask({ max_tokens: 100 }), { exchange });
    answerJson(below.last(), openAi.whole('hi'));
    // 5 tokens of the question and 7 of the answer.
    expect(headerValue(handler.headers ?? [], 'x-weir-cost')).toBe('0.019000');
    expect(fields(handler.headers ?? [])).toEqual([
      '"all-cost";q=5000000;w=3600;qu="microdollars", "team-tokens";q=1000;w=3600;qu="tokens"',
      '"all-cost";r=4795000;t=3600, "team-tokens";r=895;t=3600',
    ]);
    expect(exchange.ai).toMatchObject({ costMicros: 19_000, team: 'red' });
    // What controls are told: as it is when all is paid for.
    expect(exchange.ai?.budgets).toEqual([
      {
        ...{ route: '', name: 'all-cost', unit: 'cost', period: 'hour', mode: 'local', of: [], team: '' },
        ...{ limit: 5_000_000, left: 4_981_000, untilWallMs: expect.any(Number) },
      },
      {
        ...{ route: '', name: 'team-tokens', unit: 'tokens', period: 'hour', mode: 'local', of: ['red'], team: 'red' },
        ...{ limit: 1_000, left: 988, untilWallMs: expect.any(Number) },
      },
    ]);
  });

  it('is of no team where somebody else vouches for a consumer of the same name', async () => {
    const { below, send } = await budgeted([]);
    const exchange = Object.assign(makeExchange(), { consumerId: 'ada', vouchedBy: 'https://issuer.example' });
    send(ask({}), { exchange });
    answerJson(below.last(), openAi.whole('hi'));
    expect(exchange.ai?.team).toBe('');
  });

  it('is settled by the real figure, so what was reserved in vain is there for the next', async () => {
    const { below, send } = await budgeted([limit({ amount: 300 })]);
    for (let i = 0; i < 10; i += 1) {
      const { handler } = send(ask({ max_tokens: 150 }));
      answerJson(below.last(), openAi.whole('hi'));
      expect([i, handler.status]).toEqual([i, 200]);
    }
    // 120 are spent: a question that may take 200 has no room.
    const { handler } = send(ask({ max_tokens: 200 }));
    expect([below.calls.length, handler.status]).toEqual([10, 429]);
  });

  it('that fails costs nothing where its question was refused, and its tokens where nobody waited for the answer', async () => {
    const { below, send, clock } = await budgeted([limit({ amount: 1_000 })]);
    const first = send(ask({ max_tokens: 100 }));
    answerJson(below.last(), { error: { message: 'no such thing', type: 'invalid_request_error' } }, 400);
    expect(first.handler.status).toBe(400);
    expect(first.exchange.ai?.costMicros).toBeNull();
    const second = send(ask({ max_tokens: 100 }));
    clock.advance(61_000);
    expect(second.handler.status).toBe(504);
    expect(second.exchange.ai?.usage).toMatchObject({ input: 5, output: 0, isEstimated: true });
    expect(second.exchange.ai?.costMicros).toBe(5_000);
  });
});

describe('figures of a provider that can not be', () => {
  const absurd = { prompt_tokens: 1e308, completion_tokens: 1e308, total_tokens: 1e308 };

  it('neither close a budget for good nor keep its sum from being one', async () => {
    const { below, send } = await budgeted([limit({ amount: 1_000_000_000 }), limit({ unit: 'cost', amount: 1e13 })]);
    const whole = send(ask());
    answerJson(below.last(), { ...openAi.whole('hi'), usage: absurd });
    expect(whole.exchange.ai?.usage).toMatchObject({ input: 100_000_000, output: 100_000_000 });
    const { exchange } = send(askStream());
    beginStream(below.last());
    const usage = `data: ${JSON.stringify({ id: 'o-1', object: 'chat.completion.chunk', choices: [], usage: absurd })}\n\n`;
    below.last().data(openAi.stream('hi').replace(openAi.usage, usage));
    below.last().complete();
    expect(exchange.ai?.usage?.input).toBe(100_000_000);
    expect(send(ask()).handler.status).not.toBe(429);
    expect(below.calls.length).toBe(3);
  });
});

describe('what has no room', () => {
  it('is refused in the words of the caller, with the budget and when to come back', async () => {
    const { below, send } = await budgeted([limit({ amount: 100 })]);
    const { handler } = send(ask({ max_tokens: 200 }));
    expect([below.calls.length, handler.status]).toEqual([0, 429]);
    expect(headerValue(handler.headers ?? [], 'retry-after')).toBe('3600');
    expect(fields(handler.headers ?? [])[1]).toBe('"all-tokens";r=100;t=3600');
    expect(JSON.parse(handler.text())).toMatchObject({ error: { message: expect.stringContaining('"all-tokens"') } });
  });

  it('waits for calls that are under way only as long as they may take', async () => {
    const { below, send } = await budgeted([limit({ amount: 250 })]);
    const first = send(ask({ max_tokens: 200 }));
    const second = send(ask({ max_tokens: 200 }));
    expect([second.handler.status, headerValue(second.handler.headers ?? [], 'retry-after')]).toEqual([429, '5']);
    answerJson(below.last(), openAi.whole('hi'));
    expect(first.handler.status).toBe(200);
    send(ask({ max_tokens: 200 }));
    expect(below.calls.length).toBe(2);
  });

  it('counts each caller apart, and those whom the budget is not for not at all', async () => {
    const { below, send } = await budgeted([limit({ unit: 'requests', amount: 1, by: ['consumer'], only: ['ada'] })]);
    const as = (consumerId: string) => {
      const exchange = makeExchange();
      exchange.consumerId = consumerId;
      exchange.deadlineAtMs = 61_000;
      return send(ask(), { exchange }).handler;
    };
    as('ada');
    as('bea');
    as('bea');
    expect([as('ada').status, below.calls.length]).toEqual([429, 3]);
  });

  it('is refused where its budget is of money and nobody knows the price', async () => {
    const { below, send } = await budgeted([limit({ unit: 'cost' })], { prices: [] });
    const { handler } = send(ask());
    expect([below.calls.length, handler.status]).toEqual([0, 503]);
  });

  it('begins anew with the window', async () => {
    const { send, clock } = await budgeted([limit({ unit: 'requests', amount: 1, period: 'minute' })]);
    send(ask());
    expect(send(ask()).handler.status).toBe(429);
    clock.advance(60_000);
    expect(send(ask()).handler.status).not.toBe(429);
  });
});

describe('a stream', () => {
  it('is settled by the figures that end it', async () => {
    const { below, send } = await budgeted([limit({ amount: 1_000 })]);
    const { exchange } = send(askStream({ max_tokens: 500 }));
    beginStream(below.last());
    below.last().data(openAi.stream('a', 'b'));
    below.last().complete();
    expect(exchange.ai).toMatchObject({ usage: { input: 5, output: 7, isEstimated: false }, costMicros: 19_000 });
  });

  it.each(['is cut', 'is left by its client'])(
    'that %s is settled by what was said so far, which is counted',
    async (how) => {
      const { below, send } = await budgeted([limit({ amount: 1_000 })]);
      const { exchange, cancel } = send(askStream({ max_tokens: 500 }));
      beginStream(below.last());
      below.last().data(openAi.chunk({ content: text(100) }));
      if (how === 'is cut') below.last().complete();
      else cancel();
      const { usage, costMicros } = exchange.ai ?? {};
      expect(usage).toMatchObject({ input: 5, isEstimated: true });
      // A word and its number are two tokens; spaces are none.
      expect(usage?.output).toBeGreaterThan(150);
      expect(usage?.output).toBeLessThan(250);
      expect(costMicros).toBe(5_000 + 2_000 * (usage?.output ?? 0));
      const { handler } = send(ask({ max_tokens: 700 }));
      answerJson(below.last(), openAi.whole('hi'));
      expect(handler.status).toBe(200);
    },
  );
});

/** Redis as its scripts behave, in one process. */
class Counter implements SpendCounter {
  committed = new Map<string, number>();
  held = new Map<string, number>();
  /** As the script has it: what has one name is settled once. */
  readonly done = new Set<string>();
  lost: StrictLoss | null = null;
  readonly asked: string[] = [];
  open(): void {}
  take(): never {
    throw new Error('nothing asks for it');
  }
  async reserve(id: string, spends: readonly StrictSpend[]): Promise<readonly SpendAnswer[] | StrictLoss> {
    this.asked.push(id);
    if (this.lost !== null) return this.lost;
    const fits = spends.map(({ key, amount, limit: most }) => (this.committed.get(key) ?? 0) + amount <= most);
    const all = fits.every((one) => one);
    return spends.map(({ key, amount, limit: most }, i) => {
      if (all) {
        this.committed.set(key, (this.committed.get(key) ?? 0) + amount);
        this.held.set(`${id} ${key}`, amount);
      }
      return { allowed: fits[i] ?? false, left: most - (this.committed.get(key) ?? 0), held: 0 };
    });
  }
  async settle(id: string, spent: readonly StrictSpent[]): Promise<StrictLoss | null> {
    if (this.lost !== null) return this.lost;
    if (this.done.has(id)) return null;
    this.done.add(id);
    for (const { key, real } of spent) {
      const held = this.held.get(`${id} ${key}`) ?? 0;
      this.held.delete(`${id} ${key}`);
      this.committed.set(key, (this.committed.get(key) ?? 0) + real - held);
    }
    return null;
  }
  get sum(): number {
    return [...this.committed.values()].reduce((sum, one) => sum + one, 0);
  }
  digest = sha256;
  counts = () => null;
  close(): void {}
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a strict budget', () => {
  const strict = (onLoss: 'open' | 'closed') => limit({ mode: 'strict', redis: { withinMs: 10, onLoss }, amount: 300 });

  it('is asked of Redis, and told the real figure', async () => {
    const counter = new Counter();
    const { below, send } = await budgeted([strict('closed')], {}, counter);
    const { handler } = send(ask({ max_tokens: 200 }));
    await settled();
    expect(counter.sum).toBe(205);
    answerJson(below.last(), openAi.whole('hi'));
    await settled();
    expect([handler.status, counter.sum]).toEqual([200, 12]);
    const refused = send(ask({ max_tokens: 290 }));
    await settled();
    expect([refused.handler.status, counter.sum]).toEqual([429, 12]);
  });

  it('counts each of several questions that have one id, as those of a batch or of a client that chooses it', async () => {
    const counter = new Counter();
    const { below, send } = await budgeted([strict('closed')], {}, counter);
    for (const sum of [12, 24, 36]) {
      send(ask({ max_tokens: 200 }), { exchange: Object.assign(makeExchange(), { id: 'chosen' }) });
      await settled();
      answerJson(below.last(), openAi.whole('hi'));
      await settled();
      expect(counter.sum).toBe(sum);
    }
    expect(new Set(counter.asked).size).toBe(3);
  });

  it.each([
    ['closed', 503, 0],
    ['open', 200, 1],
  ] as const)('goes on %s without Redis', async (onLoss, status, calls) => {
    const counter = new Counter();
    counter.lost = 'late';
    const { below, send, clock, store } = await budgeted([strict(onLoss)], {}, counter);
    const { handler } = send(ask({ max_tokens: 200 }));
    await settled();
    expect(below.calls.length).toBe(calls);
    if (calls > 0) answerJson(below.last(), openAi.whole('hi'));
    expect(handler.status).toBe(status);
    // What may have been counted is taken back as soon as Redis hears.
    expect(store.counts().budgets).toMatchObject({ waiting: 1, lost: 0 });
    counter.lost = null;
    clock.advance(1_000);
    await settled();
    expect(store.counts().budgets).toMatchObject({ waiting: 0, lost: 0 });
    expect(counter.sum).toBe(0);
  });

  it('gives back what it has taken for a client that has left meanwhile', async () => {
    const counter = new Counter();
    const { below, send } = await budgeted([strict('closed')], {}, counter);
    const { cancel } = send(ask({ max_tokens: 200 }));
    cancel();
    await settled();
    expect([below.calls.length, counter.sum]).toEqual([0, 0]);
  });
});
