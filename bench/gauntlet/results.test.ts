import { describe, expect, it } from 'vitest';
import { escapeXml } from '../svg.js';
import { expectWellFormed } from '../testing/well-formed.js';
import { verdictsOf } from './acceptance.js';
import { chartOf, timeX } from './chart.js';
import type { Counts, Ending, Sample } from './messages.js';
import { type GauntletPeer, gauntletPeers } from './peers.js';
import { bodyOfReport, sectionsOf, verdictLines } from './report.js';
import { type Result, type Run, resultOf } from './results.js';
import { scenarios } from './scenarios.js';

const sample = (dueMs: number, tookMs: number, ending: Ending = 'good', status = 200): Sample => ({
  ...{ dueMs, tookMs, ending, status },
});
const counts = (requests: number, posts: readonly string[] = [], swallowed = 0): Counts => ({
  ...{ kind: 'counts', replica: 0, requests, probes: 1, swallowed, posts },
});
const run = (samples: readonly Sample[], received: readonly Counts[] = []): Run => ({
  ...{ scenario: 'healthy', peer: 'weir', ratePerS: 10, measureMs: 1_000, lateP99Ms: 0.2 },
  ...{ samples, counts: received },
});

const mixed = [
  ...Array.from({ length: 6 }, (_, index) => sample(index * 100, index + 1)),
  ...[sample(600, 4, 'error', 503), sample(700, 8, 'error', 503), sample(800, 2_000, 'timeout', 0)],
  sample(900, 5, 'broken', 200),
];

describe('a result', () => {
  it('takes its times from good answers alone, and says how the others ended', () => {
    const result = resultOf(run(mixed), { kind: 'all' });
    expect(result).toMatchObject({ sent: 10, goodShare: 0.6, answerableShare: 0.6, p50Ms: 3, maxMs: 6, errorP99Ms: 8 });
    expect(result.endings).toEqual({ good: 6, later: 0, error: 2, timeout: 1, broken: 1 });
    expect(result.errors).toEqual({ 503: 2 });
  });

  it('compares with what could have been answered', () => {
    expect(resultOf(run(mixed), { kind: 'capacity', perSecond: 8 }).answerableShare).toBe(0.75);
    expect(resultOf(run(mixed), { kind: 'outside', fromMs: 600, untilMs: 900 }).answerableShare).toBe(6 / 7);
    const swallowing = run(mixed, [counts(10, [], 2)]);
    expect(resultOf(swallowing, { kind: 'unswallowed' }).answerableShare).toBe(0.75);
  });

  it('counts answers that were collected later as good, but not their times', () => {
    const result = resultOf(run([sample(0, 5), sample(100, 41_000, 'later', 202)]), { kind: 'later' });
    expect(result).toMatchObject({ goodShare: 1, maxMs: 5 });
  });

  it('adds up what the replicas received, and finds POSTs that were read twice, wherever', () => {
    const result = resultOf(run(mixed, [counts(7, ['/a', '/b']), counts(5, ['/b', '/c'])]), { kind: 'all' });
    expect(result).toMatchObject({ amplification: 1.2, repeatedPosts: 1, probes: 2 });
  });
});

const figures = (scenario: string, peer: GauntletPeer, more: Partial<Result> = {}): Result => ({
  ...resultOf(run([sample(0, 5)]), { kind: 'all' }),
  ...{ scenario, peer, amplification: 1 },
  ...more,
});
const perfect = scenarios.flatMap(({ id }) =>
  gauntletPeers.map((peer) => figures(id, peer, peer === 'haproxy' ? { p50Ms: 10, p99Ms: 10, p999Ms: 100 } : {})),
);
const judged = (id: string, peer: GauntletPeer, more: Partial<Result>) =>
  verdictsOf(perfect.map((one) => (one.scenario === id && one.peer === peer ? { ...one, ...more } : one)))
    .filter(({ isMet }) => isMet !== true)
    .map(({ claim }) => claim.split(':')[0]);

