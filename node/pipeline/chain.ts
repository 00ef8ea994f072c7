/**
 * What happens to every request of a route, in order. Reading order is request order: outermost first.
 *
 * A place in the chain is a function from a route to its layer, or to null when the route needs none; what a route
 * does not need costs it nothing. Responses and failures pass the same list from the bottom up.
 */
import { matchablePath } from '@weir/proto/http/request-path.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { jobAddress } from '../jobs/job-id.js';
import { asksOthers } from '../jobs/job-limits.js';
import { addresses } from '../layers/addresses.js';
import { admit } from '../layers/admit.js';
import { ai } from '../layers/ai.js';
import { answerFailure } from '../layers/answer-failure.js';
import { attempt } from '../layers/attempt.js';
import { authenticate } from '../layers/authenticate.js';
import { balance } from '../layers/balance.js';
import { batch } from '../layers/batch.js';
import { bodyLimit } from '../layers/body-limit.js';
import { cache } from '../layers/cache.js';
import { callOut } from '../layers/call-out.js';
import { coalesce } from '../layers/coalesce.js';
import { compose as composeAnswers } from '../layers/compose.js';
import { compress } from '../layers/compress.js';
import { convert } from '../layers/convert.js';
import { cors } from '../layers/cors.js';
import { deadline } from '../layers/deadline.js';
import { fallback } from '../layers/fallback.js';
import { forward } from '../layers/forward.js';
import { gather } from '../layers/gather.js';
import { handOver } from '../layers/hand-over.js';
import { hedge } from '../layers/hedge.js';
import { hold } from '../layers/hold.js';
import { holdToContract } from '../layers/hold-to-contract.js';
import { hopFields } from '../layers/hop-fields.js';
import { jobResource, shownJobPath } from '../layers/job-resource.js';
import { limitCallers, limitConsumers } from '../layers/limit.js';
import { mask } from '../layers/mask.js';
import { mcp } from '../layers/mcp.js';
import { mock } from '../layers/mock.js';
import { observe } from '../layers/observe.js';
import { ownCookies } from '../layers/own-cookies.js';
import { persisted } from '../layers/persisted.js';
import { purge } from '../layers/purge.js';
import { redirect } from '../layers/redirect.js';
import { respond } from '../layers/respond.js';
import { retry } from '../layers/retry.js';
import { rewrite } from '../layers/rewrite.js';
import { select } from '../layers/select.js';
import { show } from '../layers/show.js';
import { tag } from '../layers/tag.js';
import { trace } from '../layers/trace.js';
import { transformRequest } from '../layers/transform-request.js';
import { transformResponse } from '../layers/transform-response.js';
import { upgradeGate } from '../layers/upgrade-gate.js';
import { JOBS_ROUTE_ID } from '../observe/observer.js';
import { withPath } from './derived-request.js';
import { compose, type Dispatch, guardedBy, type Layer } from './dispatch.js';
import type { ChainServices } from './services.js';

export type Place = (route: RouteSpec, services: ChainServices) => Layer | null;

/** How an upstream is asked. A fallback asks another one in the same way. */
const asking: readonly Place[] = [
  gather, // above admit: who has not sent his small body yet needs no place, no target and no connection
  admit, // one place at the upstream for all that is tried below
  retry, // outside hedge: what is tried again may be hedged again
  hedge, // two attempts at once; the first answer that hold lets pass wins
  hold, // inside of both, so that a body that stalls or breaks is a failure that they can still act on
  balance, // picks the target, anew for each attempt
  forward, // below balance: Host and the remaining budget depend on the target and on the moment
  attempt, // all timers of one attempt; right above the transport, whose phases it hears
];

/** How the provider of a model is asked: the same, but that it is told nothing of the client. */
const askingProvider: readonly Place[] = asking.map((place) => (place === forward ? callOut : place));

const askModels: Place = (route, services) => ai(compileAskingProvider)(route, services);

const fallBack: Place = (route, services) => fallback(compileAsking)(route, services);

