import type { HealthChange } from '@weir/proto/events/health.js';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../pipeline/testing/harness.js';
import { makeTarget } from '../../pipeline/testing/specs.js';
import { DOUBT_MS, OUT_MS } from './hearsay.js';
import type { Judgement } from './peer-reports.js';
import type { Epoch } from './standing.js';
import type { TargetHealth } from './target-health.js';
import { outcome, outlierSpec, probeSpec } from './testing/outcomes.js';
import { createUpstreamOpinions, type HealthSpec } from './upstream-health.js';
import type { Verdict } from './verdict.js';

const says = (what: Judgement['says'], more: Partial<Judgement> = {}): Judgement => ({
  ...{ says: what, by: ['n2'], weight: 1, reason: 'n2: refused', isByProbesAlone: false },
  ...more,
});
const silence = says('nothing', { by: [], weight: 0, reason: '' });

function make(count: number, spec: Partial<HealthSpec> = { outlier: outlierSpec }) {
  const clock = fakeClock(1_000);
  const [changes, proofs] = [[] as HealthChange[], [] as string[]];
  const targets = Array.from({ length: count }, (_, i) => makeTarget({ id: `t${i}:80` }).spec);
  const none = { id: 'up', targets, probe: null, outlier: null, breaker: null };
  const opinions = createUpstreamOpinions(
    { ...none, ...spec },
    clock,
    (change) => changes.push(change),
    () => {},
  );
  const target = (index: number): TargetHealth => {
    const found = opinions.targets[index];
    if (found === undefined) throw new Error(`there is no target ${index}`);
    return found;
  };
  for (const health of opinions.targets) health.onProof((proof, by, spared) => proofs.push(`${proof} ${by} ${spared}`));
  const hear = (index: number, judgement: Judgement) => target(index).hear(judgement, clock.nowMs());
  const begin = (index: number) => target(index).begin(clock.nowMs());
  const end = (index: number, epoch: Epoch, verdict: Verdict) =>
    target(index).end(epoch, outcome(verdict, clock.nowMs()));
  const run = (index: number, verdict: Verdict) => end(index, begin(index), verdict);
  const probed = (index: number, isGood: boolean) =>
    target(index).probed({ isGood, why: 'refused', status: 0, tookMs: 1 }, clock.nowMs());
  const standings = () => opinions.targets.map((health) => health.standing(clock.nowMs()));
  return { clock, changes, proofs, target, hear, begin, end, run, probed, standings, opinions };
}

