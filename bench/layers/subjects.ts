/** Everything that `bench layers` measures, by name. A subject is made in the process that measures it. */
import { Advisor } from '@weir/node/doctor/advice/advisor.js';
import { cache } from '@weir/node/layers/cache.js';
import { limitConsumers } from '@weir/node/layers/limit.js';
import { chain, compileChain, type Place } from '@weir/node/pipeline/chain.js';
import { compose, type Dispatch, type GatewayRequest } from '@weir/node/pipeline/dispatch.js';
import { createExchange } from '@weir/node/pipeline/exchange.js';
import { compileSnapshot } from '@weir/node/pipeline/runtime.js';
import { compileMatcher } from '@weir/node/route/router.js';
import { systemClock } from '@weir/node/time/system-clock.js';
import { TimerWheel } from '@weir/node/time/wheel.js';
import { headerValue, type MutableHeaderList } from '@weir/proto/http/headers.js';
import { ANY_NAME } from '@weir/proto/http/name-sketch.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import {
  bareRoute,
  cachedRoute,
  carefulRoute,
  carelessRoute,
  manyRoutes,
  openServices,
  policiesRoute,
  richRoute,
  type Services,
} from './fixtures.js';
import { keyMakers } from './key-subjects.js';
import { sharedLimiters } from './shared-limits.js';
import type { Work } from './stopwatch.js';
import { answerAtOnce, answerFresh, driving, requestHeaders, target } from './surroundings.js';

export interface Subject {
  readonly work: Work;
  /** Awaited between two slices of the work. */
  pause(): Promise<void>;
  end(): Promise<void>;
}

/** What every layer and chain is measured in, measured by itself. */
export const BASELINE = 'surroundings';

/** The same route with nothing and with everything that is there for bad upstreams. */
export const CARELESS = 'chain: nothing for bad upstreams';
export const CAREFUL = 'chain: all for bad upstreams';

const PATHS = ['/orders/42', '/orders/7/items'];

type Make = (services: Services) => Work | Promise<Work>;

/** A layer between the listener's request and a bottom that answers. A layer that the route does not need is left out. */
const layerAlone =
  (place: Place, route: RouteSpec): Make =>
  (services) => {
    const layer = place(route, services.chain);
    return driving(layer === null ? answerAtOnce : compose([layer], answerAtOnce), PATHS, target);
  };

/** Two layers end the chain of a route that answers by itself; the others are given a route that needs them all. */
const endings: Readonly<Record<string, RouteSpec['action']>> = {
  redirect: { kind: 'redirect', status: 308, location: 'https://api.example.com/v2/orders' },
  respond: { kind: 'respond', status: 200, headers: ['content-type', 'text/plain'], body: 'ok' },
};

function routeFor(place: Place): RouteSpec {
  const action = endings[place.name];
  return action === undefined ? richRoute : { ...richRoute, action };
}

/** From the second request of a path on, nothing reaches the bottom. */
const cacheHit: Make = (services) => {
  const layer = cache(cachedRoute, services.chain);
  if (layer === null) throw new Error('a route with a cache has the layer');
  const work = driving(compose([layer], answerFresh), PATHS, target);
  work(PATHS.length);
  const { bytes, fetches } = services.chain.cache.counts();
  if (bytes === 0 || fetches > 0) throw new Error('the answers were not stored');
  return work;
};

const wholeChain =
  (route: RouteSpec): Make =>
  (services) =>
    driving(compileChain(route, services.chain), PATHS, null);

/** The route's limit as a node of four counts it. */
const sharedLimit: Make = async (services) => {
  const limiters = await sharedLimiters(services.chain.timers);
  const layer = limitConsumers(richRoute, { ...services.chain, limiters });
  if (layer === null) throw new Error('the route has a limit by consumer');
  return driving(compose([layer], answerAtOnce), PATHS, target);
};

