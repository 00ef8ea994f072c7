/**
 * What was learnt of latency outlives snapshots: one window for each route and each wait that it learns. Owns them all.
 * A reload that keeps a route's id keeps what is known of it; where the route now leads elsewhere, a minute of traffic
 * replaces what was true before. Windows are asked for when a chain is compiled and held by it.
 */
import { LRUCache } from 'lru-cache';
import { LatencyWindow } from './latency-window.js';

/**
 * - `firstByte`: request sent → head of the response, of one attempt
 * - `attempt`: one attempt, from its first phase to the end of its answer
 * - `answer`: an attempt given to the chain → its answer begun, or whole where it is held back (`protect`)
 */
export type LearntWait = 'firstByte' | 'attempt' | 'answer';

export interface LatencyStore {
  /** The same object for the same route and wait as long as the node remembers it. */
  window(routeId: string, wait: LearntWait): LatencyWindow;
}

/** Windows of all snapshots since the node began, the least recently compiled forgotten first: 50 to 100 MiB when full. */
const WINDOWS_MAX = 4_096;

export function createLatencyStore(windowsMax = WINDOWS_MAX): LatencyStore {
  const windows = new LRUCache<string, LatencyWindow>({ max: windowsMax });
  return {
    window(routeId, wait) {
      // The wait is one of three words without a colon, so no two pairs give the same name.
      const name = `${wait}:${routeId}`;
      let window = windows.get(name);
      if (window === undefined) {
        window = new LatencyWindow();
        windows.set(name, window);
      }
      return window;
    },
  };
}
