/** What the gateway decides for the sake of a request; the names are public, they are labels of one metric. */
export const decisions = [
  'retry',
  'retry_refused_budget',
  'retry_refused_deadline',
  'retry_refused_place',
  'hedge',
  'hedge_won',
  'hedge_refused_budget',
  'hedge_postponed',
  'held_back',
  'queued',
  'shed',
  'shed_deadline',
  'panic',
  'spill_over',
  'breaker_refused',
  'fallback',
  'handed_over',
] as const;
export type Decision = (typeof decisions)[number];