/** Of as many requests at once as never come. */
const concurrentLimit: Make = async (services) => {
  const limiters = await sharedLimiters(services.chain.timers);
  const route: RouteSpec = {
    ...richRoute,
    limits: [{ kind: 'concurrent', requests: 1_000_000, by: 'consumer', mode: 'shared' }],
  };
  const layer = limitConsumers(route, { ...services.chain, limiters });
  if (layer === null) throw new Error('the route has a limit by consumer');
  return driving(compose([layer], answerAtOnce), PATHS, target);
};

/** The same from the listener's request to its answer. */
const hitInChain: Make = (services) => {
  const origin = services.chain.upstreams.get(target.upstreamId);
  if (origin === undefined) throw new Error('the upstream of the target is there');
  const fresh = { ...origin, targets: [{ ...target, dispatch: answerFresh }] };
  const upstreams = new Map([[target.upstreamId, fresh]]);
  const work = driving(compileChain(cachedRoute, { ...services.chain, upstreams }), PATHS, null);
  work(PATHS.length);
  if (services.chain.cache.counts().bytes === 0) throw new Error('the answers were not stored');
  return work;
};

/** Routes of other shapes, so that every call from layer to layer has been seen to lead to many places. */
function otherShapes(): RouteSpec[] {
  const { auth, limits, addresses, cors, requestHeaders: request, responseHeaders: response } = richRoute;
  const shapes: Partial<RouteSpec>[] = [
    { auth },
    { limits },
    { addresses },
    { cors },
    { requestHeaders: request },
    { responseHeaders: response },
    { auth, cors },
    { limits, addresses, responseHeaders: response },
    { auth, limits, cors, addresses, requestHeaders: request, responseHeaders: response },
  ];
  return shapes.map((shape, index) => ({ ...bareRoute, ...shape, id: `other-${index}` }));
}

/** Requests to each of the other shapes before the one that is measured. */
const OTHER_REQUESTS = 20_000;
const OTHER_SLICE = 500;

const afterOthers: Make = async (services) => {
  for (const route of otherShapes()) {
    const work = driving(compileChain(route, services.chain), PATHS, null);
    for (let done = 0; done < OTHER_REQUESTS; done += OTHER_SLICE) {
      work(OTHER_SLICE);
      await services.settle();
    }
  }
  return wholeChain(policiesRoute)(services);
};

const routed =
  (count: number): Make =>
  (services) => {
    const dispatch: Dispatch = compileSnapshot(services.snapshotOf(manyRoutes(count)), services.chain);
    return driving(dispatch, pathsAmong(count), null);
  };

/** Paths that lead to routes all over the table. */
const pathsAmong = (count: number): string[] =>
  Array.from({ length: 8 }, (_, index) => `/service-${Math.floor((index * count) / 8)}/orders/${index}`);

const matching =
  (count: number): Make =>
  () => {
    const find = compileMatcher(manyRoutes(count).map((route) => ({ route, target: route.id })));
    const lines = pathsAmong(count).map((path) => ({
      method: 'GET',
      path,
      query: '',
      authority: 'api.example.com',
      headers: requestHeaders,
    }));
    return (iterations) => {
      let found = 0;
      for (let i = 0; i < iterations; i += 1) {
        const line = lines[i % lines.length];
        const match = line === undefined ? 'bad_request' : find(line);
        if (typeof match !== 'string' && 'target' in match) found += 1;
      }
      if (found !== iterations) throw new Error(`${iterations - found} requests found no route`);
    };
  };

const wheelWork: Make = () => {
  const wheel = new TimerWheel(systemClock);
  return (iterations) => {
    let fired = 0;
    for (let i = 0; i < iterations; i += 1) {
      const timer = wheel.create(() => {
        fired += 1;
      });
      timer.arm(1_000 + (i % 30_000));
      timer.cancel();
    }
    if (fired + wheel.armed !== 0) throw new Error('a timer that was cancelled is still there');
  };
};

