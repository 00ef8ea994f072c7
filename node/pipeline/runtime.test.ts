import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { JOBS_ROUTE_ID } from '../observe/observer.js';
import { inSlices } from '../time/slices.js';
import type { GatewayRequest } from './dispatch.js';
import { compileSnapshot, compiling } from './runtime.js';
import { fakeClock, makeExchange, makeRequest, recordingHandler } from './testing/harness.js';
import { makeGateway, makeRoute, makeServices } from './testing/specs.js';

const routes = Array.from({ length: 40 }, (_, i) =>
  makeRoute({
    id: `r${i}`,
    match: { ...makeRoute().match, path: { kind: 'exact', path: `/${i}` } },
    action: { kind: 'respond', status: 200, headers: [], body: `${i}` },
  }),
);
const snapshot: Snapshot = {
  ...{ format: 7, ai: null, version: 1, createdWallMs: 0, gateway: makeGateway() },
  ...{ upstreams: [], routes, consumers: [], contracts: [] },
};

it('compiles every route, and lets others have their turn every few milliseconds', async () => {
  const clock = fakeClock();
  const tickingMs = 1;
  const ticking = {
    ...clock,
    nowMs: () => {
      clock.advance(tickingMs);
      return clock.nowMs();
    },
  };
  const turns: number[] = [];
  const services = makeServices({ clock: ticking });
  const dispatch = await inSlices(compiling(snapshot, services), ticking, async () => turns.push(clock.nowMs()));
  expect(turns.length).toBeGreaterThan(4);
  const stretches = turns.slice(1).map((atMs, i) => atMs - (turns[i] ?? 0));
  expect(Math.max(...stretches)).toBeLessThan(10);
  for (const [i] of routes.entries()) {
    const handler = recordingHandler();
    dispatch(makeRequest({ path: `/${i}`, exchange: makeExchange() }), handler);
    expect([handler.status, handler.text()]).toEqual([200, `${i}`]);
  }
});

it('takes one turn for what is compiled at once', async () => {
  let turns = 0;
  await inSlices(compiling(snapshot, makeServices()), fakeClock(), async () => {
    turns += 1;
  });
  expect(turns).toBe(0);
});

describe('a path of jobs', () => {
  const id = `${'0'.repeat(16)}-${'a'.repeat(32)}`;
  const answering = makeRoute({
    ...{ id: 'all', action: { kind: 'respond', status: 200, headers: [], body: 'the route' } },
  });

  async function answerTo(path: string) {
    const shown: string[] = [];
    const route = () => ({
      started: () => {},
      ended: (request: GatewayRequest) => void shown.push(request.path),
      reused: () => {},
      jobEnded: () => {},
      fetchEnded: () => {},
      stored: () => {},
      notStored: () => {},
    });
    const services = makeServices();
    const observer = { ...services.observer, route };
    const dispatch = compileSnapshot({ ...snapshot, routes: [answering] }, { ...services, observer });
    const handler = recordingHandler();
    const exchange = makeExchange();
    dispatch(makeRequest({ path, exchange }), handler);
    for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
    return { handler, exchange, shown };
  }

  it.each([
    `/.weir/jobs/${id}`,
    `/.weir/jobs/${id}/result`,
    `/%2eweir/jobs/${id}`,
    `//.weir//jobs/${id}`,
    `/.weir%2fjobs/${id}`,
    `/.weir;x/jobs/${id}`,
    `/.weir/jobs/${id.replace('-', '%2d')}`,
    '/.weir/jobs',
  ])('is taken in every spelling, also where no route makes jobs, and is not shown whole: %s', async (path) => {
    const { handler, exchange, shown } = await answerTo(path);
    expect([handler.status, exchange.routeId]).toEqual([404, JOBS_ROUTE_ID]);
    expect(shown).toHaveLength(1);
    expect(shown[0]).not.toContain('a'.repeat(32));
  });

  it.each(['/.weir/jobsx', '/.weir', `/x/.weir/jobs/${id}`])('is not that of another resource: %s', async (path) => {
    expect((await answerTo(path)).handler.text()).toBe('the route');
  });
});
