/**
 * Node → controls: what became of an announced snapshot. Told when that is known, told again to a control that comes, and to
 * whoever asks (`ask('snapshot')`): a report that is lost is had again, so it needs no log.
 */
import { z } from 'zod';
import { isName, SERIAL_MAX } from './guards.js';

/**
 * - `applied`: in force on all workers of that host.
 * - `refused`: it can't be run, or is not what was announced; what was in force stays in force.
 * - `fetching`: it could not be had yet, and is tried again.
 */
export const reportStates = ['applied', 'refused', 'fetching'] as const;

export interface SnapshotReport {
  readonly kind: 'snapshot.report';
  /** Of the host: its workers are `ID-1`, `ID-2` where there are several. */
  readonly id: string;
  /** Of the announcement. */
  readonly serial: number;
  readonly version: number;
  readonly hash: string;
  readonly state: (typeof reportStates)[number];
  /** In words for people; empty where it is applied. */
  readonly reason: string;
}

export const reasonLengthMax = 1_000;

/** No member signs what it reports, so no number is believed that control could not go beyond. */
const serial = z.number().int().nonnegative().max(SERIAL_MAX);
const report: z.ZodType<SnapshotReport> = z.object({
  kind: z.literal('snapshot.report'),
  id: z.custom<string>(isName),
  serial,
  version: serial,
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  state: z.enum(reportStates),
  reason: z.string().max(reasonLengthMax),
});

export function readSnapshotReport(value: unknown): SnapshotReport | null {
  const parsed = report.safeParse(value);
  return parsed.success ? parsed.data : null;
}
