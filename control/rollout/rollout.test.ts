import { type Announcement, announcedFor } from '@weir/proto/events/announcement.js';
import type { Release, RolloutRecord } from '@weir/proto/events/rollout.js';
import type { RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import { acceptAnnouncement, atTheBeginning, type Position } from '@weir/proto/signing/accept.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  announces,
  atOnce,
  begin,
  type Candidate,
  finish,
  forAll,
  isOver,
  pause,
  promote,
  resume,
  rollBack,
  type Step,
  triesOut,
  wanted,
} from './rollout.js';

const author = { by: 'ada', control: 'c-1', atWallMs: 5 };
const release = (version: number): Release => ({
  ...{ version, revision: version * 2, sizeBytes: 100 + version },
  hash: version.toString(16).padStart(64, '0'),
});
const plan = (more: Partial<RolloutPlan>): RolloutPlan => ({ ...atOnce, ...more });
const nodes = (count: number, labels: readonly string[] = []): Candidate[] =>
  Array.from({ length: count }, (_, i) => ({ id: `n${i}`, labels: i === 0 ? labels : [] }));
const taken = (step: Step): RolloutRecord => {
  if (!step.ok) throw new Error(step.why);
  return step.record;
};
const running = (version: number): RolloutRecord => {
  const begun = begin(null, release(version), atOnce, nodes(4), author);
  return taken(finish(begun, 'all', author, []));
};

describe('the beginning of a rollout', () => {
  it('is everywhere at once when that is the plan, when nothing ran before, and where there is one node', () => {
    const quarter = plan({ sharePermille: 250 });
    expect(begin(running(1), release(2), atOnce, nodes(4), author)).toMatchObject({ stage: 'everywhere', canary: [] });
    expect(begin(null, release(1), quarter, nodes(4), author)).toMatchObject({ stage: 'everywhere', base: null });
    expect(begin(running(1), release(2), quarter, nodes(1), author)).toMatchObject({ stage: 'everywhere' });
    expect(begin(running(1), release(2), quarter, nodes(4), author)).toMatchObject({ stage: 'canary' });
  });

  it('takes a share of the nodes: one at least, never all, and not always the same', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        fc.nat(999),
        fc.integer({ min: 2, max: 99 }),
        (count, share, version) => {
          const { canary } = begin(running(1), release(version), plan({ sharePermille: share }), nodes(count), author);
          expect(new Set(canary).size).toBe(canary.length);
          expect(canary.length).toBe(Math.min(Math.max(Math.round((count * share) / 1_000), 1), count - 1));
        },
      ),
    );
    const first = (version: number) =>
      begin(running(1), release(version), plan({ sharePermille: 1 }), nodes(4), author).canary;
    expect(new Set([2, 3, 4, 5].flatMap(first)).size).toBe(4);
  });

  it('takes those that have the label, and is paused where none has', () => {
    const byLabel = plan({ label: 'zone=a' });
    expect(begin(running(1), release(2), byLabel, nodes(4, ['zone=a']), author)).toMatchObject({ canary: ['n0'] });
    const none = begin(running(1), release(2), byLabel, nodes(4, ['zone=ab']), author);
    expect(none).toMatchObject({ stage: 'paused', canary: [], why: expect.stringContaining('no node has the label') });
    expect(announces({ ...wanted(none), serial: 1 }, wanted(running(1)))).toBe(false);
    expect(forAll(none).version).toBe(1);
  });

  it('goes back to what everybody runs, and not to what was tried out', () => {
    const canary = begin(running(1), release(2), plan({ sharePermille: 1 }), nodes(4), author);
    expect(begin(canary, release(3), atOnce, nodes(4), author).base?.version).toBe(1);
    const back = taken(rollBack(canary, 'bad', author));
    expect(begin(back, release(3), atOnce, nodes(4), author).base?.version).toBe(1);
    const all = taken(promote(canary, 'good', author));
    expect(begin(all, release(3), atOnce, nodes(4), author).base?.version).toBe(2);
  });
});

