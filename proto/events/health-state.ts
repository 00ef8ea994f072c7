/**
 * Node → one: all that it holds to be out, asked for by who is new or has missed something. In parts, each a question of
 * its own: a part is `outsMax` targets, and the asker goes on behind it.
 */
import { isCount, isFields, isName } from './guards.js';
import type { HealthChange } from './health.js';
import { readChange } from './opinion.js';

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
  if (!isName(id) || !isCount(incarnation) || !isCount(seq) || !isCount(total)) return null;
  if (!Array.isArray(outs) || outs.length > outsMax) return null;
  const plain: StandingOut[] = [];
  for (const each of outs) {
    const out = readStandingOut(each);
    if (out === null) return null;
    plain.push(out);
  }
  return { kind: 'health.state', id, incarnation, seq, total, outs: plain };
}

function readStandingOut(value: unknown): StandingOut | null {
  if (!isFields(value)) return null;
  const { forMs, isOwn } = value;
  const change = readChange(value['change']);
  return change !== null && isCount(forMs) && typeof isOwn === 'boolean' ? { change, forMs, isOwn } : null;
}
