import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import type { RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JUDGE_MIN_MS, type RolloutSight, whatIsDue } from './decide.js';
import { nothing } from './judge.js';
import { LATE_AFTER_MS, type NodeSight, progressOf } from './progress.js';
import { atOnce, begin, finish, pause, promote, rollBack, type Step } from './rollout.js';

const author = { by: 'ada', control: 'c-1', atWallMs: 5 };
const hash = (version: number): string => `${version}`.padStart(64, 'a');
const release = (version: number) => ({ version, revision: version, hash: hash(version), sizeBytes: 10 });
const ids = ['n0', 'n1', 'n2', 'n3'];
const candidates = ids.map((id) => ({ id, labels: [] }));
const taken = (step: Step): RolloutRecord => {
  if (!step.ok) throw new Error(step.why);
  return step.record;
};
const plan: RolloutPlan = { sharePermille: 250, label: '', bakeMs: 60_000, exchangesMin: 50, unjudged: [] };
const before = taken(finish(begin(null, release(1), atOnce, candidates, author), '', author, []));
/** Of version 4, so that n0 tries it out. */
const canary = begin(before, release(4), plan, candidates, author);
const everywhere = taken(promote(canary, '', author));

const node = (id: string, version: number, more: Partial<NodeSight> = {}): NodeSight => ({
  ...{ id, isThere: true, hasCrashed: false, version, report: null },
  ...more,
});
const refusal = { version: 4, hash: hash(4), state: 'refused' as const, reason: 'no such file' };
const evidence = { canary: { ...nothing, exchanges: 50 }, rest: nothing };
const sight = (nodes: readonly NodeSight[], more: Partial<RolloutSight> = {}): RolloutSight => ({
  ...{ nodes, waitedMs: 100, bakedMs: 0, evidence },
  ...more,
});
const rest = ['n1', 'n2', 'n3'].map((id) => node(id, 1));
const baking = [node('n0', 4), ...rest];

describe('a canary', () => {
  it('is of n0 alone', () => expect(canary.canary).toEqual(['n0']));

  it('is waited for until it has applied, has baked and has had traffic, and then promoted', () => {
    expect(whatIsDue(canary, sight([node('n0', 1), ...rest], { bakedMs: 99_000 }))).toMatchObject({ due: 'nothing' });
    expect(whatIsDue(canary, sight(baking, { bakedMs: 59_000 }))).toEqual({
      due: 'nothing',
      why: 'its time to bake: 1 s more',
    });
    const idle = { canary: nothing, rest: nothing };
    expect(whatIsDue(canary, sight(baking, { bakedMs: 60_000, evidence: idle }))).toMatchObject({ due: 'nothing' });
    expect(whatIsDue(canary, sight(baking, { bakedMs: 60_000 }))).toMatchObject({ due: 'promote' });
  });

  it('that nobody could judge is taken back, and not waited for without end', () => {
    const idle = sight(baking, { bakedMs: JUDGE_MIN_MS, evidence: { canary: nothing, rest: nothing } });
    expect(whatIsDue(canary, idle)).toMatchObject({
      due: 'rollBack',
      why: expect.stringContaining('0 of 50 exchanges'),
    });
  });

  it.each([
    ['refuses', [node('n0', 1, { report: refusal }), ...rest], 100, 'n0: refused: no such file'],
    ['crashes', [node('n0', 4, { hasCrashed: true }), ...rest], 100, 'n0: its process ended while it tried it out'],
    ['is gone', [node('n0', 4, { isThere: false }), ...rest], 100, 'n0: it went away while it tried it out'],
    ['was never seen', rest, 100, 'n0: it went away while it tried it out'],
    ['is late', [node('n0', 1), ...rest], LATE_AFTER_MS + 1, 'n0: not within 30 s: nothing was heard of it'],
  ])('that %s is taken back at once, also while it is paused', (_what, nodes, waitedMs, why) => {
    for (const record of [canary, taken(pause(canary, '', author))])
      expect(whatIsDue(record, sight(nodes, { waitedMs, bakedMs: 99_000 }))).toMatchObject({ due: 'rollBack', why });
  });

  it('that harms is taken back, also while it is paused, and says by what', () => {
    const bad = { canary: { ...nothing, exchanges: 100, failed: 90 }, rest: { ...nothing, exchanges: 300 } };
    for (const record of [canary, taken(pause(canary, '', author))])
      expect(whatIsDue(record, sight(baking, { evidence: bad }))).toMatchObject({
        due: 'rollBack',
        why: /^errors: 90 %/,
      });
  });

  it('that is paused goes no further by itself', () => {
    const paused = taken(pause(canary, '', author));
    expect(whatIsDue(paused, sight(baking, { bakedMs: 1e9 }))).toMatchObject({ due: 'nothing' });
  });

  it('is not blamed for what others do', () => {
    const ofBase = { ...refusal, version: 1, hash: hash(1) };
    const odd = [node('n0', 4), node('n1', 0, { report: ofBase }), node('n2', 0), node('n3', 1)];
    const late = sight(odd, { bakedMs: 60_000, waitedMs: LATE_AFTER_MS + 1 });
    expect(whatIsDue(canary, late)).toMatchObject({ due: 'promote' });
    const others = [
      node('n1', 1, { report: refusal }),
      node('n2', 1, { isThere: false }),
      node('n3', 1, { hasCrashed: true }),
    ];
    expect(whatIsDue(canary, sight([node('n0', 4), ...others], { bakedMs: 60_000 }))).toMatchObject({ due: 'promote' });
  });
});

