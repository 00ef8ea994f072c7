/**
 * What was learnt of latency outlives snapshots: one window for each route, each upstream that it asks, and each wait that
 * it learns. Owns them all. A fallback's latency says nothing about that of the upstream it stands in for, and a route that
 * a reload leads elsewhere begins anew. Windows are asked for when a chain is compiled and held by it.
 */
import { LRUCache } from 'lru-cache';
import { LatencyWindow } from './latency-window.js';

/**
 * - `firstByte`: request sent → head of the response, of one attempt
 * - `attempt`: one attempt, from its first phase to the end of its answer
 * - `answer`: an attempt given to the chain → its answer begun, or whole where it is held back (`protect`)
 * - `fetch`: a request made on behalf of the cache → its answer begun, with all that was tried for it
 */
export type LearntWait = 'firstByte' | 'attempt' | 'answer' | 'fetch';

export interface LatencyStore {
  /** The same object for the same route, upstream and wait as long as the node remembers it. */
  window(routeId: string, upstreamId: string, wait: LearntWait): LatencyWindow;
}

/** Windows of all snapshots since the node began, the least recently compiled forgotten first: 50 to 100 MiB when full. */
const WINDOWS_MAX = 4_096;

export function createLatencyStore(windowsMax = WINDOWS_MAX): LatencyStore {
  const windows = new LRUCache<string, LatencyWindow>({ max: windowsMax });
  return {
    window(routeId, upstreamId, wait) {
      // Ids have no spaces, so no two of these give the same name.
      const name = `${wait} ${routeId} ${upstreamId}`;
      let window = windows.get(name);
      if (window === undefined) {
        window = new LatencyWindow();
        windows.set(name, window);
      }
      return window;
    },
  };
}
