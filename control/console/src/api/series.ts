/** Traffic over time, as control keeps it: one point for each second, minute or hour. Pure. */

export interface Point {
  /** Milliseconds since 1970, of the beginning of the interval. */
  readonly t: number;
  readonly requests: number;
  readonly errors: number;
  readonly timeouts: number;
  /** Would have been timeouts, and were answered. */
  readonly saved: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface Series {
  readonly step: string;
  readonly points: readonly Point[];
}

const SECOND_MS = 1_000;
const quiet = {
  ...{ requests: 0, errors: 0, timeouts: 0, saved: 0, p50: 0, p95: 0, p99: 0, bytesIn: 0, bytesOut: 0 },
} as const;

/**
 * The `count` seconds up to the latest that is known, each once (the later word counts). Control keeps no second in which nobody called: such a one is a
 * zero here, or a line would be drawn over it from one call to the next.
 */
export function withSeconds(known: readonly Point[], more: readonly Point[], count: number): readonly Point[] {
  const byTime = new Map([...known, ...more].map((point) => [point.t, point]));
  if (byTime.size === 0) return [];
  const last = Math.max(...byTime.keys());
  return Array.from({ length: count }, (_, index) => {
    const t = last - (count - 1 - index) * SECOND_MS;
    return byTime.get(t) ?? { t, ...quiet };
  });
}

export function sumOf(points: readonly Point[], of: (point: Point) => number): number {
  return points.reduce((sum, point) => sum + of(point), 0);
}

/** A point that came over the wire; null: it is none. */
export function pointOf(value: unknown): Point | null {
  if (typeof value !== 'object' || value === null) return null;
  // What JSON has read; each field is looked at.
  const told = value as Record<string, unknown>;
  const count = (name: string): number => (typeof told[name] === 'number' ? told[name] : 0);
  if (typeof told['t'] !== 'number') return null;
  return {
    ...{ t: told['t'], requests: count('requests'), errors: count('errors'), timeouts: count('timeouts') },
    ...{ saved: count('saved'), p50: count('p50'), p95: count('p95'), p99: count('p99') },
    ...{ bytesIn: count('bytesIn'), bytesOut: count('bytesOut') },
  };
}