describe('the verdicts', () => {
  it('are all met by a run in which everything is as it should be, and open without one', () => {
    expect(verdictsOf(perfect).filter(({ isMet }) => isMet !== true)).toEqual([]);
    expect(verdictsOf([]).every(({ isMet }) => isMet === null)).toBe(true);
  });

  it('fall one by one', () => {
    expect(judged('stalled', 'weir', { answerableShare: 0.998 })).toEqual(['stalled']);
    expect(judged('stalled', 'haproxy', { answerableShare: 0.5 })).toEqual([]);
    expect(judged('random-stalls', 'weir', { p999Ms: 25.1 })).toEqual(['random-stalls']);
    expect(judged('random-stalls', 'weir', { goodShare: 0.9999 })).toEqual(['random-stalls']);
    expect(judged('mid-body', 'weir-tuned', { goodShare: 0.9999 })).toEqual(['mid-body']);
    expect(judged('mid-body', 'weir', { answerableShare: 0.5 })).toEqual([]);
    expect(judged('overload-3', 'weir', { answerableShare: 0.94 })).toEqual(['overload-3']);
    expect(judged('healthy', 'weir', { p50Ms: 10.6 })).toEqual(['healthy']);
    expect(judged('healthy', 'weir', { p99Ms: 10.6 })).toEqual(['healthy']);
    expect(judged('flapping', 'weir-tuned', { amplification: 1.26 })).toEqual(['every scenario']);
    expect(judged('post-dead', 'weir', { repeatedPosts: 1 })).toEqual(['every scenario']);
    expect(judged('report-40s', 'weir', { goodShare: 0.9 })).toEqual(['report-40s']);
  });

  it('hold a slow refusal and a client that waits in vain against an overloaded gateway', () => {
    const endings = { good: 5, later: 0, error: 5, timeout: 0, broken: 0 };
    expect(judged('overload-1.3', 'weir', { endings, errorP99Ms: 19 })).toEqual([]);
    expect(judged('overload-1.3', 'weir', { endings, errorP99Ms: 21 })).toEqual(['overload-1.3']);
    expect(judged('overload-1.3', 'weir', { endings: { ...endings, timeout: 1 }, errorP99Ms: 1 })).toEqual([
      'overload-1.3',
    ]);
  });

  it('are printed as met, not met or open', () => {
    expect(verdictLines(verdictsOf(perfect))[0]).toMatch(/^met {6}healthy/);
    expect(verdictLines(verdictsOf([]))[0]).toMatch(/^open/);
    expect(verdictLines([{ claim: 'a', isMet: false, evidence: 'b' }])).toEqual(['NOT met  a: b']);
  });
});

describe('the report', () => {
  it('has a section for each scenario that ran and a line for each proxy', () => {
    const sections = sectionsOf(perfect);
    expect(sections.match(/^### /gm)).toHaveLength(scenarios.length);
    expect(sections.match(/^\| (nginx|haproxy|weir|weir-tuned) /gm)).toHaveLength(perfect.length);
    expect(sectionsOf(perfect.slice(0, 1)).match(/^### /gm)).toHaveLength(1);
    expect(bodyOfReport(perfect, verdictsOf(perfect), 'x.svg')).toContain('(x.svg)');
  });

  it('has no number where nothing was measured', () => {
    const nothing = { p50Ms: Number.NaN, p99Ms: Number.NaN, p999Ms: Number.NaN, maxMs: Number.NaN };
    expect(sectionsOf([figures('stalled', 'nginx', nothing)])).not.toContain('NaN');
  });
});

describe('the chart', () => {
  /** Every element is closed in the order in which it was opened, and no attribute holds what is none. */
  it('is well-formed, whatever was measured', () => {
    const nothing = { p50Ms: Number.NaN, p99Ms: Number.NaN, p999Ms: Number.NaN, answerableShare: 0 };
    for (const results of [perfect, perfect.slice(0, 5), [], [figures('stalled', 'weir', nothing)]]) {
      const svg = chartOf(results, 'a < b & "c"');
      expectWellFormed(svg);
    }
  });

  it('names every scenario and every proxy that ran', () => {
    const svg = chartOf(perfect, '');
    for (const { title } of scenarios) expect(svg).toContain(escapeXml(title));
    for (const peer of gauntletPeers) expect(svg).toContain(`>${peer}</text>`);
    expect(chartOf([figures('stalled', 'nginx')], '')).not.toContain('>weir</text>');
  });

  it('has times on a logarithmic axis with ends', () => {
    expect(timeX(100) - timeX(10)).toBeCloseTo(timeX(10) - timeX(1));
    expect(timeX(0.01)).toBe(timeX(0.5));
    expect(timeX(60_000)).toBe(timeX(10_000));
  });
});
