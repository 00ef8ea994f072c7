/**
 * The gates of this node: one per upstream, whatever snapshots come and go. A reload leaves each gate with those inside,
 * those who wait and the limit that was learnt, and changes its terms at most: a second gate beside it would begin at
 * none, and let as many again to an upstream that still works on the first ones.
 */
import type { ConcurrencySpec } from '@weir/proto/snapshot/resilience.js';
import type { UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import { boundedKeys } from '../../limit/local-limiter.js';
import { Gate } from './gate.js';

export interface GateStore {
  /** The same object for the same upstream as long as the node lives; `spec` is what a new one begins with. */
  gate(upstreamId: string, spec: ConcurrencySpec): Gate;
  /** The terms of a snapshot that is in force from now on; one that is only compiled changes nothing. */
  use(upstreams: readonly Pick<UpstreamSpec, 'id' | 'concurrency'>[], nowMs: number): void;
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
  /** In force: those that are the very same have no other terms. */
  let inForce: object | null = null;
  const gates = boundedKeys<{ readonly gate: Gate; terms: string }>(gatesMax);
  const kept = (upstreamId: string, spec: ConcurrencySpec) => {
    const known = gates.get(upstreamId);
    if (known !== undefined) return known;
    const made = { gate: new Gate(spec), terms: termsOf(spec) };
    gates.set(upstreamId, made);
    return made;
  };
  return {
    gate: (upstreamId, spec) => kept(upstreamId, spec).gate,
    use(upstreams, nowMs) {
      if (upstreams === inForce) return;
      inForce = upstreams;
      for (const { id, concurrency } of upstreams) {
        if (concurrency === null) continue;
        const one = kept(id, concurrency);
        const terms = termsOf(concurrency);
        if (one.terms === terms) continue;
        one.terms = terms;
        one.gate.change(concurrency, nowMs);
      }
    },
  };
}

function termsOf({ mode, limitMin, limitMax, limitStart, queue }: ConcurrencySpec): string {
  return JSON.stringify([mode, limitMin, limitMax, limitStart, queue]);
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
