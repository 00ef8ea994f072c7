/**
 * The addresses of one name over time: a machine without I/O.
 *
 *            ask              answered                 due
 *   empty ─────────▶ asking ───────────▶ known ─────────────────▶ known, asking
 *     ▲                │ failed             ▲  answered, or failed     │
 *     └── hold over ── failed (held)        └──────────────────────────┘
 *
 * A name is asked for again when its TTL (within bounds) is over, whether or not anyone connects: connections that live
 * on would otherwise lead to an address that is no longer the upstream's. When resolution fails, the last good
 * addresses stay in use, and it is tried again after `ttlMinMs`. Without any address a failure is held for a moment, so
 * that a burst of requests for a name that does not exist is one query and not a flood.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { DnsSpec } from '@weir/proto/snapshot/snapshot.js';

/** A failure without any known address is repeated to askers for this long before the name is asked for again. */
export const FAILURE_HOLD_MS = 1000;

export interface Resolution {
  readonly addresses: readonly string[];
  readonly asking: boolean;
  /** The last query's failure; null after a good answer. */
  readonly failure: Failure | null;
  /** When to ask again: end of the TTL, or of the hold. */
  readonly dueAtMs: number;
}

export type ResolutionEvent =
  /** Someone needs the addresses. */
  | { readonly kind: 'wanted' }
  /** The timer for `dueAtMs` fired. */
  | { readonly kind: 'due' }
  | { readonly kind: 'answered'; readonly addresses: readonly string[]; readonly ttlMs: number }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface ResolutionStep {
  readonly state: Resolution;
  /** Send a query now. */
  readonly ask: boolean;
}

export const unresolved: Resolution = {
  addresses: [],
  asking: false,
  failure: null,
  dueAtMs: Number.NEGATIVE_INFINITY,
};

export function stepResolution(
  state: Resolution,
  event: ResolutionEvent,
  nowMs: number,
  spec: DnsSpec,
): ResolutionStep {
  switch (event.kind) {
    case 'wanted':
    case 'due': {
      const ask = !state.asking && nowMs >= state.dueAtMs;
      return { state: ask ? { ...state, asking: true } : state, ask };
    }
    case 'answered': {
      const ttlMs = Math.min(Math.max(event.ttlMs, spec.ttlMinMs), spec.ttlMaxMs);
      const next = { addresses: event.addresses, asking: false, failure: null, dueAtMs: nowMs + ttlMs };
      return { state: next, ask: false };
    }
    case 'failed': {
      const holdMs = state.addresses.length === 0 ? FAILURE_HOLD_MS : spec.ttlMinMs;
      const next = { ...state, asking: false, failure: event.failure, dueAtMs: nowMs + holdMs };
      return { state: next, ask: false };
    }
  }
}
