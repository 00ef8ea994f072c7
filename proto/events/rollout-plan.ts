/** How a rollout is to go, as whoever asks for it says it: apart from its record, so that the command line needs no schemas to ask. */

/** By what a canary is compared with the rest. */
export const criteria = ['errors', 'timeouts', 'turned-away', 'latency'] as const;
export type Criterion = (typeof criteria)[number];

export interface RolloutPlan {
  /** Share of the nodes that try it out first, in thousandths; 1000: all run it at once. */
  readonly sharePermille: number;
  /** Those that have this label try it out, whatever the share; empty: not by label. */
  readonly label: string;
  /** So long they run it, from the moment in which all of them do. */
  readonly bakeMs: number;
  /** So many exchanges they must have had before it is believed to be good. */
  readonly exchangesMin: number;
  /** What a canary is not judged by: the change is meant to change it. */
  readonly unjudged: readonly Criterion[];
}

export function isCanaryPlan({ sharePermille, label }: RolloutPlan): boolean {
  return label !== '' || sharePermille < 1_000;
}