describe('steps that are not open', () => {
  it('are refused with the reason, and change nothing', () => {
    const canary = begin(running(1), release(2), plan({ sharePermille: 1 }), nodes(4), author);
    const everywhere = taken(promote(canary, '', author));
    const done = taken(finish(everywhere, '', author, []));
    const why = (step: Step): string => (step.ok ? 'it was taken' : step.why);
    expect(why(promote(everywhere, '', author))).toBe("version 2 is announced to all nodes, so it can't be promoted");
    expect(why(pause(done, '', author))).toBe("version 2 is over, so it can't be paused");
    expect(why(resume(canary, '', author))).toBe("version 2 is tried out, so it can't be resumed");
    expect(why(rollBack(done, '', author))).toBe("version 2 is over, so it can't be rolled back");
    const first = begin(null, release(1), atOnce, nodes(4), author);
    expect(why(rollBack(first, '', author))).toBe('there is nothing before it to go back to');
    expect(why(finish(canary, '', author, []))).toBe("version 2 is tried out, so it can't be finished");
  });

  it('keep texts and lists within their bounds', () => {
    const many = Array.from({ length: 300 }, (_, i) => ({ id: `n${i}`, why: 'x'.repeat(5_000) }));
    const done = taken(finish(begin(null, release(1), atOnce, [], author), 'y'.repeat(5_000), author, many));
    expect([done.why.length, done.missing.length, done.missing[0]?.why.length]).toEqual([1_000, 100, 1_000]);
  });
});

/** Any history of a cluster: what controls did, and which node heard of what. */
const step = fc.oneof(
  fc.record({
    act: fc.constant('begin' as const),
    share: fc.constantFrom(1, 250, 500, 1_000),
    label: fc.constantFrom('', 'a=b'),
  }),
  fc.record({ act: fc.constantFrom('promote', 'pause', 'resume', 'back', 'finish') }),
  fc.record({ act: fc.constant('hear' as const), node: fc.nat(4), serial: fc.nat(40) }),
);

function play(
  record: RolloutRecord | null,
  one: { act: string; share?: number; label?: string },
): RolloutRecord | null {
  if (one.act === 'begin') {
    const next = release((record?.target.version ?? 0) + 1);
    const { share = 1_000, label = '' } = one;
    return begin(record, next, plan({ sharePermille: share, label }), nodes(5, ['a=b']), author);
  }
  if (record === null) return null;
  const steps: Readonly<Record<string, (record: RolloutRecord, why: string, by: typeof author) => Step>> = {
    ...{ promote, pause, resume, back: rollBack },
    finish: (at, why, by) => finish(at, why, by, []),
  };
  const made = steps[one.act]?.(record, '', author);
  return made?.ok === true ? made.record : record;
}

describe('nodes that follow announcements', () => {
  it('run what the latest record says once they have heard the latest, whatever they have missed before', () => {
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 60 }), (history) => {
        let record: RolloutRecord | null = null;
        const told: Announcement[] = [];
        const at = new Map<string, Position>(nodes(5).map(({ id }) => [id, atTheBeginning]));
        const hear = (id: string, announced: Announcement | undefined): void => {
          const position = at.get(id) ?? atTheBeginning;
          if (announced === undefined) return;
          const step = acceptAnnouncement(position, announcedFor(announced, id));
          if (!step.accept) expect(step.why, JSON.stringify(announced)).not.toMatch(/conflict/);
          if (step.accept) at.set(id, step.position);
        };
        for (const one of history) {
          if (one.act === 'hear') {
            // Also old ones, again and in any order.
            hear(`n${one.node}`, told[one.serial % Math.max(1, told.length)]);
            continue;
          }
          record = play(record, one);
          const last = told.at(-1);
          if (record !== null && (last === undefined || !announces(last, wanted(record))))
            told.push({ ...wanted(record), serial: told.length + 1 });
        }
        if (record === null) return;
        for (const id of at.keys()) {
          hear(id, told.at(-1));
          const meant: Release = triesOut(record, id) ? record.target : forAll(record);
          expect(at.get(id)).toMatchObject({ version: meant.version, hash: meant.hash });
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('lead to an end from each stage, and stay there', () => {
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 40 }), (history) => {
        let record: RolloutRecord | null = null;
        for (const one of history) {
          const before: RolloutRecord | null = record;
          if (one.act !== 'hear') record = play(record, one);
          if (before !== null && isOver(before) && one.act !== 'begin') expect(record).toBe(before);
          if (record !== null && record.stage !== 'everywhere' && record.stage !== 'done')
            expect(record.base).not.toBeNull();
        }
      }),
    );
  });
});
