/** How a replica treats one request while a fault is on it: the decision alone, and the line of a limited capacity. Pure. */
import type { Fault } from '../faults.js';

export type Answer =
  | { readonly kind: 'whole'; readonly afterMs: number }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'never' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'close' }
  | { readonly kind: 'half' }
  | { readonly kind: 'pieces'; readonly pieces: number; readonly everyMs: number };

export interface Arrival {
  /** An active health check. It is short and cheap, so trouble with bodies, capacity and chance doesn't reach it. */
  readonly isProbe: boolean;
  readonly nowMs: number;
  /** How long the connection was idle before this request; null: it is the first one on it. */
  readonly idleMs: number | null;
  /** 0 to 1, drawn for this attempt. */
  readonly chance: number;
}

export function answerOf(fault: Fault, arrival: Arrival, line: Line): Answer {
  const atOnce: Answer = { kind: 'whole', afterMs: 0 };
  switch (fault.kind) {
    case 'none':
    case 'silent': // Packets are lost outside of the process, which knows nothing of it.
    case 'stopping':
      return atOnce;
    case 'stalled':
    case 'dead': // What still was in the socket when the port closed.
      return { kind: 'never' };
    case 'resetting':
      return { kind: 'reset' };
    case 'failing':
      return { kind: 'status', status: fault.status };
    case 'slow':
      return { kind: 'whole', afterMs: fault.ms };
    case 'closing-idle':
      return arrival.idleMs !== null && arrival.idleMs >= fault.idleMs ? { kind: 'close' } : atOnce;
    case 'trickling':
      return arrival.isProbe ? atOnce : { kind: 'pieces', pieces: fault.pieces, everyMs: fault.everyMs };
    case 'stalling-body':
      return arrival.isProbe ? atOnce : { kind: 'half' };
    case 'random-stalls':
      return { kind: 'whole', afterMs: !arrival.isProbe && arrival.chance < fault.share ? fault.ms : 0 };
    case 'capacity':
      return arrival.isProbe ? atOnce : { kind: 'whole', afterMs: line.enter(arrival.nowMs, fault) - arrival.nowMs };
  }
}

/**
 * First come, first served, by a fixed number of workers. Work that nobody waits for any more is done all the same, as
 * in a server that finds out only when it writes; this is what makes overload spread.
 */
export interface Line {
  /** Takes the next place; returns when the answer will be ready. */
  enter(nowMs: number, capacity: { readonly workers: number; readonly serviceMs: number }): number;
  clear(): void;
}

export function createLine(): Line {
  // When each worker is free again. The line itself needs no list: whoever comes takes the worker that is free first.
  let freeAtMs: number[] = [];
  return {
    enter: (nowMs, { workers, serviceMs }) => {
      while (freeAtMs.length < workers) freeAtMs.push(nowMs);
      const first = freeAtMs.indexOf(Math.min(...freeAtMs));
      const readyAtMs = Math.max(nowMs, freeAtMs[first] ?? nowMs) + serviceMs;
      freeAtMs[first] = readyAtMs;
      return readyAtMs;
    },
    clear: () => {
      freeAtMs = [];
    },
  };
}
