/**
 * A chart from some moment on: that at which a service or an application was made, for what was called by that id before was another one. The minute or
 * the hour in which it was made is put together of what is kept in smaller steps, as long as it is; then it is left out. Pure.
 */
import { OpenPoint, type Point, type Step, stepMs } from './point.js';
import type { Series, TrackName } from './series.js';

export interface Since {
  readonly fromMs: number;
  readonly toMs: number;
  /** 0: all of it. */
  readonly bornWallMs: number;
}

const smaller: Readonly<Record<Step, Step | null>> = { '1s': null, '1m': '1s', '1h': '1m' };

export function pointsSince(
  series: Pick<Series, 'points'>,
  of: TrackName,
  step: Step,
  { fromMs, toMs, bornWallMs }: Since,
): readonly Point[] {
  const whole = series.points(of, step, Math.max(fromMs, upTo(bornWallMs, step)), toMs);
  const begun = upTo(bornWallMs, step) - stepMs[step];
  const finer = smaller[step];
  if (finer === null || begun + stepMs[step] === bornWallMs || begun < fromMs || begun >= toMs) return whole;
  const parts = series.points(of, finer, upTo(bornWallMs, finer), begun + stepMs[step]);
  if (parts.length === 0) return whole;
  const point = new OpenPoint(begun);
  for (const part of parts) point.addPoint(part);
  return [point.point(), ...whole];
}

/** The first begin of a step that is not before it. */
function upTo(wallMs: number, step: Step): number {
  return Math.ceil(wallMs / stepMs[step]) * stepMs[step];
}
