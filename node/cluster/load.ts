/**
 * How much of what a node can do is in use, as heartbeats tell it and as an autoscaler reads it: the fullest of what it
 * has for all routes together. Pure.
 *
 *   event loop    share of the last ten seconds in which it was busy
 *   connections   of clients, of those that it may hold; beyond them it refuses
 *   bodies        bytes of request bodies that are kept, of `limits.bodies`; beyond them no body is kept
 *
 * A full gate before an upstream is not in it: it tells of the upstream, and more nodes would not help.
 */

export interface LoadReading {
  /** 0 to 1. */
  readonly loopUtilization: number;
  readonly connections: number;
  readonly connectionsMax: number;
  readonly bodyBytes: number;
  readonly bodyBytesMax: number;
}

/** In thousandths; 1000 means that something is refused, or about to be. */
export function loadPermille(reading: LoadReading): number {
  const { loopUtilization, connections, connectionsMax, bodyBytes, bodyBytesMax } = reading;
  const share = Math.max(loopUtilization, shareOf(connections, connectionsMax), shareOf(bodyBytes, bodyBytesMax));
  return Math.round(1_000 * Math.min(1, share));
}

/** Where there is no bound, or none yet, nothing of it is in use. */
function shareOf(used: number, max: number): number {
  return max > 0 && Number.isFinite(max) ? Math.max(0, used / max) : 0;
}
