/**
 * What was learnt of latency outlives snapshots: one window for each route, each upstream that it asks, and each wait that
 * it learns. Owns them all. A fallback's latency says nothing about that of the upstream it stands in for, and a route that
 * a reload leads elsewhere begins anew. Windows are asked for when a chain is compiled and held by it.
 */
import type { LearntWait } from '@weir/proto/events/latency-sketches.js';
import { boundedKeys } from '../limit/local-limiter.js';
import { LatencyWindow } from './latency-window.js';

export type { LearntWait };

export interface KnownWindow {
  readonly route: string;
  readonly upstream: string;
  readonly wait: LearntWait;
  readonly window: LatencyWindow;
}

export interface LatencyStore {
  /** The same object for the same route, upstream and wait as long as the node remembers it. */
  window(routeId: string, upstreamId: string, wait: LearntWait): LatencyWindow;
  /** Undefined where nothing of the kind is learnt here. Leaves alone what is forgotten first. */
  known(routeId: string, upstreamId: string, wait: LearntWait): LatencyWindow | undefined;
  all(): Iterable<KnownWindow>;
}

/** Windows of all snapshots since the node began, the least recently compiled forgotten first: 50 to 100 MiB when full. */
const WINDOWS_MAX = 4_096;

export function createLatencyStore(windowsMax = WINDOWS_MAX): LatencyStore {
  const windows = boundedKeys<KnownWindow>(windowsMax);
  // Ids have no spaces, so no two of these give the same name.
  const nameOf = (route: string, upstream: string, wait: LearntWait): string => `${wait} ${route} ${upstream}`;
  return {
    window(route, upstream, wait) {
      const name = nameOf(route, upstream, wait);
      let known = windows.get(name);
      if (known === undefined) {
        known = { route, upstream, wait, window: new LatencyWindow() };
        windows.set(name, known);
      }
      return known.window;
    },
    known: (route, upstream, wait) => windows.peek(nameOf(route, upstream, wait))?.window,
    all: () => windows.values(),
  };
}