describe('a rollout to all', () => {
  const at = (...versions: number[]) => versions.map((version, i) => node(ids[i] ?? '', version));

  it('is done when all who are there have it, and names who does not and why', () => {
    expect(whatIsDue(everywhere, sight(at(4, 4, 4, 1)))).toEqual({ due: 'nothing', why: '1 of 4 nodes' });
    expect(whatIsDue(everywhere, sight(at(4, 4, 4, 4)))).toEqual({ due: 'finish', why: 'on all 4 nodes', missing: [] });
    const fetching = { ...refusal, state: 'fetching' as const, reason: 'the store is away' };
    expect(whatIsDue(everywhere, sight([...at(4, 4, 4), node('n3', 1, { report: fetching })]))).toMatchObject({
      due: 'nothing',
    });
    const gone = [...at(4, 4, 4), node('n3', 1, { isThere: false })];
    expect(whatIsDue(everywhere, sight(gone))).toMatchObject({ due: 'finish', missing: [] });
    const mixed = [node('n0', 1, { report: refusal }), node('n1', 4), node('n2', 1)];
    expect(whatIsDue(everywhere, sight(mixed))).toMatchObject({ due: 'nothing' });
    expect(whatIsDue(everywhere, sight(mixed, { waitedMs: LATE_AFTER_MS + 1 }))).toEqual({
      ...{ due: 'finish', why: 'on 1 of 3 nodes' },
      missing: [
        { id: 'n0', why: 'refused: no such file' },
        { id: 'n2', why: 'not within 30 s: nothing was heard of it' },
      ],
    });
  });

  it('is taken back when nobody can run it, where there is something to go back to', () => {
    const refused = ids.map((id) => node(id, 1, { report: refusal }));
    expect(whatIsDue(everywhere, sight(refused))).toMatchObject({
      ...{ due: 'rollBack', why: 'no node can run it; n0 refused: no such file' },
      missing: ids.map((id) => ({ id, why: 'refused: no such file' })),
    });
    const first = begin(null, release(4), atOnce, candidates, author);
    expect(whatIsDue(first, sight(refused))).toMatchObject({ due: 'finish', why: 'on 0 of 4 nodes' });
  });

  it('waits for the first node, though not without end', () => {
    expect(whatIsDue(everywhere, sight([]))).toEqual({ due: 'nothing', why: 'nodes' });
    expect(whatIsDue(everywhere, sight([], { waitedMs: LATE_AFTER_MS + 1 }))).toMatchObject({
      due: 'finish',
      why: 'no node is there',
    });
  });

  it('counts hosts on which nothing runs for as long as they speak of this release', () => {
    const without = node('n1', 0, { isThere: false, report: refusal });
    expect(whatIsDue(everywhere, sight([node('n0', 4), without]))).toMatchObject({
      ...{ due: 'finish', why: 'on 1 of 2 nodes' },
      missing: [{ id: 'n1', why: 'refused: no such file' }],
    });
    const fetching = { ...without, report: { ...refusal, state: 'fetching' as const } };
    expect(whatIsDue(everywhere, sight([node('n0', 4), fetching]))).toMatchObject({ due: 'nothing' });
    const gone = { ...without, report: { ...refusal, hash: hash(3) } };
    const applied = { ...without, report: { ...refusal, state: 'applied' as const } };
    expect(whatIsDue(everywhere, sight([node('n0', 4), gone, applied]))).toMatchObject({
      why: 'on the one node that there is',
    });
  });

  it('is not refused by what was said of another version', () => {
    const other = [
      { ...refusal, hash: hash(3) },
      { ...refusal, version: 3 },
    ];
    for (const report of other)
      expect(whatIsDue(everywhere, sight([node('n0', 1, { report })]))).toEqual({
        due: 'nothing',
        why: '1 of 1 nodes',
      });
  });
});

describe('what is due', () => {
  const anyNode = (id: string) =>
    fc.record({
      id: fc.constant(id),
      isThere: fc.boolean(),
      hasCrashed: fc.boolean(),
      version: fc.constantFrom(1, 3, 4),
      report: fc.constantFrom(null, refusal, { ...refusal, state: 'applied' as const }, { ...refusal, hash: hash(9) }),
    });
  const anyNodes = fc.tuple(...ids.map(anyNode));

  it('never promotes what a node that tries it out does not run, nor finishes while somebody may still tell', () => {
    fc.assert(
      fc.property(anyNodes, fc.nat(LATE_AFTER_MS), fc.nat(200_000), (nodes, waitedMs, bakedMs) => {
        const [n0] = nodes;
        const canaryDue = whatIsDue(canary, sight(nodes, { waitedMs, bakedMs }));
        if (canaryDue.due === 'promote')
          expect(n0?.isThere && !n0.hasCrashed && n0.report !== refusal && bakedMs >= 60_000).toBe(true);
        const due = whatIsDue(everywhere, sight(nodes, { waitedMs, bakedMs }));
        if (due.due !== 'finish' && due.due !== 'rollBack') return;
        const missing = new Set(due.missing.map(({ id }) => id));
        for (const { id, isThere, version, report } of nodes) {
          const applied = version === 4 || (report?.state === 'applied' && report.hash === hash(4));
          const refused = report?.state === 'refused' && report.hash === hash(4);
          expect(!isThere || applied || refused).toBe(true);
          expect(missing.has(id)).toBe(isThere && refused);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('of what is over is nothing, and nodes that come back are seen to', () => {
    const back = taken(rollBack(canary, 'bad', author));
    expect(whatIsDue(back, sight(baking))).toEqual({ due: 'nothing', why: '' });
    expect(progressOf(back, baking, 0).map(({ id, state, wanted }) => [id, state, wanted])).toEqual([
      ['n0', 'waiting', 1],
      ...['n1', 'n2', 'n3'].map((id) => [id, 'applied', 1]),
    ]);
  });
});
