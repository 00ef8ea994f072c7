/** Which routes, services or consumers have the most of something in the last minutes, or of each thing at once. Pure. */
import type { Point } from './point.js';
import type { Series } from './series.js';
import { pointsSince } from './since.js';

export const topKinds = ['route', 'service', 'consumer'] as const;
export type TopKind = (typeof topKinds)[number];
export const topMeasures = ['requests', 'errors', 'timeouts', 'saved', 'latency', 'bytes'] as const;
export type TopMeasure = (typeof topMeasures)[number];

export interface TopEntry {
  /** Empty: no route; consumers that were too many to be told apart. */
  readonly name: string;
  readonly value: number;
  readonly requests: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly saved: number;
  /** The worst of its minutes, in milliseconds. */
  readonly p95: number;
}

interface TopWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Since when it is to be seen, by name; null: not at all. */
type SeenSince = (name: string) => number | null;

export function topOf(
  series: Series,
  by: TopKind,
  of: TopMeasure,
  window: TopWindow,
  max: number,
  seenSince: SeenSince = () => 0,
): readonly TopEntry[] {
  return mostOf(sumsOf(series, by, window, seenSince), of, max);
}

/** By each measure; what was called is summed up once for all of them. */
export function topOfEach(
  series: Series,
  by: TopKind,
  window: TopWindow,
  max: number,
  seenSince: SeenSince = () => 0,
): Readonly<Record<TopMeasure, readonly TopEntry[]>> {
  const sums = sumsOf(series, by, window, seenSince);
  const of = (measure: TopMeasure): readonly TopEntry[] => mostOf(sums, measure, max);
  return {
    ...{ requests: of('requests'), errors: of('errors'), timeouts: of('timeouts') },
    ...{ saved: of('saved'), latency: of('latency'), bytes: of('bytes') },
  };
}

type Sums = Omit<TopEntry, 'value'> & { readonly bytes: number };

function sumsOf(series: Series, by: TopKind, window: TopWindow, seenSince: SeenSince): readonly Sums[] {
  return series.names(by).flatMap((track) => {
    const bornWallMs = seenSince(track.slice(by.length + 1));
    if (bornWallMs === null) return [];
    const points = pointsSince(series, track, '1m', { ...window, bornWallMs });
    const sum = (value: (point: Point) => number): number => points.reduce((all, point) => all + value(point), 0);
    const told: Sums = {
      name: track.slice(by.length + 1),
      requests: sum(({ requests }) => requests),
      errors: sum(({ errors }) => errors),
      timeouts: sum(({ timeouts }) => timeouts),
      saved: sum(({ saved }) => saved),
      p95: Math.max(0, ...points.map(({ p95 }) => p95)),
      bytes: sum(({ bytesIn, bytesOut }) => bytesIn + bytesOut),
    };
    return [told];
  });
}

function mostOf(sums: readonly Sums[], of: TopMeasure, max: number): readonly TopEntry[] {
  const value = (told: Sums): number => (of === 'latency' ? told.p95 : told[of]);
  return sums
    .filter((told) => value(told) > 0)
    .sort((one, other) => value(other) - value(one) || (one.name < other.name ? -1 : 1))
    .slice(0, max)
    .map((sum) => {
      const { bytes: _, ...told } = sum;
      return { ...told, value: value(sum) };
    });
}