/** What a client waits for, and a job goes on with when it waits no longer. */
const answering: readonly Place[] = [
  deadline, // the clock runs from here; all that follows is inside `total`
  addresses, // the cheapest refusal first
  hopFields, // before any layer writes request fields, so that a client can't name those for removal
  limitCallers, // above authenticate: whoever guesses credentials is limited, too
  authenticate,
  limitConsumers, // below authenticate, which says who the consumer is
  bodyLimit,
  purge, // below authenticate, for it is not for everybody; a PURGE of what is cached ends here
  upgradeGate, // a WebSocket that the route does not allow ends here; one that it does gets its idle limit
  holdToContract, // below authenticate: strangers learn nothing of what a body should look like; above all that answers
  compress, // outside all that answers below; inside authenticate and limits, for what they say is short
  select, // inside compress: what is compressed is what was selected; outside the cache, which has the whole once
  redirect,
  mock,
  respond, // the end of the chain for a route that answers by itself
  askModels, // likewise for one that answers by models: it asks their upstreams by chains of their own
  mcp, // and for one that offers tools: each call goes through the whole chain of another route
  batch, // and for one that takes several requests as one: each of them does
  cache, // above rewrite: a key is the URL that clients use; what is below may run for several of them, or for none
  tag, // below the cache: what is stored has an entity tag, and is confirmed by it
  mask, // below the cache: what is stored is masked, once; below tag, whose tags are of what is sent
  persisted, // below tag, which knows GET alone: what is asked by a name goes on as POST
  convert, // below the cache: an answer is changed once; above retry, whose attempts send what it has made
  rewrite,
  transformRequest, // behind rewrite: what the route sets is what the upstream gets
  composeAnswers, // the end for a route that is made of others, below the cache: the whole is kept like any answer
  fallBack, // when nothing below could help: another upstream, an answer of our own, a redirect
  coalesce, // requests for one item each become one for all: each has its own cache, deadline and fallback above
  ...asking,
];

const handOverToJob: Place = (route, services) => handOver(compileAnswering)(route, services);

export const chain: readonly Place[] = [
  observe, // outermost: counts, logs and traces whatever comes out of the rest
  trace, // before anything can fail, so that failures have a trace id
  ownCookies, // outside of all that a team may write into a route
  answerFailure, // turns a failure into an answer; what is above sees only answers, what is below only failures
  transformResponse, // outside all that answers or fails below, so that edits reach that as well
  cors, // likewise: a browser may read a 504 only with its fields; preflights carry no credentials and end here
  show, // what was tried below, on answers and failures alike
  handOverToJob, // outside deadline: the client's wait may end while what is below goes on, under a deadline of its own
  ...answering,
];

/** The bottom of every chain: the pool and transport of the target that balance has picked. */
const sendToTarget: Dispatch = (request, handler) => {
  if (request.target === null) throw new Error('a request reached the bottom of its chain without a target');
  return request.target.dispatch(request, handler);
};

export function compileChain(route: RouteSpec, services: ChainServices): Dispatch {
  return compilePlaces(chain, route, services);
}

function compileAsking(route: RouteSpec, services: ChainServices): Dispatch {
  return compilePlaces(asking, route, services);
}

function compileAskingProvider(route: RouteSpec, services: ChainServices): Dispatch {
  return compilePlaces(askingProvider, route, services);
}

function compileAnswering(route: RouteSpec, services: ChainServices): Dispatch {
  return compilePlaces(answering, route, services);
}

function compilePlaces(places: readonly Place[], route: RouteSpec, services: ChainServices): Dispatch {
  const layers = places.map((place) => place(route, services)).filter((layer) => layer !== null);
  return compose(layers, sendToTarget, guardedBy(services.onBug));
}

/** What a request for a job passes before its route is known, and then of its route. */
const jobChain: readonly Place[] = [observe, trace, answerFailure];
const jobAccess: readonly Place[] = [
  transformResponse, // a result was kept as it came from the upstream; the route's edits reach it here
  cors,
  addresses,
  hopFields,
  limitCallers, // or a job of one's own would be a place to guess the credentials of others
  authenticate,
];

/** Takes what is below the prefix of jobs. Where no route makes any, there is none to be found. */
export function compileJobChain(routes: readonly RouteSpec[], services: ChainServices): Dispatch {
  const making = routes.filter((route) => route.async !== null && asksOthers(route));
  const { prefix } = services.gateway.jobs;
  const guard = guardedBy(services.onBug);
  const layersOf = (places: readonly Place[], route: RouteSpec): readonly Layer[] =>
    places.map((place) => place(route, services)).filter((layer) => layer !== null);
  const access = new Map(making.map((route) => [route.id, layersOf(jobAccess, route)]));
  const above = layersOf(jobChain, { ...unmatchedRoute, id: JOBS_ROUTE_ID });
  return (request, handler) => {
    const address = jobAddress(prefix, matchablePath(request.path) ?? '');
    const resource = jobResource(
      address,
      (routeId) => {
        const layers = access.get(routeId);
        return layers === undefined ? undefined : (bottom) => compose(layers, bottom, guard);
      },
      services,
    );
    request.exchange.routeId = JOBS_ROUTE_ID;
    return compose(above, resource, guard)(withPath(request, shownJobPath(prefix, address)), handler);
  };
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
  contract: null,
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
  async: null,
  cache: null,
  coalesce: null,
  shown: { serverTiming: false, attempts: false },
};

export function compileRefusalChain(services: ChainServices, bottom: Dispatch): Dispatch {
  const layers = refusalChain.map((place) => place(unmatchedRoute, services)).filter((layer) => layer !== null);
  return compose(layers, bottom, guardedBy(services.onBug));
}