describe('what others say of a target', () => {
  it('makes one attempt the proof, and a good one ends it without a slow start', () => {
    const { hear, begin, end, standings, proofs, target, changes } = make(2);
    expect([hear(0, says('doubt')), standings(), target(0).reason]).toEqual([
      'doubt',
      ['trial', 'well'],
      'peers: n2: refused',
    ]);
    const epoch = begin(0);
    expect(standings()[0]).toBe('out');
    end(0, epoch, 'good');
    expect([standings()[0], proofs, target(0).reason, target(0).wellSinceMs]).toEqual([
      'well',
      ['refuted attempt 0'],
      '',
      -Infinity,
    ]);
    expect(changes.map(({ kind, from, to }) => `${kind} ${from} ${to}`)).toEqual([
      'peers well trial',
      'peers trial well',
    ]);
  });

  it('goes on where an upstream is described anew, but never for the last target that is well', () => {
    const former = make(2);
    former.hear(0, says('out', { by: ['n2', 'n3'] }));
    expect(former.standings()).toEqual(['out', 'well']);
    const next = make(2);
    next.opinions.adopt(former.opinions);
    expect([next.standings(), next.target(0).reason, next.changes]).toEqual([
      ['out', 'well'],
      'peers: n2: refused',
      [],
    ]);
    // It is the same opinion: said again it is nothing new, and it ends as it would have.
    expect(next.hear(0, says('out', { by: ['n2', 'n3'] }))).toBe(null);
    next.hear(0, silence);
    expect(next.standings()).toEqual(['well', 'well']);
    const alone = make(1);
    alone.opinions.adopt(former.opinions);
    expect(alone.standings()).toEqual(['well']);
  });

  it('is confirmed by one failure, which then ejects and has spared the others', () => {
    const { hear, run, standings, proofs, target, changes } = make(2);
    hear(0, says('doubt'));
    run(0, 'bad');
    expect([standings()[0], proofs]).toEqual(['out', ['confirmed attempt 4']]);
    expect(target(0).reason).toBe('ejected: peers: n2: refused; and a request from here failed');
    // Told as an opinion of this node's own: it has seen it.
    expect(changes.at(-1)).toMatchObject({ kind: 'outlier', from: 'well', to: 'out' });
  });

  it('is decided by no attempt that began before', () => {
    const { hear, begin, end, standings, proofs } = make(2);
    const before = [begin(0), begin(0)];
    hear(0, says('doubt'));
    for (const [i, epoch] of before.entries()) end(0, epoch, i === 0 ? 'good' : 'bad');
    expect([standings()[0], proofs]).toEqual(['trial', []]);
  });

  it('is over after a while when nobody has looked into it', () => {
    const { clock, hear, standings, proofs, opinions } = make(2);
    hear(0, says('doubt'));
    const settle = () => opinions.targets[0]?.settle(clock.nowMs());
    clock.advance(DOUBT_MS - 1);
    settle();
    expect(standings()[0]).toBe('trial');
    clock.advance(1);
    settle();
    expect([standings()[0], proofs]).toEqual(['well', ['lapsed attempt 0']]);
  });

  it('of a majority puts it out without a look, and starts it slowly', () => {
    const { clock, hear, run, standings, target } = make(2);
    hear(0, says('out', { weight: 3 }));
    expect(standings()[0]).toBe('out');
    clock.advance(OUT_MS);
    expect(standings()[0]).toBe('trial');
    run(0, 'good');
    expect([standings()[0], target(0).wellSinceMs]).toEqual(['well', clock.nowMs()]);
  });

  it('ends when it is taken back', () => {
    const { hear, standings } = make(2);
    hear(0, says('out', { weight: 3 }));
    hear(0, says('nothing'));
    expect(standings()[0]).toBe('out');
    hear(0, silence);
    expect(standings()[0]).toBe('well');
  });

  it('never takes more than half of the targets, nor the last one that is well', () => {
    const four = make(4);
    for (let i = 0; i < 4; i += 1) four.hear(i, says('out', { weight: 3 }));
    expect(four.standings()).toEqual(['out', 'out', 'well', 'well']);
    const one = make(1);
    one.hear(0, says('out'));
    expect(one.standings()).toEqual(['well']);
    const two = make(2);
    for (let i = 0; i < 5; i += 1) two.run(0, 'bad');
    two.hear(1, says('out'));
    expect(two.standings()).toEqual(['out', 'well']);
  });

  it('adds nothing to what is out by own sight', () => {
    const { hear, run, changes } = make(2);
    for (let i = 0; i < 5; i += 1) run(0, 'bad');
    expect(hear(0, says('out', { weight: 3 }))).toBeNull();
    expect(changes.some(({ kind }) => kind === 'peers')).toBe(false);
  });

  it('by probes waits for a probe from here, so that no client pays for the look', () => {
    const { hear, probed, standings, proofs } = make(2, { outlier: outlierSpec, probe: probeSpec });
    probed(0, true);
    hear(0, says('doubt', { isByProbesAlone: true }));
    expect(standings()[0]).toBe('out');
    // It has failed elsewhere already: once is enough.
    probed(0, false);
    expect([standings()[0], proofs]).toEqual(['out', ['confirmed probe 1']]);
    hear(1, says('doubt', { isByProbesAlone: true }));
    expect(standings()[1]).toBe('well');
    const other = make(2, { outlier: outlierSpec, probe: probeSpec });
    other.hear(0, says('doubt', { isByProbesAlone: true }));
    other.probed(0, true);
    expect([other.standings()[0], other.proofs]).toEqual(['well', ['refuted probe 0']]);
    // And not for longer than a probe may take.
    other.hear(0, says('doubt', { isByProbesAlone: true }));
    other.clock.advance(probeSpec.timeoutMs);
    expect(other.standings()[0]).toBe('trial');
  });

  it('by real answers is not refuted by a probe', () => {
    const { hear, probed, standings, proofs } = make(2, { outlier: outlierSpec, probe: probeSpec });
    hear(0, says('doubt'));
    probed(0, true);
    expect([standings()[0], proofs]).toEqual(['trial', []]);
  });

  it('holds where nothing else is asked about the target, and is prolonged by its failures', () => {
    const { clock, hear, run, standings, proofs } = make(2, {});
    hear(0, says('doubt'));
    run(0, 'bad');
    expect([standings()[0], proofs]).toEqual(['out', ['confirmed attempt 0']]);
    clock.advance(OUT_MS);
    run(0, 'good');
    expect(standings()[0]).toBe('well');
  });
});
