/** Who is there, and since when: what every member tells of itself, and what it is told when its incarnation is too old. */
import { isCount, isFields, isName, isSerial } from './guards.js';

export const roles = ['node', 'control'] as const;
export type Role = (typeof roles)[number];

/** One life of a member. */
export interface Life {
  /** The same after a restart. */
  readonly id: string;
  /** Of two lives of one id the larger is the later one. */
  readonly incarnation: number;
  /** Drawn when the process began: two processes that were given one id differ in it. */
  readonly session: number;
}

/** Numbers of the latest message of each stream that the sender has published: whoever has heard fewer has missed some. */
export interface Told {
  readonly health: number;
  readonly rate: number;
  readonly latency: number;
}
export const streams = ['health', 'rate', 'latency'] as const;
export type Stream = (typeof streams)[number];

/** Member → all, every `intervalMs`, which depends on how many members there are. */
export interface Heartbeat extends Life {
  readonly kind: 'heartbeat';
  readonly role: Role;
  /** Of heartbeats. */
  readonly seq: number;
  readonly intervalMs: number;
  /** In force; 0: none yet. */
  readonly snapshotVersion: number;
  /** Share of what it can do that is in use, in thousandths; above 1000 it sheds. */
  readonly loadPermille: number;
  /** Number of the last entry of the purge log that it has applied, or of control that it knows of. */
  readonly purgeEpoch: number;
  readonly told: Told;
}

/** Member → all: it ends in good order. */
export interface Leave extends Life {
  readonly kind: 'leave';
}

/** Member → one: this life of yours is known, which is no earlier one than yours, so nobody listens to you. */
export interface Outdated extends Life {
  readonly kind: 'outdated';
}

export function readHeartbeat(value: unknown): Heartbeat | null {
  if (!isFields(value)) return null;
  const life = readLife(value);
  const { role, seq, intervalMs, snapshotVersion, loadPermille, purgeEpoch, told } = value;
  if (life === null || (role !== 'node' && role !== 'control') || !isSerial(seq)) return null;
  if (!isCount(intervalMs) || !isSerial(snapshotVersion) || !isCount(loadPermille) || !isSerial(purgeEpoch))
    return null;
  if (!isFields(told)) return null;
  const { health, rate, latency } = told;
  if (!isSerial(health) || !isSerial(rate) || !isSerial(latency)) return null;
  const numbers = { seq, intervalMs, snapshotVersion, loadPermille, purgeEpoch };
  return { kind: 'heartbeat', ...life, role, ...numbers, told: { health, rate, latency } };
}

export function readLeave(value: unknown): Leave | null {
  const life = readLife(value);
  return life === null ? null : { kind: 'leave', ...life };
}

export function readOutdated(value: unknown): Outdated | null {
  const life = readLife(value);
  return life === null ? null : { kind: 'outdated', ...life };
}

function readLife(value: unknown): Life | null {
  if (!isFields(value)) return null;
  const { id, incarnation, session } = value;
  return isName(id) && isSerial(incarnation) && isCount(session) ? { id, incarnation, session } : null;
}
