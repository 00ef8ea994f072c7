/**
 * Charts of calls: of all together, of each route, service and consumer; second by second for ten minutes, minute by minute for a day, hour
 * by hour for a month. Fed with the rows that nodes tell each second; a row counts when it is heard, for clocks of machines differ.
 * What nobody has called has no points. Pure: time is passed in, and what is closed is handed to whoever keeps it.
 *
 * Bounded by tracks and by points: the track that was silent for longest is forgotten, that of all calls never.
 */
import type { CallRow } from '@weir/proto/events/calls.js';
import { keptPoints, OpenPoint, type Point, type Step, stepMs, steps } from './point.js';

export const tracksMax = 2_000;
export const pointsMax = 300_000;

/** `all`, `route:ID`, `service:ID`, `consumer:ID`. */
export type TrackName = string;

export interface Closed {
  readonly of: TrackName;
  readonly step: Step;
  readonly point: Point;
}

interface Line {
  open: OpenPoint | null;
  /** Oldest first. */
  points: Point[];
}

type Track = Readonly<Record<Step, Line>>;

export const ALL: TrackName = 'all';
/** Routes of services are called `SERVICE@RELEASE/ID`. */
const serviceOf = (route: string): string | null => /^([a-z0-9-]+)@/.exec(route)?.[1] ?? null;

export class Series {
  /** In the order of their last calls. */
  readonly #tracks = new Map<TrackName, Track>();
  readonly #onClosed: (closed: Closed) => void;
  #points = 0;
  /** Tracks that there was no room for any more. */
  forgotten = 0;

  constructor(onClosed: (closed: Closed) => void = () => {}) {
    this.#onClosed = onClosed;
  }

  add(rows: readonly CallRow[], nowMs: number): void {
    for (const row of rows) {
      const [of, name] = row;
      this.#count(`${of}:${name}`, row, nowMs);
      if (of !== 'route') continue;
      this.#count(ALL, row, nowMs);
      const service = serviceOf(name);
      if (service !== null) this.#count(`service:${service}`, row, nowMs);
    }
    this.#bound();
  }

  /** A closed point of an earlier life of this process: hours first, each in the order of their times. */
  restore({ of, step, point }: Closed): void {
    const track = this.#track(of);
    const { points } = track[step];
    if ((points.at(-1)?.t ?? -1) >= point.t) return;
    points.push(point);
    this.#points += 1;
    this.#prune(points, step);
    // The hour in which that life ended goes on with its minutes.
    if (step === '1m') this.#addTo(of, track, '1h', point.t, (hour) => hour.addPoint(point));
    this.#bound();
  }

  /** From that time on and before the other; the last one may still be counted. Times without calls have no point. */
  points(of: TrackName, step: Step, fromMs: number, toMs: number): readonly Point[] {
    const line = this.#tracks.get(of)?.[step];
    if (line === undefined) return [];
    const found = line.points.filter(({ t }) => t >= fromMs && t < toMs);
    const { open } = line;
    return open !== null && open.t >= fromMs && open.t < toMs ? [...found, open.point()] : found;
  }

  /** Closes what is over, so that it is kept though nobody calls any more. */
  tick(nowMs: number): void {
    for (const [of, track] of this.#tracks)
      for (const step of steps) {
        const line = track[step];
        if (line.open !== null && line.open.t + stepMs[step] <= nowMs) this.#close(of, step, line);
      }
  }

  names(kind: 'route' | 'service' | 'consumer'): readonly TrackName[] {
    return [...this.#tracks.keys()].filter((name) => name.startsWith(`${kind}:`));
  }

  get size(): { readonly tracks: number; readonly points: number } {
    return { tracks: this.#tracks.size, points: this.#points };
  }

  #count(of: TrackName, row: CallRow, nowMs: number): void {
    const track = this.#track(of);
    this.#tracks.delete(of);
    this.#tracks.set(of, track);
    for (const step of steps) this.#addTo(of, track, step, nowMs, (open) => open.add(row));
  }

  #addTo(of: TrackName, track: Track, step: Step, atMs: number, add: (open: OpenPoint) => void): void {
    const line = track[step];
    const t = Math.floor(atMs / stepMs[step]) * stepMs[step];
    if (line.open !== null && line.open.t !== t) this.#close(of, step, line);
    // What is closed stays as it is: a clock was set back.
    if ((line.points.at(-1)?.t ?? -1) >= t) return;
    line.open ??= new OpenPoint(t);
    add(line.open);
  }

  #close(of: TrackName, step: Step, line: Line): void {
    if (line.open === null) return;
    const point = line.open.point();
    line.open = null;
    if ((line.points.at(-1)?.t ?? -1) >= point.t) return;
    line.points.push(point);
    this.#points += 1;
    this.#prune(line.points, step);
    this.#onClosed({ of, step, point });
  }

  #prune(points: Point[], step: Step): void {
    const last = points.at(-1)?.t ?? 0;
    const oldest = last - (keptPoints[step] - 1) * stepMs[step];
    let gone = 0;
    while ((points[gone]?.t ?? Number.POSITIVE_INFINITY) < oldest) gone += 1;
    if (gone > 0) points.splice(0, gone);
    this.#points -= gone;
  }

  #track(of: TrackName): Track {
    const known = this.#tracks.get(of);
    if (known !== undefined) return known;
    const line = (): Line => ({ open: null, points: [] });
    const made: Track = { '1s': line(), '1m': line(), '1h': line() };
    this.#tracks.set(of, made);
    return made;
  }

  #bound(): void {
    for (const [of, track] of this.#tracks) {
      if (this.#tracks.size <= tracksMax && this.#points <= pointsMax) return;
      if (of === ALL) continue;
      this.#tracks.delete(of);
      for (const step of steps) this.#points -= track[step].points.length;
      this.forgotten += 1;
    }
  }
}
