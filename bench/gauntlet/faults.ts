/**
 * What can be wrong with a replica, and when. A plan is data: steps that the runner performs at their moments, made anew
 * for each proxy from the same seed, so that all meet the same trouble at the same time. Pure.
 */

export type Fault =
  | { readonly kind: 'none' }
  /** Takes connections and requests, answers nothing. */
  | { readonly kind: 'stalled' }
  /** The process is gone: the port is closed, its connections are too. */
  | { readonly kind: 'dead' }
  /** A stop in good order: no new connections, what is under way is answered, idle connections are closed. */
  | { readonly kind: 'stopping' }
  /** Packets are lost in silence, both those of open connections and those of new ones; see black-hole.ts. */
  | { readonly kind: 'silent' }
  /** Reads the request, then resets the connection. */
  | { readonly kind: 'resetting' }
  /** Answers this status at once. */
  | { readonly kind: 'failing'; readonly status: number }
  /** Answers right, so much later. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Sends its head at once, then the body in so many pieces, one each `everyMs`. */
  | { readonly kind: 'trickling'; readonly pieces: number; readonly everyMs: number }
  /** Sends its head and half of the body, then nothing. */
  | { readonly kind: 'stalling-body' }
  /** Closes a connection that has been idle for so long at the moment at which it is used again. */
  | { readonly kind: 'closing-idle'; readonly idleMs: number }
  /** This share of the requests, drawn by the seed, is answered so much later. */
  | { readonly kind: 'random-stalls'; readonly share: number; readonly ms: number }
  /** Serves so many at once, each for so long; the rest wait in line, without end. */
  | { readonly kind: 'capacity'; readonly workers: number; readonly serviceMs: number };

export type ReplicaIndex = 0 | 1 | 2;
export const replicaIndexes: readonly ReplicaIndex[] = [0, 1, 2];

export interface FaultStep {
  /** Since the beginning of what is measured; negative steps stand already in the warm-up. */
  readonly atMs: number;
  readonly replica: ReplicaIndex;
  readonly fault: Fault;
}

export type FaultPlan = readonly FaultStep[];

export const WELL: Fault = { kind: 'none' };

/** The fault that stays from the beginning to the end, at one replica. */
export const one = (fault: Fault): FaultPlan => [{ atMs: 0, replica: 1, fault }];

/** The same at all of them, from `fromMs` until `untilMs`, or to the end. */
export function everywhere(fault: Fault, fromMs = 0, untilMs = Number.POSITIVE_INFINITY): FaultPlan {
  const step = (atMs: number, what: Fault) => replicaIndexes.map((replica) => ({ atMs, replica, fault: what }));
  return untilMs === Number.POSITIVE_INFINITY ? step(fromMs, fault) : [...step(fromMs, fault), ...step(untilMs, WELL)];
}

/** One after the other is stopped in good order and comes back; the next follows when the last has been back a while. */
export function rollingRestart(lengthMs: number): FaultPlan {
  const turnMs = lengthMs / replicaIndexes.length;
  return replicaIndexes.flatMap(
    (replica): FaultPlan => [
      { atMs: replica * turnMs, replica, fault: { kind: 'stopping' } },
      { atMs: replica * turnMs + turnMs * 0.6, replica, fault: WELL },
    ],
  );
}

/** Dead and alive in turns. */
export function flapping(lengthMs: number, everyMs: number): FaultPlan {
  const turns = Math.ceil(lengthMs / everyMs);
  return Array.from({ length: turns }, (_, turn) => ({
    atMs: turn * everyMs,
    replica: 1 as const, // An element's type would widen to number without it.
    fault: turn % 2 === 0 ? { kind: 'dead' as const } : WELL,
  }));
}

/** Steps in the order in which they are due; those of the same moment keep theirs. */
export const inOrder = (plan: FaultPlan): FaultPlan => plan.toSorted((left, right) => left.atMs - right.atMs);
