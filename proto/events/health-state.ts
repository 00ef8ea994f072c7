/**
 * Node → one: all that it holds to be out, asked for by who is new or has missed something. In parts, each a question of
 * its own: a part is `outsMax` targets, and the asker goes on behind it.
 */
import { isCount, isFields, isListOf, isName } from './guards.js';
import type { HealthChange } from './health.js';
import { boundedChange } from './opinion.js';

export interface HealthState {
  readonly kind: 'health.state';
  readonly id: string;
  readonly incarnation: number;
  /** Number of the latest message of the stream `health` that was told before: what is older than this is outdated by it. */
  readonly seq: number;
  /** How many there are, those of other parts included. */
  readonly total: number;
  readonly outs: readonly StandingOut[];
}

export interface StandingOut {
  readonly change: HealthChange;
  /** As far as the teller knows; by its own clock, since wall clocks differ. */
  readonly forMs: number;
  /** Told by the sender on its own account, or passed on. */
  readonly isOwn: boolean;
}

export const outsMax = 200;
/** More parts than these nobody asks for. */
export const partsMax = 10;

export function readHealthState(value: unknown): HealthState | null {
  if (!isFields(value)) return null;
  const { id, incarnation, seq, total, outs } = value;
  if (
    !isName(id) ||
    !isCount(incarnation) ||
    !isCount(seq) ||
    !isCount(total) ||
    !isListOf(outs, outsMax, isStandingOut)
  )
    return null;
  const plain = outs.map(({ change, forMs, isOwn }) => ({ change: boundedChange.parse(change), forMs, isOwn }));
  return { kind: 'health.state', id, incarnation, seq, total, outs: plain };
}

function isStandingOut(value: unknown): value is StandingOut {
  if (!isFields(value)) return false;
  const { change, forMs, isOwn } = value;
  return isCount(forMs) && typeof isOwn === 'boolean' && boundedChange.safeParse(change).success;
}
