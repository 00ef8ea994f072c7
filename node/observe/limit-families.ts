/** What limits that nodes keep together show to Prometheus. Left out where a node is by itself, or has no strict limit. */
import type { ClusterRatesCounts } from '../cluster/rates.js';
import { type StrictCounts, strictLosses } from '../limit/strict-counter.js';
import { type Family, family } from './exposition.js';

export interface LimitCounts {
  readonly shared: ClusterRatesCounts | null;
  readonly strict: StrictCounts | null;
}

export interface LimitSources {
  limits?(): LimitCounts;
}

const MS_PER_S = 1_000;

export function limitFamilies(sources: LimitSources): Family[] {
  return [...sharedFamilies(sources), ...strictFamilies(sources)];
}

function sharedFamilies(sources: LimitSources): Family[] {
  const shared = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    read: (counts: ClusterRatesCounts) => readonly (readonly [label: string, value: number])[],
    label = '',
  ): Family =>
    family(type, name, help, function* () {
      const counts = sources.limits?.().shared ?? null;
      if (counts === null) return;
      for (const [text, value] of read(counts)) yield [label === '' ? [] : [[label, text]], value];
    });
  return [
    shared('gauge', 'weir_limit_nodes', 'Nodes that share limits, this one included.', (c) => [['', c.members]]),
    shared('gauge', 'weir_limit_told', '1 while what is counted here can be told to other nodes.', (c) => [
      ['', c.isConnected ? 1 : 0],
    ]),
    shared(
      'gauge',
      'weir_limit_keys',
      'Callers of shared limits that are remembered, by what is counted of them.',
      (c) => [
        ['rate', c.keys],
        ['concurrent', c.heldKeys],
      ],
      'of',
    ),
    shared(
      'counter',
      'weir_limit_messages_total',
      'Messages about shared limits, by what became of them.',
      (c) => [
        ['told', c.told],
        ['heard', c.heard],
        ['unsent', c.unsent],
      ],
      'fate',
    ),
    shared(
      'counter',
      'weir_limit_counts_total',
      'Counts of callers in these messages.',
      (c) => [
        ['told', c.toldCounts],
        ['heard', c.heardCounts],
      ],
      'fate',
    ),
    shared(
      'counter',
      'weir_limit_forgotten_total',
      'Callers that were forgotten or not heard of, as there were more than may be.',
      (c) => [['', c.forgotten]],
    ),
  ];
}

function strictFamilies(sources: LimitSources): Family[] {
  const strict = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    read: (counts: StrictCounts) => number,
  ): Family =>
    family(type, name, help, function* () {
      const counts = sources.limits?.().strict ?? null;
      if (counts !== null) yield [[], read(counts)];
    });
  return [
    family('counter', 'weir_limit_strict_total', 'Questions to Redis for strict limits, by outcome.', function* () {
      const counts = sources.limits?.().strict ?? null;
      if (counts === null) return;
      for (const outcome of ['allowed', 'refused', ...strictLosses] as const)
        yield [[['outcome', outcome]], counts.outcomes[outcome]];
    }),
    strict(
      'counter',
      'weir_limit_strict_wait_seconds_total',
      'What requests have waited for these answers.',
      ({ waitedMs }) => waitedMs / MS_PER_S,
    ),
    strict('gauge', 'weir_limit_strict_reachable', '1 while Redis is asked for strict limits.', ({ isReachable }) =>
      isReachable ? 1 : 0,
    ),
  ];
}
