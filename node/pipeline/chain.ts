/**
 * What happens to every request of a route, in order. Reading order is request order: outermost first.
 *
 * A place in the chain is a function from a route to its layer, or to null when the route needs none; what a route
 * does not need costs it nothing. Responses and failures pass the same list from the bottom up.
 */
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { addresses } from '../layers/addresses.js';
import { answerFailure } from '../layers/answer-failure.js';
import { attempt } from '../layers/attempt.js';
import { authenticate } from '../layers/authenticate.js';
import { balance } from '../layers/balance.js';
import { bodyLimit } from '../layers/body-limit.js';
import { cors } from '../layers/cors.js';
import { deadline } from '../layers/deadline.js';
import { forward } from '../layers/forward.js';
import { hopFields } from '../layers/hop-fields.js';
import { limitCallers, limitConsumers } from '../layers/limit.js';
import { observe } from '../layers/observe.js';
import { redirect } from '../layers/redirect.js';
import { respond } from '../layers/respond.js';
import { rewrite } from '../layers/rewrite.js';
import { trace } from '../layers/trace.js';
import { transformRequest } from '../layers/transform-request.js';
import { transformResponse } from '../layers/transform-response.js';
import { upgradeGate } from '../layers/upgrade-gate.js';
import { compose, type Dispatch, guardedBy, type Layer } from './dispatch.js';
import type { ChainServices } from './services.js';

export type Place = (route: RouteSpec, services: ChainServices) => Layer | null;

export const chain: readonly Place[] = [
  observe, // outermost: counts, logs and traces whatever comes out of the rest
  trace, // before anything can fail, so that failures have a trace id
  answerFailure, // turns a failure into an answer; what is above sees only answers, what is below only failures
  transformResponse, // outside all that answers or fails below, so that edits reach that as well
  cors, // likewise: a browser may read a 504 only with its fields; preflights carry no credentials and end here
  deadline, // the clock runs from here; all that follows is inside `total`
  addresses, // the cheapest refusal first
  hopFields, // before any layer writes request fields, so that a client can't name those for removal
  limitCallers, // above authenticate: whoever guesses credentials is limited, too
  authenticate,
  limitConsumers, // below authenticate, which says who the consumer is
  bodyLimit,
  upgradeGate, // a WebSocket that the route does not allow ends here; one that it does gets its idle limit
  redirect,
  respond, // the end of the chain for a route that answers by itself
  rewrite,
  transformRequest, // behind rewrite: what the route sets is what the upstream gets
  balance, // picks the target
  forward, // below balance: Host and the remaining budget depend on the target and on the moment
  attempt, // all timers of one attempt; right above the transport, whose phases it hears
];

/** The bottom of every chain: the pool and transport of the target that balance has picked. */
const sendToTarget: Dispatch = (request, handler) => {
  if (request.target === null) throw new Error('a request reached the bottom of its chain without a target');
  return request.target.dispatch(request, handler);
};

export function compileChain(route: RouteSpec, services: ChainServices): Dispatch {
  const layers = chain.map((place) => place(route, services)).filter((layer) => layer !== null);
  return compose(layers, sendToTarget, guardedBy(services.onBug));
}

/** What a request passes that no route takes: it is counted, traced and answered like any other. */
const refusalChain: readonly Place[] = [observe, trace, answerFailure];

/** Stands for "no route" in metrics and logs, under the empty id. */
const unmatchedRoute: RouteSpec = {
  id: '',
  match: { hosts: [], path: { kind: 'prefix', prefix: '/' }, methods: [], headers: [], query: [] },
  action: { kind: 'respond', status: 404, headers: [], body: '' },
  timeouts: {
    ...{ totalMs: 0, queueMs: 0, connectMs: 0, tlsMs: 0, sendMs: 0, firstByteMs: 0, idleMs: 0, attemptMs: 0 },
    ...{ firstByteLearnt: null, attemptLearnt: null },
  },
  requestHeaders: { remove: [], set: [], add: [] },
  responseHeaders: { remove: [], set: [], add: [] },
  cors: null,
  addresses: null,
  auth: [],
  limits: [],
  bodyBytesMax: 0,
  websocket: null,
  priority: { level: 'default', header: null },
  retry: null,
  hedge: null,
  protectBytes: 0,
  fallback: [],
  shown: { serverTiming: false, attempts: false },
};

export function compileRefusalChain(services: ChainServices, bottom: Dispatch): Dispatch {
  const layers = refusalChain.map((place) => place(unmatchedRoute, services)).filter((layer) => layer !== null);
  return compose(layers, bottom, guardedBy(services.onBug));
}