const buildHeaders: Make = () => (iterations) => {
  let built = 0;
  for (let i = 0; i < iterations; i += 1) {
    const list: MutableHeaderList = [];
    for (let at = 0; at < requestHeaders.length; at += 2) {
      const name = requestHeaders[at];
      const value = requestHeaders[at + 1];
      if (name !== undefined && value !== undefined && name !== 'connection') list.push(name, value);
    }
    list.push('via', '1.1 weir', 'x-forwarded-for', '192.0.2.10');
    built += list.length;
  }
  if (built === 0 && iterations > 0) throw new Error('no list was built');
};

/** What the doctor's advice costs a request of a client that never rests: the count to the next look, and the look-up of who is followed. */
const advised: Make = () => {
  const route = new Advisor({ clock: systemClock, random: Math.random }).route('all');
  const origin = {
    id: '',
    scheme: 'http',
    peerAddress: '192.0.2.1',
    clientAddress: '192.0.2.1',
    peerTrusted: false,
  } as const;
  const exchange = createExchange({ ...origin, receivedAtMs: 0, receivedWallMs: 0 });
  exchange.status = 200;
  const line = { method: 'GET', path: '/orders/42', query: '', authority: 'api.example.com', headers: requestHeaders };
  const request: GatewayRequest = { ...line, names: ANY_NAME, body: null, target: null, exchange };
  const head = { status: 200, headers: ['content-type', 'application/json'], lengthBytes: 0, resume: () => {} };
  return (iterations) => {
    for (let i = 0; i < iterations; i += 1) {
      exchange.headersAtMs = systemClock.nowMs();
      exchange.endedAtMs = exchange.headersAtMs;
      route.look(request, head)?.ended(true);
      route.ended(request);
    }
  };
};

const findHeader: Make = () => (iterations) => {
  let found = 0;
  for (let i = 0; i < iterations; i += 1) {
    if (headerValue(requestHeaders, i % 2 === 0 ? 'x-api-key' : 'x-absent') !== undefined) found += 1;
  }
  if (found !== Math.ceil(iterations / 2)) throw new Error('a field was not found');
};

const makers: ReadonlyMap<string, Make> = new Map([
  [BASELINE, () => driving(answerAtOnce, PATHS, target)],
  ...chain.map((place): [string, Make] => [`layer: ${place.name}`, layerAlone(place, routeFor(place))]),
  ...keyMakers(policiesRoute),
  ['cache: hit', cacheHit],
  ['limit: shared by four nodes', sharedLimit],
  ['limit: at once, shared by four nodes', concurrentLimit],
  ['chain: bare', wholeChain(bareRoute)],
  ['chain: bare, a hit of the cache', hitInChain],
  [CARELESS, wholeChain(carelessRoute)],
  [CAREFUL, wholeChain(carefulRoute)],
  ['chain: policies', wholeChain(policiesRoute)],
  ['chain: policies, after others', afterOthers],
  ['chain: policies, behind 10 routes', routed(10)],
  ['chain: policies, behind 1000 routes', routed(1_000)],
  ['router: 10 routes', matching(10)],
  ['router: 1000 routes', matching(1_000)],
  ['timer: create, arm, cancel', wheelWork],
  ['advice: a look and a call', advised],
  ['headers: build a list of 10', buildHeaders],
  ['headers: look one up of 9', findHeader],
]);

export const subjectNames = (): string[] => [...makers.keys()];

/** The subjects in which lines are logged; a bare chain goes without. */
const isLogged = (name: string): boolean => name === 'layer: observe' || name.startsWith('chain: policies');

export async function subjectNamed(name: string): Promise<Subject> {
  const make = makers.get(name);
  if (make === undefined) throw new Error(`there is no subject called ${name}`);
  const services = await openServices(isLogged(name));
  return { work: await make(services), pause: () => services.settle(), end: () => services.close() };
}
