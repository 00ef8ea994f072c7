/**
 * What the doctor of a node advises beside its verdicts on timeouts: fewer calls and smaller answers, each with the saving as it is
 * estimated from traffic that was looked at, and the change of the config that would realise it. Plain data without queries, bodies,
 * credentials or what they hash to. Written by node/doctor/advice, read by control.
 */
import type { Change } from './doctor.js';

/**
 * - `composition`: the same calls come together again and again, and could be one.
 * - `batch`: one item after the other is asked for, and the client could ask for all of them at once.
 * - `coalesce`: items are asked for at the same time, and could go to the upstream as one request.
 * - `fields`: clients want a part of the answer.
 * - `cache`: answers that do not change are asked for again, and nobody says that they may be kept.
 * - `compress`: answers go out as they are to clients that take them compressed.
 */
export const adviceKinds = ['composition', 'batch', 'coalesce', 'fields', 'cache', 'compress'] as const;
export type AdviceKind = (typeof adviceKinds)[number];

/** As the traffic had it, and as the doctor expects it with the change. */
export interface Measure {
  readonly before: number;
  readonly after: number;
}

/** Null: it makes no difference there, or none that this traffic could tell. */
export interface Saving {
  /** Requests of clients, a minute. */
  readonly clientRequests: Measure | null;
  /** Requests that reach an upstream, a minute. */
  readonly upstreamRequests: Measure | null;
  /** Of answers to clients, a minute. */
  readonly bytes: Measure | null;
  /** What a client waits: for the page, for all items, for the head of an answer. */
  readonly waitMs: Measure | null;
}

export interface Advice {
  readonly kind: AdviceKind;
  /** What it is about; of a composition all that take part. */
  readonly routes: readonly string[];
  /** Tells two of one kind and route apart: `/products/{}`. Empty: there is only one. */
  readonly subject: string;
  /** `likely`: it rests on something that traffic can't show; the evidence says on what. */
  readonly certainty: 'clear' | 'likely';
  /** Sentences, made of what was seen. */
  readonly evidence: readonly string[];
  /** Together; of `config` a new route has `from` none. */
  readonly changes: readonly Change[];
  readonly saving: Saving;
  /** Requests that were looked at for it. */
  readonly seen: number;
}
