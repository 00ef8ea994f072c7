/** Which routes, services or consumers have the most of something in the last minutes. Pure. */
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

export function topOf(
  series: Series,
  by: TopKind,
  of: TopMeasure,
  window: { readonly fromMs: number; readonly toMs: number },
  max: number,
  /** Since when it is to be seen, by name; null: not at all. */
  seenSince: (name: string) => number | null = () => 0,
): readonly TopEntry[] {
  const entries = series.names(by).flatMap((track) => {
    const bornWallMs = seenSince(track.slice(by.length + 1));
    if (bornWallMs === null) return [];
    const points = pointsSince(series, track, '1m', { ...window, bornWallMs });
    const sum = (value: (point: Point) => number): number => points.reduce((all, point) => all + value(point), 0);
    const told = {
      name: track.slice(by.length + 1),
      requests: sum(({ requests }) => requests),
      errors: sum(({ errors }) => errors),
      timeouts: sum(({ timeouts }) => timeouts),
      saved: sum(({ saved }) => saved),
      p95: Math.max(0, ...points.map(({ p95 }) => p95)),
    };
    const bytes = sum(({ bytesIn, bytesOut }) => bytesIn + bytesOut);
    return [{ ...told, value: of === 'latency' ? told.p95 : of === 'bytes' ? bytes : told[of] }];
  });
  return entries
    .filter(({ value }) => value > 0)
    .sort((one, other) => other.value - one.value || (one.name < other.name ? -1 : 1))
    .slice(0, max);
}
