/** How the end of a request is counted: under which behaviour, as what, under which name. Pure. */
import { type Ending, nameError } from './client.js';
import type { Side } from './messages.js';
import { behaviourAt } from './schedule.js';
import type { Outcome, RowKey } from './tally.js';

export interface Asked {
  readonly side: Side;
  /** Index of the upstream that the direct side asked; null through Weir, which chooses by itself. */
  readonly upstream: number | null;
  readonly plannedAtMs: number;
  readonly endedAtMs: number;
}

export interface Schedule {
  readonly seed: number;
  readonly upstreams: number;
}

/** `orders/3` is the third upstream, to the demo's upstreams and to Weir's problem documents alike. */
export function indexOfName(name: string | null): number | null {
  const number = Number(name?.split('/').at(-1));
  return name !== null && Number.isInteger(number) && number >= 1 ? number - 1 : null;
}

export function outcomeOf(asked: Asked, ending: Ending, schedule: Schedule): Outcome {
  const latencyMs = asked.endedAtMs - asked.plannedAtMs;
  const rowOf = (index: number | null): RowKey =>
    index === null ? 'unknown' : behaviourAt(schedule.seed, schedule.upstreams, index, asked.plannedAtMs);
  const outcome = (result: Outcome['result'], name: string, index: number | null): Outcome => ({
    side: asked.side,
    row: rowOf(asked.upstream ?? index),
    result,
    name,
    latencyMs,
  });
  if (ending.kind === 'timeout') return outcome('timeout', '', null);
  if (ending.kind === 'broken') return outcome('error', ending.reason, null);
  const sample = indexOfName(ending.sample);
  if (ending.status >= 200 && ending.status < 300) return outcome('good', '', sample);
  const named = nameError(ending.status, ending.body);
  return outcome('error', named.name, sample ?? indexOfName(named.target));
}
