/** A member's own sight of its cluster, as it is told on status pages and in `weir status`. */
import { z } from 'zod';
import { type Role, roles } from './membership.js';

export const memberStandings = ['alive', 'suspect', 'dead', 'left'] as const;

/** One's own sight of the cluster. Plain data, no secrets. */
export interface ClusterStatus {
  readonly cluster: string;
  /** One's own name in it. */
  readonly id: string;
  readonly bus: BusStatus;
  readonly loadPermille: number;
  readonly purgeEpoch: number;
  /** The others, in the order of their names; the first ones where there are very many. */
  readonly members: readonly MemberRow[];
  readonly standings: Readonly<Record<(typeof memberStandings)[number], number>>;
  /** Messages of others that could not be read, and those of another release. */
  readonly malformed: number;
  readonly unknown: number;
}

export interface BusStatus {
  readonly isConnected: boolean;
  /** So long it has been as it is. */
  readonly forMs: number;
  /** What went wrong last; empty where nothing did. */
  readonly trouble: string;
}

export interface MemberRow {
  readonly id: string;
  readonly role: Role;
  readonly standing: (typeof memberStandings)[number];
  readonly forMs: number;
  readonly snapshotVersion: number;
  readonly loadPermille: number;
  readonly purgeEpoch: number;
}

const count = z.number().int().nonnegative();
const ms = z.number();
const memberRow = z.object({
  id: z.string(),
  role: z.enum(roles),
  standing: z.enum(memberStandings),
  forMs: ms,
  snapshotVersion: count,
  loadPermille: count,
  purgeEpoch: count,
});

export const clusterStatusSchema: z.ZodType<ClusterStatus> = z.object({
  cluster: z.string(),
  id: z.string(),
  bus: z.object({ isConnected: z.boolean(), forMs: ms, trouble: z.string() }),
  loadPermille: count,
  purgeEpoch: count,
  members: z.array(memberRow),
  standings: z.object({ alive: count, suspect: count, dead: count, left: count }),
  malformed: count,
  unknown: count,
});
