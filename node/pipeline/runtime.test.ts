import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { expect, it } from 'vitest';
import { compileInSlices } from './runtime.js';
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
  ...{ format: 1, version: 1, createdWallMs: 0, gateway: makeGateway() },
  ...{ upstreams: [], routes, consumers: [] },
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
  const dispatch = await compileInSlices(snapshot, services, async () => turns.push(clock.nowMs()));
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
  await compileInSlices(snapshot, makeServices(), async () => {
    turns += 1;
  });
  expect(turns).toBe(0);
});
