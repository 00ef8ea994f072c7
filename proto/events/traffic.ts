/**
 * What a node answers when a control asks how its traffic fares (`ask('traffic')`): counts since its process began, so that
 * whoever has asked twice knows what happened in between, however many others ask. Asked while a version is tried out, every
 * half second; about 300 bytes, and never more than 2 KiB.
 */
import { z } from 'zod';
import { DURATION_SLOTS } from '../cluster/durations.js';
import { isLabel, labelsMax } from './labels.js';

export interface TrafficReport {
  readonly kind: 'traffic';
  readonly id: string;
  /** Of the life: with another one the counts begin anew. */
  readonly session: number;
  /** Snapshot in force; 0: none yet. */
  readonly version: number;
  /** What an operator calls this node by, such as `zone=a`; a canary may be chosen by it. */
  readonly labels: readonly string[];
  readonly counts: TrafficCounts;
}

export interface TrafficCounts {
  /** Exchanges that ended, but for those whose client left or was too slow. */
  readonly exchanges: number;
  /** Of them: answered with 5xx, or broken off. */
  readonly failed: number;
  /** Of those: by a timer. */
  readonly timeouts: number;
  /** Of the exchanges: answered with 4xx by the gateway itself: no such route, not allowed, beyond a limit. */
  readonly turnedAway: number;
  /** Times from the request's head to the answer's head, counted by their slots (proto/cluster/durations.ts), trailing zeros left out. */
  readonly slots: readonly number[];
}

const count = z.number().int().nonnegative();
const report: z.ZodType<TrafficReport> = z.object({
  kind: z.literal('traffic'),
  id: z.string().regex(/^[\w-]{1,64}$/),
  session: count,
  version: count,
  labels: z.array(z.string().refine(isLabel)).max(labelsMax),
  counts: z.object({
    exchanges: count,
    failed: count,
    timeouts: count,
    turnedAway: count,
    slots: z.array(count).max(DURATION_SLOTS),
  }),
});

export function readTrafficReport(value: unknown): TrafficReport | null {
  const parsed = report.safeParse(value);
  return parsed.success ? parsed.data : null;
}
