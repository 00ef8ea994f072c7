/** Replays a trace against a policy and counts. The first fifth fills the cache and is not counted. */
import type { Policy } from './policies/policy.js';
import type { Trace } from './traces.js';

export interface Replayed {
  /** Of the requests. */
  readonly hitRatio: number;
  /** Of the bytes that were asked for. */
  readonly byteHitRatio: number;
  /** The most that was kept at any time. */
  readonly peakBytes: number;
}

const FILLING_SHARE = 0.2;

/** `keys` by object, made before, as a request brings its own. */
export function replay(trace: Trace, keys: readonly string[], policy: Policy): Replayed {
  const countedFrom = Math.floor(trace.requests.length * FILLING_SHARE);
  let asked = 0;
  let askedBytes = 0;
  let hits = 0;
  let hitBytes = 0;
  let peakBytes = 0;
  trace.requests.forEach((object, i) => {
    const bytes = trace.bytes[object] ?? 0;
    const isHit = policy.ask(keys[object] ?? '', bytes);
    peakBytes = Math.max(peakBytes, policy.bytes);
    if (i < countedFrom) return;
    asked += 1;
    askedBytes += bytes;
    if (!isHit) return;
    hits += 1;
    hitBytes += bytes;
  });
  return { hitRatio: hits / asked, byteHitRatio: hitBytes / askedBytes, peakBytes };
}

export const keysOf = (trace: Trace): string[] =>
  Array.from(trace.bytes, (_, object) => `GET https www.example.com /objects/${object}.jpg`);
