import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  askStream,
  beginStream,
  eventsIn,
  openAi,
  provider,
  saidIn,
  setUp,
  target,
} from '../ai/gateway/testing/gateway.js';

/** What may happen to one of the attempts that were made, to the clock, or to the client. */
type Event =
  | { readonly kind: 'role' | 'text' | 'end' | 'cut' | 'error'; readonly at: number }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'leave' };

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('role' as const, 'text' as const, 'end' as const, 'cut' as const, 'error' as const),
      at: fc.nat(5),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.constantFrom(10, 150, 900, 3_500) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'leave' as const }) },
);

const threeModels = [
  { id: 'chat', targets: [target('a/m'), target('a/n'), target('a/o', ['timeout', 'error', 'overloaded'])] },
];

/**
 * How many attempts are heard in what was told: each from its beginning, in order and without a hole; several only where one carries on
 * another.
 */
function heardInOrder(told: string): number {
  const pieces = [...saidIn(told).matchAll(/<(\d+)\.(\d+)>/g)].map(([, at, n]) => [Number(at), Number(n)] as const);
  const heard = [...new Set(pieces.map(([at]) => at))];
  expect(pieces).toEqual(heard.flatMap((at) => pieces.filter(([of]) => of === at)));
  for (const at of heard) {
    const own = pieces.filter(([of]) => of === at);
    expect(own.map(([, n]) => n)).toEqual([...own.keys()]);
  }
  return heard.length;
}

it('whatever happens to attempts that race, fail and are carried on: one answer, in one piece, and nothing is left behind', () => {
  fc.assert(
    fc.property(
      fc.array(anyEvent, { size: 'max', maxLength: 40 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 5 }),
      (events, resumes, attempts) => {
        const { below, send, clock, timers, bodies, heldBytes } = setUp({
          ai: { providers: [provider('a')], models: threeModels },
          spec: {
            attempts,
            hedge: { after: { kind: 'fixed', ms: 100 }, budgetShare: 1, budgetFloorPerS: 10 },
            ...(resumes ? { resume: 'continue' as const } : {}),
          },
        });
        const { handler, exchange, cancel } = send(askStream(), {}, 20_000);
        let hasLeft = false;
        const texts = new Map<number, number>();
        const begun = new Set<number>();
        const over = new Set<number>();
        const isLive = (at: number): boolean => below.calls[at]?.cancelled === false && !over.has(at);
        const live = () => below.calls.filter((_, at) => isLive(at)).length;
        for (const event of events) {
          if (event.kind === 'time') clock.advance(event.ms);
          else if (event.kind === 'leave') {
            if (!handler.ended) hasLeft = true;
            cancel();
          } else {
            const at = event.at % below.calls.length;
            const call = below.calls[at];
            if (call === undefined || !isLive(at)) continue;
            if (event.kind === 'end' || event.kind === 'cut' || event.kind === 'error') over.add(at);
            if (!begun.has(at) && event.kind !== 'error') beginStream(call);
            if (event.kind !== 'error') begun.add(at);
            const n = texts.get(at) ?? 0;
            if (event.kind === 'role') call.data(openAi.chunk({ role: 'assistant', content: '' }));
            if (event.kind === 'text') {
              texts.set(at, n + 1);
              call.data(openAi.chunk({ content: `<${at}.${n}>` }));
            }
            if (event.kind === 'end') {
              call.data(openAi.chunk({}, 'stop') + openAi.usage + openAi.done);
              call.complete();
            }
            if (event.kind === 'cut') call.fail(failure('response_incomplete', 'cut'));
            if (event.kind === 'error') call.fail(failure('connection_closed', 'gone'));
          }
          // Two at once, at most; and no more than the route allows.
          expect(live()).toBeLessThanOrEqual(2);
          expect(below.calls.length).toBeLessThanOrEqual(attempts);
        }
        clock.advance(60_000);
        // Where nothing was told before, a failure is an answer of its own.
        const told = handler.text().startsWith('{') ? '' : handler.text();
        const heard = heardInOrder(told);
        if (!resumes) expect(heard).toBeLessThanOrEqual(1);
        // It ends, once, and what looks whole is.
        if (!hasLeft) expect(handler.ended).toBe(true);
        const isWhole = eventsIn(told).at(-1) === '[DONE]';
        if (isWhole) expect(exchange.ai?.error ?? null).toBeNull();
        expect(live()).toBe(0);
        expect([timers.armed, bodies.bytes, heldBytes.bytes]).toEqual([0, 0, 0]);
      },
    ),
    { numRuns: 60 },
  );
});
