/** What the gates before upstreams show to Prometheus: how much they let in, how much is inside, and how much waits. */
import type { GateReading } from '../upstream/concurrency/gate-store.js';
import { type Family, family } from './exposition.js';

export interface GateSources {
  /** The gates of the snapshot in force. */
  gates(): Iterable<GateReading>;
}

export function gateFamilies(sources: GateSources): Family[] {
  const perGate = (name: string, help: string, read: (gate: GateReading) => number): Family =>
    family('gauge', name, help, function* () {
      for (const gate of sources.gates()) yield [[['upstream', gate.upstream]], read(gate)];
    });
  return [
    perGate('weir_concurrency_limit', 'Requests that may be at the upstream at once.', (gate) => gate.limit),
    perGate('weir_concurrency_in_flight', 'Requests that have a place at the upstream.', (gate) => gate.inFlight),
    perGate('weir_concurrency_queued', 'Requests that wait for a place at the upstream.', (gate) => gate.queued),
  ];
}
