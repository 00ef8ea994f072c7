/** What the processes of the demo tell each other over Node's channel between parent and child. */
import type { ShopTally, ShopUses } from './shopper.js';
import type { TallyState } from './tally.js';

/** `without` goes directly to the upstreams, `with` through Weir. */
export const sides = ['without', 'with'] as const;
export type Side = (typeof sides)[number];

/** Parent to sample upstream: the schedule begins. Both clocks are this machine's wall clock. */
export interface BeginMessage {
  readonly kind: 'begin';
  readonly startWallMs: number;
}

/** Sample upstream to parent, once. */
export interface ListeningMessage {
  readonly kind: 'listening';
  readonly ports: Readonly<Record<Side, number>>;
}

/** The shop to its parent, once. */
export interface ShopMessage {
  readonly kind: 'shop';
  readonly port: number;
}

/** Parent to traffic, once. */
export interface TrafficPlan {
  readonly kind: 'plan';
  readonly seed: number;
  readonly startWallMs: number;
  /** No request is planned at or after this many milliseconds; null: no end. */
  readonly durationMs: number | null;
  readonly requestsPerSecond: number;
  readonly deadlineMs: number;
  /** Base URLs of the upstreams for the direct side, in the schedule's order. */
  readonly upstreams: readonly string[];
  readonly gateway: string;
  /** What the app of the shop knows to ask better by. */
  readonly shopUses: ShopUses;
}

/** Traffic to parent, several times a second, and a last time with `done` when everything is answered. */
export interface TallyMessage {
  readonly kind: 'tally';
  readonly tally: TallyState;
  readonly shop: ShopTally;
  readonly done: boolean;
}

/** Narrows what comes over the channel; both ends are our own programs of the same build. */
export function isMessage<M extends { readonly kind: string }>(message: unknown, kind: M['kind']): message is M {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === kind;
}
