/** Calls and patterns for tests of advice. Only tests import this file. */

import type { Seen } from '../burst-patterns.js';
import { shapeOf } from '../path-shape.js';
import type { PatternCount } from '../pattern-store.js';
import type { Call } from '../trail.js';

/** `GET path`, from so many milliseconds on and for as many. */
export function call(target: string, startMs: number, forMs = 20, routeId?: string): Call {
  const [path = '', query = ''] = target.split('?');
  const shaped = shapeOf(path, {});
  if (shaped === null) throw new Error(`${path} has no shape`);
  return {
    ...{ routeId: routeId ?? path.split('/')[1] ?? '', shape: shaped.shape, values: shaped.values },
    ...{ query: [...new URLSearchParams(query)], startMs, endMs: startMs + forMs, bytes: 100, wasAsked: true },
  };
}

/** As often as it takes to be told. */
export function counted(pattern: Seen, times = 10): PatternCount {
  const { calls, asked, askedAfter, spanMs, spanAfterMs } = pattern;
  return {
    ...{ pattern, times, distinct: 8, calls: calls * times, asked: asked * times, askedAfter: askedAfter * times },
    ...{ spanMs: spanMs * times, spanAfterMs: spanAfterMs * times },
  };
}
