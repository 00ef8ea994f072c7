/**
 * Tells controls once a second what the calls of this node have come to: for their charts and their call log. Without traffic nothing is told,
 * and where the bus is away it is dropped: nothing waits for it.
 */
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { TakenCalls } from '../observe/call-tally.js';
import type { Timers } from '../time/clock.js';

export const TELL_CALLS_MS = 1_000;

/** For as long as the timers run. */
export function tellCalls(
  presence: Pick<Presence, 'life' | 'tell'> | null,
  timers: Timers,
  take: () => TakenCalls | null,
): void {
  if (presence === null) return;
  const timer = timers.create(() => {
    timer.arm(TELL_CALLS_MS);
    const taken = take();
    const { id, session } = presence.life;
    if (taken !== null) presence.tell({ kind: 'calls', id, session, ...taken });
  });
  timer.arm(TELL_CALLS_MS);
}
