/**
 * Tells controls once a second what the calls of this node have come to, for their charts and their call log, and what requests to models took.
 * Without traffic nothing is told, and nothing waits for the bus: where it is away, calls are dropped, and what was spent is told later.
 */
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { TakenCalls } from '../observe/call-tally.js';
import type { SpendTally } from '../observe/spend-tally.js';
import type { Timers } from '../time/clock.js';

export const TELL_CALLS_MS = 1_000;

export interface Told {
  readonly calls: { take(): TakenCalls | null };
  readonly spends: Pick<SpendTally, 'take' | 'giveBack'>;
}

/** For as long as the timers run. Returns how to tell what is left of a node that ends. */
export function tellCalls(
  presence: Pick<Presence, 'life' | 'tell'> | null,
  timers: Timers,
  { calls, spends }: Told,
): () => void {
  if (presence === null) return () => {};
  const tell = (): void => {
    const head = { kind: 'calls', id: presence.life.id, session: presence.life.session } as const;
    const taken = calls.take();
    if (taken !== null) presence.tell({ ...head, ...taken });
    // By themselves: a second of many calls, which is too large for a message, costs nothing of what was spent.
    const spent = spends.take();
    if (spent === null) return;
    if (presence.tell({ ...head, rows: [], records: [], untold: 0, ...spent }) !== 'sent') spends.giveBack(spent);
  };
  const timer = timers.create(() => {
    timer.arm(TELL_CALLS_MS);
    tell();
  });
  timer.arm(TELL_CALLS_MS);
  return tell;
}
