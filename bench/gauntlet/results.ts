/** What one run amounts to: shares, percentiles, repetitions. Pure. */
import { percentile } from '../measure/statistics.js';
import type { Counts, Ending, Sample } from './messages.js';
import type { GauntletPeer } from './peers.js';
import type { Answerable } from './scenarios.js';

export interface Run {
  readonly scenario: string;
  readonly peer: GauntletPeer;
  readonly ratePerS: number;
  readonly measureMs: number;
  readonly samples: readonly Sample[];
  readonly lateP99Ms: number;
  readonly counts: readonly Counts[];
}

export interface Result {
  readonly scenario: string;
  readonly peer: GauntletPeer;
  readonly sent: number;
  readonly endings: Readonly<Record<Ending, number>>;
  /** Status → whole answers that were none, such as 503 → 12. */
  readonly errors: Readonly<Record<string, number>>;
  /** Good answers, in time or collected later, among all requests. */
  readonly goodShare: number;
  /** The same among those that somebody could have answered. Above 1 when more was served than capacity promised. */
  readonly answerableShare: number;
  /** Of good answers, counted from the planned start; NaN when there was none. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** 99th percentile of the time to an error; NaN when there was none. */
  readonly errorP99Ms: number;
  /** Requests that the replicas received for each that a client sent. */
  readonly amplification: number;
  /** POSTs that replicas read more often than once. */
  readonly repeatedPosts: number;
  readonly probes: number;
  /** How late the client itself was, which is in all of the times above. */
  readonly lateP99Ms: number;
}

export function resultOf(run: Run, answerable: Answerable): Result {
  const { samples, counts } = run;
  const sum = (of: (count: Counts) => number): number => counts.reduce((total, count) => total + of(count), 0);
  const times = (kind: Ending): number[] =>
    samples.filter((sample) => sample.ending === kind).map(({ tookMs }) => tookMs);
  const good = times('good');
  const isGood = ({ ending }: Sample): boolean => ending === 'good' || ending === 'later';
  const posts = counts.flatMap((count) => count.posts);
  return {
    ...{ scenario: run.scenario, peer: run.peer, sent: samples.length, lateP99Ms: run.lateP99Ms },
    endings: {
      good: good.length,
      later: times('later').length,
      error: times('error').length,
      timeout: times('timeout').length,
      broken: times('broken').length,
    },
    errors: errorsOf(samples),
    goodShare: samples.filter(isGood).length / samples.length,
    answerableShare: answerableShareOf(run, answerable, isGood),
    p50Ms: percentile(good, 0.5),
    p99Ms: percentile(good, 0.99),
    p999Ms: percentile(good, 0.999),
    maxMs: percentile(good, 1),
    errorP99Ms: percentile(times('error'), 0.99),
    amplification: sum((count) => count.requests) / samples.length,
    repeatedPosts: posts.length - new Set(posts).size,
    probes: sum((count) => count.probes),
  };
}

function errorsOf(samples: readonly Sample[]): Record<string, number> {
  const errors: Record<string, number> = {};
  for (const { ending, status } of samples) {
    if (ending === 'error') errors[status] = (errors[status] ?? 0) + 1;
  }
  return errors;
}

function answerableShareOf(run: Run, answerable: Answerable, isGood: (sample: Sample) => boolean): number {
  const { samples, counts, measureMs } = run;
  const good = samples.filter(isGood).length;
  switch (answerable.kind) {
    case 'all':
    case 'later':
      return good / samples.length;
    case 'capacity':
      return good / ((answerable.perSecond * measureMs) / 1_000);
    case 'unswallowed':
      return good / (samples.length - counts.reduce((total, { swallowed }) => total + swallowed, 0));
    case 'outside': {
      const outside = samples.filter(({ dueMs }) => dueMs < answerable.fromMs || dueMs >= answerable.untilMs);
      return outside.filter(isGood).length / outside.length;
    }
  }
}
