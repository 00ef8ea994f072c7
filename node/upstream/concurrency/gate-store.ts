/**
 * The gates of this node: one per upstream and definition, whatever snapshots come and go. A reload that leaves the
 * concurrency of an upstream as it is leaves its gate, with those inside, those who wait and the limit that was learnt.
 */
import type { ConcurrencySpec } from '@weir/proto/snapshot/resilience.js';
import type { UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import { LRUCache } from 'lru-cache';
import { Gate } from './gate.js';

export interface GateStore {
  /** The same object for the same upstream and definition as long as the node lives. */
  gate(upstreamId: string, spec: ConcurrencySpec): Gate;
}

/** What is shown of a gate. */
export interface GateReading {
  readonly upstream: string;
  readonly limit: number;
  readonly inFlight: number;
  readonly queued: number;
}

/** Gates of all snapshots since the node began, the least recently compiled forgotten first; it lives on for its requests. */
const GATES_MAX = 10_000;

export function createGateStore(gatesMax = GATES_MAX): GateStore {
  const gates = new LRUCache<string, Gate>({ max: gatesMax });
  return {
    gate(upstreamId, spec) {
      const { mode, limitMin, limitMax, limitStart, queue } = spec;
      const identity = JSON.stringify([upstreamId, mode, limitMin, limitMax, limitStart, queue]);
      const known = gates.get(identity);
      if (known !== undefined) return known;
      const made = new Gate(spec);
      gates.set(identity, made);
      return made;
    },
  };
}

/** The gates of the upstreams that have one. */
export function gateReadings(store: GateStore, upstreams: readonly UpstreamSpec[]): GateReading[] {
  const readings: GateReading[] = [];
  for (const { id, concurrency } of upstreams) {
    if (concurrency === null) continue;
    const { limit, inFlight, queued } = store.gate(id, concurrency);
    readings.push({ upstream: id, limit, inFlight, queued });
  }
  return readings;
}
