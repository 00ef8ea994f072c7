/** A route whose only layer is the hedge, over a transport that says what a test has it say, under a clock of the test's. */
import type { HedgeSpec } from '@weir/proto/snapshot/resilience.js';
import type { Decision } from '../../observe/decisions.js';
import { compose, type GatewayRequest } from '../../pipeline/dispatch.js';
import { createAttempt } from '../../pipeline/exchange.js';
import {
  fakeClock,
  fakeTimers,
  makeExchange,
  makeRequest,
  recordingHandler,
  type ScriptedCall,
  scriptedDispatch,
} from '../../pipeline/testing/harness.js';
import { makeRoute, makeServices, silentRoute } from '../../pipeline/testing/specs.js';
import { hedge } from '../hedge.js';

export const AFTER_MS = 50;
/** After AFTER_MS, with a budget that is never spent. */
export const fixed: HedgeSpec = { after: { kind: 'fixed', ms: AFTER_MS }, budgetShare: 0, budgetFloorPerS: 1_000 };
export const learnt: HedgeSpec = {
  ...fixed,
  after: { kind: 'adaptive', quantile: 0.95, factor: 1, minMs: 5, maxMs: 10_000, coldMs: 200 },
};

export function hedged(spec: HedgeSpec = fixed, ...steps: readonly ((call: ScriptedCall) => void)[]) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const decided: Decision[] = [];
  const services = makeServices({
    clock,
    timers,
    observer: {
      route: () => silentRoute,
      timerFired: () => {},
      joined: () => {},
      decided: (decision) => decided.push(decision),
    },
  });
  const layer = hedge(makeRoute({ hedge: spec }), services);
  if (layer === null) throw new Error('a route that asks for hedges has the layer');
  const bottom = scriptedDispatch(...steps);
  // Keeps the record that the attempt layer keeps.
  const dispatch = compose([layer], (request, handler) => {
    request.exchange.attempts.push(createAttempt(`target-${bottom.calls.length}`, clock.nowMs(), request.cause));
    return bottom.dispatch(request, handler);
  });
  const call = (index: number): ScriptedCall => {
    const made = bottom.calls[index];
    if (made === undefined) throw new Error(`attempt ${index} was not made`);
    return made;
  };
  const send = (overrides: Partial<GatewayRequest> = {}) => {
    const handler = recordingHandler();
    const request = makeRequest({ exchange: makeExchange(), ...overrides });
    const cancel = dispatch(request, handler);
    return { handler, cancel, exchange: request.exchange };
  };
  return { clock, timers, decided, bottom, call, send };
}
