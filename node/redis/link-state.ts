/**
 * Whether a connection to Redis is used, as a breaker: a Redis that is killed, stopped or slow costs the first few
 * requests their limit, and those behind them nothing.
 *
 *                      ready                             late, several in a row; lost
 *   half-open ─────────────────────────▶ closed ──────────────────────────────────────┐
 *   (a new connection, one probe)          ▲ answered: lates are forgotten            │
 *       ▲        │ failed                  └──────                                    ▼
 *       │        └───────────────────────────────────────────────────────────────▶ open
 *       └──────────────────────── due: after a pause that grows, with chance in it ───┘
 *
 * A connection that is given up is closed with everything that was sent on it, so that nothing piles up behind a Redis that
 * does not read. Pauses never end for good, and grow on when a connection did not last: one that is well for a moment and
 * then slow again is not well. Pure.
 */

export type LinkState =
  | { readonly kind: 'half-open'; readonly failures: number }
  | { readonly kind: 'closed'; readonly failures: number; readonly sinceMs: number; readonly lates: number }
  | { readonly kind: 'open'; readonly failures: number }
  | { readonly kind: 'over' };

export type LinkEvent =
  /** The probe was answered, and in time. */
  | 'ready'
  /** The connection, or its probe, failed, or an answer shows that it is of no use. */
  | 'lost'
  /** A command was not answered in time. */
  | 'late'
  /** One was. */
  | 'answered'
  /** The pause is over. */
  | 'due'
  /** Nobody needs it any more. */
  | 'over';

export type LinkEffect = { readonly kind: 'connect' } | { readonly kind: 'drop' } | PauseEffect;

interface PauseEffect {
  readonly kind: 'pause';
  readonly ms: number;
}

/** Late answers without one in time between them, after which a connection is given up. */
export const LATES_MAX = 3;

const PAUSE_MIN_MS = 50;
export const PAUSE_MAX_MS = 2_000;

/** A connection that lasted as long makes the next pause a short one. */
export const LASTED_MS = 10_000;

export const firstLink: LinkState = { kind: 'open', failures: 0 };

interface Next {
  readonly state: LinkState;
  readonly effects: readonly LinkEffect[];
}

export function stepLink(state: LinkState, event: LinkEvent, nowMs: number, chance: number): Next {
  if (state.kind === 'over') return stay(state);
  switch (event) {
    case 'over':
      return { state: { kind: 'over' }, effects: [{ kind: 'drop' }] };
    case 'due':
      if (state.kind !== 'open') return stay(state);
      return { state: { kind: 'half-open', failures: state.failures }, effects: [{ kind: 'connect' }] };
    case 'ready':
      if (state.kind !== 'half-open') return stay(state);
      return stay({ kind: 'closed', failures: state.failures, sinceMs: nowMs, lates: 0 });
    case 'answered':
      return state.kind === 'closed' && state.lates > 0 ? stay({ ...state, lates: 0 }) : stay(state);
    case 'late': {
      if (state.kind !== 'closed') return stay(state);
      const lates = state.lates + 1;
      return lates < LATES_MAX ? stay({ ...state, lates }) : giveUp(state, nowMs, chance);
    }
    case 'lost':
      return state.kind === 'open' ? stay(state) : giveUp(state, nowMs, chance);
  }
}

const stay = (state: LinkState): Next => ({ state, effects: [] });

function giveUp(state: LinkState & { readonly failures: number }, nowMs: number, chance: number): Next {
  const lasted = state.kind === 'closed' && nowMs - state.sinceMs >= LASTED_MS;
  const failures = lasted ? 1 : state.failures + 1;
  const most = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** Math.min(failures - 1, 10));
  // Half of it by chance, so that the nodes of a cluster don't come back as one.
  const ms = most * (0.5 + chance / 2);
  return { state: { kind: 'open', failures }, effects: [{ kind: 'drop' }, { kind: 'pause', ms }] };
}
