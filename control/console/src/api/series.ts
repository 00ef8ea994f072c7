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

/** In order of time, each moment once (the later word counts), and no more than `max` of them. */
export function withPoints(known: readonly Point[], more: readonly Point[], max: number): readonly Point[] {
  const byTime = new Map(known.map((point) => [point.t, point]));
  for (const point of more) byTime.set(point.t, point);
  return [...byTime.values()].sort((one, other) => one.t - other.t).slice(-max);
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
