/** Vectors in the memory of one node, of which no other one hears. */
import type { Clock } from '../../time/clock.js';
import type { VectorStore } from './vector-store.js';
import type { Vectors } from './vectors.js';

export function memoryVectors(known: Vectors, clock: Pick<Clock, 'nowMs'>): VectorStore {
  return {
    open() {},
    look: (scope) => ({
      nearest: (vector, threshold, go) => go(known.nearest(scope, vector, threshold, clock.nowMs())),
      giveUp() {},
    }),
    add(scope, { key, vector }, ttlMs, { entriesMax }) {
      const nowMs = clock.nowMs();
      known.add(scope, { key, vector, untilMs: nowMs + ttlMs }, entriesMax, nowMs);
    },
    withoutAnswer: (scope, key) => known.withoutAnswer(scope, key, clock.nowMs()),
    close() {},
  };
}
