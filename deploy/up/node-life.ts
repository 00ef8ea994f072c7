/**
 * The life of one supervised node process, as a machine without I/O.
 *
 *            ready                 stop                exited
 *   starting ─────▶ running ────────────────▶ stopping ─────▶ stopped
 *     │  ▲             │                         ▲
 *     │  │ due         │ exited                  │ stop while waiting: stopped at once
 *     │  └── waiting ◀─┘                         │
 *     └── exited ▲                               │
 *           └────┴───────────────────────────────┘
 *
 * A node that dies is started again after a delay that doubles from 100 ms to 10 s, so that a crash costs little and a
 * crash loop costs little too. A node that ran for a minute has earned a fresh start. One that never was ready the very
 * first time is given up: then something in its surroundings is wrong (a port in use), and the operator is looking.
 */

export type LifePhase = 'starting' | 'running' | 'waiting' | 'stopping' | 'stopped';

export interface NodeLife {
  readonly phase: LifePhase;
  readonly sinceMs: number;
  /** Deaths in a row without a long run in between. */
  readonly crashes: number;
  readonly restarts: number;
  readonly wasReady: boolean;
}

export type LifeEvent = 'ready' | 'exited' | 'due' | 'stop';

/** What the driver has to do now. */
export type LifeEffect =
  | { readonly kind: 'none' }
  | { readonly kind: 'fork' }
  | { readonly kind: 'wait'; readonly delayMs: number }
  | { readonly kind: 'drain' }
  /** It is over: `failed` when it never came up, else because a stop was asked. */
  | { readonly kind: 'end'; readonly failed: boolean };

export const DELAY_FIRST_MS = 100;
export const DELAY_MAX_MS = 10_000;
/** After this long a run counts as good, and its end as the first crash. */
export const GOOD_RUN_MS = 60_000;

const none: LifeEffect = { kind: 'none' };

export function bornAt(nowMs: number): NodeLife {
  return { phase: 'starting', sinceMs: nowMs, crashes: 0, restarts: 0, wasReady: false };
}

export function step(life: NodeLife, event: LifeEvent, nowMs: number): { life: NodeLife; effect: LifeEffect } {
  const to = (phase: LifePhase, effect: LifeEffect, more: Partial<NodeLife> = {}) => ({
    life: { ...life, ...more, phase, sinceMs: nowMs },
    effect,
  });
  switch (event) {
    case 'ready':
      return life.phase === 'starting' ? to('running', none, { wasReady: true }) : { life, effect: none };
    case 'exited':
      return exited(life, nowMs);
    case 'due':
      return life.phase === 'waiting'
        ? to('starting', { kind: 'fork' }, { restarts: life.restarts + 1 })
        : { life, effect: none };
    case 'stop':
      if (life.phase === 'stopping' || life.phase === 'stopped') return { life, effect: none };
      if (life.phase === 'waiting') return to('stopped', { kind: 'end', failed: false });
      return to('stopping', { kind: 'drain' });
  }
}

function exited(life: NodeLife, nowMs: number): { life: NodeLife; effect: LifeEffect } {
  const next = { ...life, sinceMs: nowMs };
  switch (life.phase) {
    case 'stopping':
      return { life: { ...next, phase: 'stopped' }, effect: { kind: 'end', failed: false } };
    case 'starting':
    case 'running': {
      if (!life.wasReady) return { life: { ...next, phase: 'stopped' }, effect: { kind: 'end', failed: true } };
      const isGoodRun = life.phase === 'running' && nowMs - life.sinceMs >= GOOD_RUN_MS;
      const crashes = isGoodRun ? 1 : life.crashes + 1;
      return { life: { ...next, phase: 'waiting', crashes }, effect: { kind: 'wait', delayMs: delayAfter(crashes) } };
    }
    default:
      return { life, effect: none };
  }
}

export function delayAfter(crashes: number): number {
  // The exponent is bounded first: 2 to the power of a long crash loop is no number of milliseconds.
  return Math.min(DELAY_MAX_MS, DELAY_FIRST_MS * 2 ** Math.min(20, crashes - 1));
}
