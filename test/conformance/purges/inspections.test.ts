import { ANSWER_WITHIN_MS, ANSWERS_BYTES_MAX, inspectNodes } from '@weir/control/cluster/cache-questions.js';
import { answerInspections } from '@weir/node/cluster/cache-questions.js';
import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { TestClock } from '@weir/proto/cluster/testing/test-clock.js';
import type { CacheInspection, InspectedRequest, StoredVariant } from '@weir/proto/events/cache.js';
import { inspectionBytesMax } from '@weir/proto/events/cache-question.js';
import { expect, it } from 'vitest';
import { subjects } from './world.js';

const request: InspectedRequest = {
  ...{ method: 'GET', scheme: 'https', authority: 'a.example', path: '/x', query: '' },
  ...{ headers: ['accept', '*/*'], consumer: null },
};

const variant = (tags: readonly string[]): StoredVariant => ({
  ...{ route: 'shop', url: 'a.example/x?', status: 200, ageS: 1, freshS: 5, freshBy: 'max-age', alwaysAsks: false },
  ...{ staleWhileRevalidateS: 0, staleIfErrorS: 0, bodyBytes: 5, bytes: 900, contentType: null, etag: null },
  ...{ part: null, vary: [], tags, purged: 'no' as const },
});

const holding = (variants: readonly StoredVariant[]): CacheInspection => ({
  foretold: { kind: 'hit', route: 'shop', isStale: false, refreshes: false },
  ...{ variants, isComplete: true, notStored: null },
});

function cluster() {
  const [broker, clock] = [new Broker(), new TestClock()];
  const member = (id: string, role: 'node' | 'control'): Presence => {
    const bus = memoryBus(broker, { clock, inbox: subjects.inbox(id) });
    const report = () => ({ snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0 });
    const life = { id, incarnation: 1, session: 1 };
    return new Presence({ bus, clock, subjects, life, role, random: () => 0.5, report, warn: () => {} });
  };
  const node = (id: string, inspect: ((asked: InspectedRequest) => CacheInspection) | null): Presence => {
    const presence = member(id, 'node');
    if (inspect !== null) answerInspections(presence, inspect);
    return presence;
  };
  return { clock, node, control: member('k', 'control') };
}

it('each node of a cluster is asked and answers under its name, and who fails or is silent is named with the reason', async () => {
  const { clock, node, control } = cluster();
  const asked: InspectedRequest[] = [];
  node('b', (one) => {
    asked.push(one);
    return holding([variant(['red'])]);
  });
  node('a', () => holding([]));
  node('broken', () => {
    throw new Error('a bug');
  });
  node('silent', null);
  node('gone', () => holding([])).leave();
  await clock.pass(3_000);
  const outcome = inspectNodes(control, request);
  await clock.pass(ANSWER_WITHIN_MS + 50);
  const { nodes, missing } = await outcome;
  expect([nodes, asked]).toEqual([
    [
      { node: 'a', inspection: holding([]) },
      { node: 'b', inspection: holding([variant(['red'])]) },
    ],
    [request],
  ]);
  expect(missing).toEqual([
    { node: 'broken', reason: 'failed: a bug' },
    { node: 'silent', reason: 'did not answer within 2 s' },
  ]);
});

it('an answer is no longer than it may be and says what it leaves out; nor are all together', async () => {
  const { clock, node, control } = cluster();
  const tags = Array.from({ length: 256 }, (_, i) => `${i}`.padEnd(256, 'x'));
  const ids = Array.from({ length: 100 }, (_, i) => `n${100 + i}`);
  for (const id of ids) node(id, () => holding(Array.from({ length: 100 }, () => variant(tags))));
  await clock.pass(3_000);
  const outcome = inspectNodes(control, request);
  await clock.pass(ANSWER_WITHIN_MS + 50);
  const { nodes, missing } = await outcome;
  const [{ inspection } = { inspection: holding([]) }] = nodes;
  expect([inspection.variants.length, inspection.isComplete]).toEqual([3, false]);
  expect(JSON.stringify(inspection).length).toBeLessThanOrEqual(inspectionBytesMax);
  expect(nodes.length + missing.length).toBe(ids.length);
  const shown = nodes.reduce((bytes, one) => bytes + JSON.stringify(one.inspection).length, 0);
  expect([shown <= ANSWERS_BYTES_MAX * 1.01, shown > ANSWERS_BYTES_MAX * 0.9]).toEqual([true, true]);
  expect(missing[0]?.reason).toContain('longer than 16 MiB');
});
