import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import { expect, it } from 'vitest';
import type { NodeProgress } from '../rollout/progress.js';
import { atOnce } from '../rollout/rollout.js';
import { showHistory, showPlan, showProgress, showRollout, showStep } from './show-rollout.js';
import { paintFor } from './terminal.js';

const paint = paintFor(false, {});
const release = (version: number) => ({ version, revision: version - 1, hash: 'a'.repeat(64), sizeBytes: 9 });
const record: RolloutRecord = {
  ...{
    kind: 'rollout',
    stage: 'canary',
    base: release(3),
    target: release(4),
    canary: ['n0'],
    by: 'ada',
    why: 'revision 3',
  },
  plan: { sharePermille: 250, label: '', bakeMs: 300_000, exchangesMin: 50, unjudged: ['latency'] },
  ...{ control: 'c-1', atWallMs: 0, missing: [] },
};
const node = (id: string, isCanary: boolean, more: Partial<NodeProgress> = {}): NodeProgress => ({
  ...{ id, version: isCanary ? 4 : 3, wanted: isCanary ? 4 : 3, isCanary, state: 'applied', why: '' },
  ...more,
});
const nodes = [node('n0', true), node('n1', false)];

it('a rollout is shown with its plan, what was before, and each node', () => {
  const view = { record, nodes, waitsFor: 'its time to bake: 9 s more', isOver: false };
  expect(showRollout(view, 65_000, paint)).toMatchInlineSnapshot(`
    "canary version 4 (revision 3) on 1 of 1 nodes that try it out, waits for its time to bake: 9 s more
      plan    25 % of the nodes first, for 5 min 0 s and 50 exchanges, not judged by latency
      before  version 3 (revision 2)
      since   1 min 5 s, by ada at c-1: revision 3
      policy  everywhere at once

      NODE  RUNS  IS TO RUN         STATE
      n0    4     4 (tries it out)  applied
      n1    3     3                 applied"
  `);
});

it('its end is shown with who does not run it, and why', () => {
  const missing = [{ id: 'n1', why: 'refused: no such file\u001b[31m' }];
  const done: RolloutRecord = { ...record, stage: 'done', why: 'on 1 of 2 nodes', missing };
  const shown = showProgress({ record: done, nodes, waitsFor: '', isOver: true }, paint);
  expect(shown.split('\n')[0]).toBe('done version 4 (revision 3) on 1 of 2 nodes');
  expect(shown).toContain('n1  refused: no such file');
  expect(shown).not.toContain('\u001b');
  const back: RolloutRecord = { ...record, stage: 'rolledBack', why: 'errors: 75 % of 200 on the canary' };
  expect(showProgress({ record: back, nodes, waitsFor: '', isOver: true }, paint)).toBe(
    'rolled back version 4 (revision 3): errors: 75 % of 200 on the canary',
  );
});

it('a step is told when it is of the revision that was asked for', () => {
  const view = { record, nodes, waitsFor: '', isOver: false };
  const line = { rollout: view, compilation: null, isMeant: false, isRejected: false, isLast: false };
  expect(showStep(line, paint)).toBe('');
  expect(showStep({ ...line, isMeant: true }, paint)).toMatch(/^canary version 4/);
  expect(showStep({ ...line, rollout: null, isLast: true }, paint)).toBe('nothing was ever rolled out');
  const fault = {
    severity: 'error' as const,
    line: 2,
    column: 1,
    path: 'routes',
    message: 'no such upstream',
    cure: null,
  };
  const rejected = {
    revision: 2,
    revisionId: 'ab'.repeat(16),
    atWallMs: 0,
    ...{ state: 'rejected' as const, waitsFor: '' },
    faults: [fault],
    routes: [],
  };
  const meant = { ...line, compilation: rejected, isMeant: true };
  expect(showStep(meant, paint)).toMatch(/^canary version 4/);
  expect(showStep({ ...meant, isRejected: true, isLast: true }, paint)).toBe(
    "revision 2 can't be compiled\n  line 2:1 error routes: no such upstream",
  );
  expect(showStep({ ...meant, compilation: { ...rejected, revision: 9 } }, paint)).toMatch(/^revision 9 can't/);
});

it('plans and the history are said in words', () => {
  expect(showPlan(atOnce)).toBe('everywhere at once');
  expect(showPlan({ ...record.plan, label: 'zone=a', unjudged: [] })).toBe(
    'nodes with zone=a first, for 5 min 0 s and 50 exchanges',
  );
  expect(showHistory([{ ...record, stage: 'rolledBack' }], paint)).toMatch(
    /1970-01-01T00:00:00.000Z +4 +3 +rolled back +ada +c-1 +revision 3/,
  );
});

it('the history names who has set how later revisions are rolled out, and when', () => {
  const policySet = { by: 'bea', control: 'c-2', atWallMs: 60_000 };
  const done: RolloutRecord = { ...record, stage: 'done', why: 'on all 2 nodes' };
  const set = { ...done, policy: record.plan, policySet };
  const [, later, newer, older] = showHistory([{ ...set, why: 'revision 4' }, set, done], paint).split('\n');
  expect(older).toMatch(/1970-01-01T00:00:00.000Z +4 +3 +done +ada +c-1 +on all 2 nodes/);
  expect(newer).toMatch(/1970-01-01T00:01:00.000Z +4 +3 +done +bea +c-2 +later ones: 25 % of the nodes first/);
  expect(later).toMatch(/ada +c-1 +revision 4/);
  expect(showRollout({ record: set, nodes, waitsFor: '', isOver: true }, 0, paint)).toMatch(/policy +25 %.*, by bea/);
});
