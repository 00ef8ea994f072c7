import type { RouteSpec, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLimiterStore } from '../limit/limiter-store.js';
import { atOnce } from '../time/slices.js';
import type { Upstream, Upstreams } from '../upstream/upstreams.js';
import { compileChain } from './chain.js';
import { type Dispatch, nothingToCancel } from './dispatch.js';
import { KeptChains } from './kept-chains.js';
import { compileSnapshot, compiling } from './runtime.js';
import type { ChainServices } from './services.js';
import { makeExchange, makeRequest, recordingHandler } from './testing/harness.js';
import { makeGateway, makeRoute, makeServices, makeUpstream } from './testing/specs.js';

const upstream = (id: string): Upstream => makeUpstream([], { id });
const upstreamsOf = (...all: readonly Upstream[]): Upstreams => ({
  get: (id) => all.find(({ spec }) => spec.id === id),
});
const proxying = (id: string, to: string, more: Partial<RouteSpec> = {}): RouteSpec =>
  makeRoute({ ...more, id, action: { kind: 'proxy', upstream: to, rewrite: null } });

const snapshotOf = (routes: readonly RouteSpec[]): Snapshot => ({
  ...{ format: 7, ai: null, version: 1, createdWallMs: 0, gateway: makeGateway() },
  ...{ upstreams: [], routes, consumers: [], contracts: [] },
});

function answerOf(dispatch: Dispatch, path: string): readonly unknown[] {
  const handler = recordingHandler();
  dispatch(makeRequest({ path, exchange: makeExchange() }), handler);
  return [handler.status, handler.text()];
}

/** Compiles for real, and tells of which. */
function kept() {
  const compiled: string[] = [];
  const chains = new KeptChains((route, services) => {
    compiled.push(route.id);
    return compileChain(route, services);
  });
  const apply = (routes: readonly RouteSpec[], services: ChainServices): readonly Dispatch[] => {
    compiled.length = 0;
    const begun = chains.begin(services);
    const made = routes.map((route) => begun.of(structuredClone(route), services));
    chains.use(begun);
    return made;
  };
  return { chains, compiled, apply };
}

