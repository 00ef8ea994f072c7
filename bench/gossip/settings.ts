/** What both processes of the benchmark of gossip agree on. */
import type { BusClock } from '@weir/proto/bus/bus.js';

/** Each with all before it. */
export const kinds = ['heartbeats', 'health', 'latency', 'rates'] as const;
export type Kind = (typeof kinds)[number];

export interface TellerSettings {
  readonly server: string;
  readonly nodes: number;
  readonly kinds: readonly Kind[];
  readonly routes: number;
}

export interface HearerSettings extends TellerSettings {
  readonly cluster: string;
  readonly warmMs: number;
  readonly measureMs: number;
}

export const CLUSTER = 'bench';
/** In which nobody says anything: what a process takes all the same is measured there, at the same time. */
export const SILENT_CLUSTER = 'silence';
/** Keys of shared limits that each node counts between two tellings. */
export const RATE_KEYS = 10;

export const busClock: BusClock = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
/**
 * A node runs for weeks, a measurement for seconds: at first all is told so many times as often, so that what is run all the time is compiled when it
 * counts. Without it compilers take a quarter of all CPU for more than a minute.
 */
export const HURRY = { times: 10, untilMs: 14_000 } as const;
