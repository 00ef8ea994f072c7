import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import type { ConcurrentLimitSpec, LimitSpec, RateLimitSpec } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLimiterStore } from '../limit/limiter-store.js';
import type { StrictAnswer, StrictAsk, StrictCounter } from '../limit/strict-counter.js';
import type { WebSocketEvents, WebSocketPeer } from '../pipeline/dispatch.js';
import { fakeClock, makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { limitCallers } from './limit.js';

const atOnce = (requests: number): ConcurrentLimitSpec => ({
  ...{ kind: 'concurrent', requests, by: 'route', mode: 'local' },
});
const perHour = (requests: number, redis: RateLimitSpec['redis'] = null): RateLimitSpec => ({
  ...{ kind: 'rate', requests, periodMs: 3_600_000, burst: requests, by: 'route', keys: 100 },
  ...{ mode: redis === null ? 'local' : 'strict', redis },
});

function gate(limits: readonly LimitSpec[], strict: StrictCounter | null = null) {
  const clock = fakeClock();
  const services = makeServices({ clock, limiters: createLimiterStore({ strict }) });
  const bottom = scriptedDispatch();
  const dispatch = limitCallers(makeRoute({ limits }), services)?.(bottom.dispatch);
  const send = () => {
    const handler = recordingHandler();
    const before = bottom.calls.length;
    const cancel = dispatch?.(makeRequest(), handler) ?? (() => {});
    return { handler, cancel, call: bottom.calls.length > before ? bottom.last() : null };
  };
  return { clock, send, bottom };
}

class Peer implements WebSocketPeer {
  events: WebSocketEvents | null = null;
  readonly send = () => true;
  readonly ping = () => {};
  readonly pong = () => {};
  readonly close = () => {};
  readonly terminate = () => {};
  readonly pause = () => {};
  readonly resume = () => {};
  listen(events: WebSocketEvents): void {
    this.events = events;
  }
}

const noEvents: WebSocketEvents = {
  ...{ onMessage: () => {}, onPing: () => {}, onPong: () => {}, onDrain: () => {}, onClose: () => {} },
};

describe('requests in flight', () => {
  it('are as many as may be, and the next one hears when to come back and what the limit is', () => {
    const { send } = gate([atOnce(2)]);
    const [first] = [send(), send()];
    const refused = send().handler.failure;
    expect([refused?.code, refused?.retryAfterS]).toEqual(['rate_limited', 1]);
    expect(refused?.headers).toEqual([
      ...['ratelimit-policy', '"route";q=2;qu="concurrent-requests"', 'ratelimit', '"route";r=0'],
    ]);
    first?.call?.answer(200);
    expect(headerValue(first?.handler.headers ?? [], 'ratelimit')).toBe('"route";r=1');
    expect(send().call).not.toBeNull();
  });

  it('give back what they hold once, however they end', () => {
    const ends = fc.constantFrom('answer', 'fail', 'cancel', 'fail late', 'upgrade', 'terminate', 'answer, cancel');
    fc.assert(
      fc.property(fc.array(ends, { size: 'max', maxLength: 30 }), (list) => {
        const { send } = gate([atOnce(2)]);
        // One that stays: whoever gives back twice gives its place away.
        send();
        for (const end of list) {
          const { handler, cancel, call } = send();
          expect(call).not.toBeNull();
          expect(send().handler.failure?.code).toBe('rate_limited');
          if (end.startsWith('answer')) call?.answer(200);
          if (end.endsWith('cancel')) cancel();
          if (end === 'fail late') call?.head(200);
          if (end.startsWith('fail')) call?.fail(failure('connection_closed', ''));
          if (end !== 'upgrade' && end !== 'terminate') continue;
          const peer = new Peer();
          call?.handler.onUpgrade?.([], peer);
          // A tunnel is in flight until it closes.
          expect(send().handler.failure?.code).toBe('rate_limited');
          handler.upgraded?.peer.listen(noEvents);
          if (end === 'upgrade') peer.events?.onClose(1000, '');
          else handler.upgraded?.peer.terminate();
          peer.events?.onClose(1006, '');
        }
        expect(send().call).not.toBeNull();
        expect(send().call).toBeNull();
      }),
    );
  });

  it('cost a rate nothing when they are too many, nor a place when it is the rate that refuses', () => {
    const { send } = gate([perHour(2), atOnce(1)]);
    const first = send();
    for (let i = 0; i < 3; i += 1) expect(send().handler.failure?.code).toBe('rate_limited');
    first.call?.answer(200);
    send().call?.answer(200);
    const refused = send().handler.failure;
    expect([refused?.retryAfterS, headerValue(refused?.headers ?? [], 'ratelimit')]).toEqual([
      1_800,
      '"route";r=0;t=3600, "route-2";r=1',
    ]);
  });
});

/** Answers when the test says so. */
class Counter implements StrictCounter {
  readonly asked: (readonly StrictAsk[])[] = [];
  readonly #answers: ((answer: StrictAnswer) => void)[] = [];
  isOpen = false;
  readonly digest = (text: string): string => Buffer.from(text).toString('base64url').padEnd(43, '-').slice(-43);

  open(): void {
    this.isOpen = true;
  }
  close(): void {}
  counts(): never {
    throw new Error('nobody counts here');
  }
  take(asks: readonly StrictAsk[]): Promise<StrictAnswer> {
    this.asked.push(asks);
    return new Promise((resolve) => this.#answers.push(resolve));
  }
  async say(answer: StrictAnswer): Promise<void> {
    this.#answers.shift()?.(answer);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const away: StrictAnswer = { ok: false, loss: 'away' };
const said = (...allowed: boolean[]): StrictAnswer => ({
  ok: true,
  verdicts: allowed.map((each) => ({ allowed: each, remaining: each ? 7 : 0, resetMs: 2_000, retryAfterMs: 3_000 })),
});

describe('a strict limit', () => {
  it('waits for Redis, says what it has said, and asks for all of the place at once', async () => {
    const counter = new Counter();
    const { send } = gate(
      [perHour(9, { withinMs: 5, onLoss: 'closed' }), perHour(8, { withinMs: 5, onLoss: 'open' })],
      counter,
    );
    expect(counter.isOpen).toBe(true);
    const passed = send();
    expect(passed.call).toBeNull();
    await counter.say(said(true, true));
    expect(counter.asked[0]?.map(({ requests }) => requests)).toEqual([9, 8]);
    const refused = send();
    await counter.say(said(true, false));
    expect(refused.handler.failure).toMatchObject({ code: 'rate_limited', retryAfterS: 3 });
    expect(headerValue(refused.handler.failure?.headers ?? [], 'ratelimit')).toBe('"route";r=7;t=2, "route-2";r=0;t=2');
  });

  it('does not ask Redis for what another limit refuses, nor take from that what Redis refuses', async () => {
    const counter = new Counter();
    const { send, bottom } = gate([atOnce(1), perHour(9, { withinMs: 5, onLoss: 'closed' })], counter);
    const refused = send();
    await counter.say(said(false));
    expect(refused.handler.failure?.code).toBe('rate_limited');
    const passed = send();
    await counter.say(said(true));
    expect(bottom.calls).toHaveLength(1);
    expect([send().handler.failure?.code, counter.asked.length]).toEqual(['rate_limited', 2]);
    passed.cancel();
    send();
    await counter.say(said(true));
    expect(bottom.calls).toHaveLength(2);
  });

  it('without Redis: closed is a 503 that may be tried again, open is counted here meanwhile', async () => {
    const counter = new Counter();
    const closed = gate([perHour(9, { withinMs: 5, onLoss: 'closed' })], counter);
    const refused = closed.send();
    await counter.say(away);
    expect(refused.handler.failure).toMatchObject({ code: 'limit_unavailable', retryAfterS: 1 });
    const open = gate([perHour(2, { withinMs: 5, onLoss: 'open' })], counter);
    const codes: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      const { handler } = open.send();
      await counter.say(away);
      codes.push(handler.failure?.code ?? 'passed');
    }
    expect(codes).toEqual(['passed', 'passed', 'rate_limited']);
  });

  it('is waited for by nobody who has left', async () => {
    const counter = new Counter();
    const { send, bottom } = gate([perHour(9, { withinMs: 5, onLoss: 'closed' })], counter);
    const left = send();
    left.cancel();
    await counter.say(said(true));
    expect([bottom.calls.length, left.handler.failure]).toEqual([0, null]);
  });

  it('is refused with its reason where there is no Redis', () => {
    expect(() => gate([perHour(9, { withinMs: 5, onLoss: 'open' })])).toThrow('needs a Redis');
  });
});