describe('chains', () => {
  const [a, b] = [upstream('a'), upstream('b')];
  const base = makeServices({ upstreams: upstreamsOf(a, b), observer: makeServices().observer });
  const routes = [proxying('one', 'a'), proxying('two', 'b'), proxying('three', 'a')];

  it('go on where nothing has changed, and are compiled anew where their route has', () => {
    const { compiled, apply } = kept();
    const before = apply(routes, base);
    expect(compiled).toEqual(['one', 'two', 'three']);
    const [one, two, three] = apply(
      routes.map((route) => (route.id === 'two' ? { ...route, bodyBytesMax: 7 } : route)),
      { ...base, upstreams: upstreamsOf(a, b), gateway: makeGateway() },
    );
    expect(compiled).toEqual(['two']);
    expect([one, three]).toEqual([before[0], before[2]]);
    expect(two).not.toBe(before[1]);
  });

  it('are those of the upstream that is in force', () => {
    const { compiled, apply } = kept();
    apply(routes, base);
    apply(routes, { ...base, upstreams: upstreamsOf(upstream('a'), b) });
    expect(compiled).toEqual(['one', 'three']);
  });

  it('go on unasked where routes, upstreams, gateway and credentials are the very same, as long as no secret is another', () => {
    const { chains, compiled } = kept();
    const told = proxying('told', 'a', {
      requestHeaders: { remove: [], set: [['x-secret', { env: 'NAME' } as never]], add: [] },
    });
    const snapshot = snapshotOf([...routes, told]);
    let asked = 0;
    const counted = {
      get: (id: string) => {
        asked += 1;
        return base.upstreams.get(id);
      },
    };
    const apply = (of: Snapshot, more: Partial<ChainServices> = {}): readonly [string[], number] => {
      compiled.length = 0;
      asked = 0;
      const services = { ...base, upstreams: counted, gateway: of.gateway, reveal: () => 'old', ...more };
      const begun = chains.begin(services);
      atOnce(compiling(of, services, begun));
      chains.use(begun);
      return [[...compiled], asked];
    };
    expect(apply(snapshot)[0].length).toBe(4);
    expect(apply({ ...snapshot, version: 2, gateway: makeGateway() })).toEqual([[], 0]);
    expect(apply({ ...snapshot, version: 3 }, { reveal: () => 'new' })[0]).toEqual(['told']);
    expect(apply({ ...snapshot, version: 4 }, { reveal: () => 'new' })).toEqual([[], 0]);
    const [isCompiled, times] = apply({ ...snapshot, routes: [...snapshot.routes] }, { reveal: () => 'new' });
    expect([isCompiled, times > 0]).toEqual([[], true]);
    expect(apply(snapshot, { reveal: () => 'new', upstreams: upstreamsOf(upstream('a'), b) })[0]).toEqual(
      expect.arrayContaining(['one', 'three']),
    );
  });

  it('of a refused snapshot are not those of the next', () => {
    const { chains, compiled, apply } = kept();
    const before = apply(routes, base);
    chains.begin({ ...base, upstreams: upstreamsOf(b) }).of(routes[1] ?? makeRoute(), base);
    expect(apply(routes, base)).toEqual(before);
    expect(compiled).toEqual([]);
  });

  it('are all new for another gateway', () => {
    const { compiled, apply } = kept();
    apply(routes, base);
    apply(routes, { ...base, gateway: makeGateway({ trustedProxies: ['10.0.0.0/8'] }) });
    expect(compiled).toEqual(['one', 'two', 'three']);
  });

  it('follow the consumers where they look at them, and only there', () => {
    const { compiled, apply } = kept();
    const asking = proxying('asking', 'a', {
      auth: [{ kind: 'apiKey', in: ['bearer'], consumers: [], hide: false }],
    });
    const credentials = { ...base.credentials, admits: () => () => true };
    apply([...routes, asking], { ...base, credentials });
    apply([...routes, asking], { ...base, credentials: { ...credentials } });
    expect(compiled).toEqual(['asking']);
  });

  it('follow secrets whose text has not changed', () => {
    const { compiled, apply } = kept();
    const told = proxying('told', 'a', {
      requestHeaders: { remove: [], set: [['x-secret', { env: 'NAME' } as never]], add: [] },
    });
    apply([told], { ...base, reveal: () => 'old' });
    apply([told], { ...base, reveal: () => 'old' });
    expect(compiled).toEqual([]);
    apply([told], { ...base, reveal: () => 'new' });
    expect(compiled).toEqual(['told']);
  });

  it('with a limit that the node has forgotten begin anew, and one in force is not forgotten first', () => {
    const limits: RouteSpec['limits'] = [
      { kind: 'rate', requests: 1, periodMs: 1_000, burst: 1, by: 'route', mode: 'local', keys: 1, redis: null },
    ];
    const { compiled, apply } = kept();
    const services = { ...base, limiters: createLimiterStore({ limitersMax: 2 }) };
    const limited = proxying('limited', 'a', { limits });
    apply([limited], services);
    // Each is the newest by turns; the one in force is asked for again each time.
    for (const id of ['x', 'y', 'z']) {
      apply([limited, proxying(id, 'a', { limits })], services);
      expect(compiled).toEqual([id]);
    }
    for (const id of ['p', 'q']) compileChain(proxying(id, 'a', { limits }), services);
    apply([limited], services);
    expect(compiled).toEqual(['limited']);
  });

  it('that are made of what is compiled for a snapshot are made anew, once each, of its own services', () => {
    const { apply } = kept();
    const asked: ChainServices[] = [];
    const composers: NonNullable<ChainServices['composers']> = {
      batch: (_route: RouteSpec, _spec: unknown, services: ChainServices): Dispatch => {
        asked.push(services);
        return () => nothingToCancel;
      },
    } as never; // A route of this kind asks for nothing else.
    const batch = makeRoute({ id: 'batch', action: { kind: 'batch' } as never });
    const snapshots: readonly ChainServices[] = [
      { ...base, composers },
      { ...base, composers },
    ];
    for (const services of snapshots) apply([batch], services);
    expect(asked.map((services) => snapshots.indexOf(services))).toEqual([0, 1]);
  });

  it('are given all services, also by a layer that adds to them for those below it', () => {
    const given: ChainServices[] = [];
    const chains = new KeptChains((_route, services) => {
      given.push({ ...services, random: () => 0.5 });
      return () => nothingToCancel;
    });
    chains.begin(base).of(proxying('one', 'a'), base);
    const [spread] = given;
    expect([spread?.credentials, spread?.gateway, spread?.random()]).toEqual([base.credentials, base.gateway, 0.5]);
    expect(Object.keys(base).filter((name) => !Object.hasOwn(spread ?? {}, name))).toEqual([]);
  });

  it('answer what chains answer that are all compiled anew, whatever snapshots came before', () => {
    const change = fc.record({
      routes: fc.uniqueArray(fc.constantFrom('one', 'two', 'three', 'four'), { minLength: 1 }),
      status: fc.constantFrom(200, 204),
      body: fc.constantFrom('a', 'b'),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        const services = makeServices();
        const keeper = new KeptChains(compileChain);
        for (const { routes: ids, status, body } of changes) {
          const routesNow = ids.map((id) =>
            makeRoute({
              id,
              match: { ...makeRoute().match, path: { kind: 'exact', path: `/${id}` } },
              action: {
                kind: 'respond',
                status: id === 'one' ? status : 200,
                headers: [],
                body: id === 'two' ? body : id,
              },
            }),
          );
          const snapshot = snapshotOf(routesNow);
          const begun = keeper.begin(services);
          const dispatch = atOnce(compiling(snapshot, services, begun));
          keeper.use(begun);
          for (const path of ['/one', '/two', '/three', '/four'])
            expect(answerOf(dispatch, path)).toEqual(answerOf(compileSnapshot(snapshot, services), path));
        }
      }),
      { numRuns: 25 },
    );
  });
});
