/** What requests to models, and the keys that they go by, show to Prometheus. */
import type { BudgetCounts } from '../ai/budget/budget-store.js';
import type { SharedVectorCounts, VectorCounts } from '../ai/cache/vector-store.js';
import type { AiCounts, KeyReading } from '../ai/gateway/ai-store.js';
import type { KeyState } from '../ai/gateway/key-standing.js';
import type { AiStreamCounts } from '../ai/streams/ai-streams.js';
import { type AiSeries, tokenKinds } from './ai-cells.js';
import { label, snake } from './cell-samples.js';
import type { Cells } from './cells.js';
import { type Family, family, histogramFamily, type Labels } from './exposition.js';
import { genAiFamilies } from './gen-ai-families.js';

export interface AiSources {
  readonly cells: Cells;
  /** Left out: there are none. */
  aiKeys?(): Iterable<KeyReading>;
  aiStreams?(): AiStreamCounts;
  aiCounts?(): AiCounts;
}

const usable: Readonly<Record<KeyState, number>> = {
  usable: 1,
  doubted: 0.5,
  resting: 0.5,
  due: 0.5,
  onTrial: 0.5,
  out: 0,
};

export function aiFamilies({ cells, aiKeys = () => [], aiStreams, aiCounts }: AiSources): Family[] {
  return [
    ...requestFamilies(cells),
    ...attemptFamilies(cells),
    ...genAiFamilies(cells.ai.genAi),
    ...keyFamilies(aiKeys),
    ...(aiStreams === undefined ? [] : streamFamilies(aiStreams)),
    ...(aiCounts === undefined ? [] : countFamilies(aiCounts)),
  ];
}

function countFamilies(counts: () => AiCounts): Family[] {
  const one = (type: 'counter' | 'gauge', name: string, help: string, read: (of: BudgetCounts) => number): Family =>
    family(type, name, help, () => {
      const { budgets } = counts();
      return budgets === null ? [] : [[[], read(budgets)]];
    });
  const unused = 'Questions that were compared to no others, for their vector came too late (`late`) or not at all.';
  return [
    one('gauge', 'weir_ai_budget_keys', 'Callers that budgets remember which nodes share.', ({ keys }) => keys),
    one(
      'counter',
      'weir_ai_budget_keys_forgotten_total',
      'Callers that were forgotten, for there were too many.',
      (of) => of.forgotten,
    ),
    one(
      'gauge',
      'weir_ai_budget_settlements_waiting',
      'Settlements that Redis has not heard of yet.',
      (of) => of.waiting,
    ),
    one(
      'counter',
      'weir_ai_budget_settlements_lost_total',
      'Settlements that were given up: they count as they were reserved, until that expires.',
      ({ lost }) => lost,
    ),
    family('counter', 'weir_ai_vectors_missed_total', unused, () => {
      const { late, failed } = counts().vectors;
      return [
        [[label('reason', 'late')], late],
        [[label('reason', 'failed')], failed],
      ];
    }),
    ...vectorFamilies(() => counts().vectors),
  ];
}

function vectorFamilies(counts: () => VectorCounts): Family[] {
  const one = (type: 'counter' | 'gauge', name: string, help: string, read: (now: VectorCounts) => number | null) =>
    family(type, name, help, () => {
      const value = read(counts());
      return value === null ? [] : [[[], value]];
    });
  const each = (name: string, help: string, read: (now: SharedVectorCounts) => Readonly<Record<string, number>>) =>
    family('counter', name, help, () => {
      const { shared } = counts();
      return shared === null
        ? []
        : Object.entries(read(shared)).map(([outcome, value]) => [[label('outcome', outcome)], value] as const);
    });
  return [
    one('gauge', 'weir_ai_vectors_kept', 'Vectors of questions in the memory of this node.', ({ count }) => count),
    one('gauge', 'weir_ai_vectors_kept_bytes', 'Their bytes; 64 MiB at most.', ({ bytes }) => bytes),
    one('gauge', 'weir_ai_vectors_redis_reachable', '1 while vectors are shared by Redis.', ({ shared }) =>
      shared === null ? null : Number(shared.link === 'closed'),
    ),
    each(
      'weir_ai_vectors_looks_total',
      'Questions that were compared, by what was known of other nodes: all (`current`), or what was known before, for Redis is `late`, `away`, `busy` or `unusable`.',
      ({ looks }) => looks,
    ),
    each(
      'weir_ai_vectors_told_total',
      'Vectors that other nodes were to be told of, by what became of that: `told`, or not, for Redis is `late`, `away`, `busy`, `full` or `unusable`.',
      ({ tells }) => tells,
    ),
    one('counter', 'weir_ai_vectors_taken_total', 'Vectors that other nodes have told of.', ({ shared }) =>
      shared === null ? null : shared.taken,
    ),
    one(
      'counter',
      'weir_ai_vectors_refused_total',
      'Vectors in Redis that make no sense, or are of another version.',
      ({ shared }) => (shared === null ? null : shared.refused),
    ),
  ];
}

function streamFamilies(counts: () => AiStreamCounts): Family[] {
  const one = (type: 'counter' | 'gauge', name: string, help: string, read: (now: AiStreamCounts) => number): Family =>
    family(type, name, help, () => [[[], read(counts())]]);
  return [
    one('gauge', 'weir_ai_streams_running', 'Streams that are kept and go on here.', ({ running }) => running),
    one('gauge', 'weir_ai_streams_abandoned', 'Those of them that nobody reads here.', ({ abandoned }) => abandoned),
    one(
      'gauge',
      'weir_ai_streams_stored',
      'Streams that this node keeps in its memory, or writes to Redis.',
      ({ stored }) => stored,
    ),
    one('gauge', 'weir_ai_streams_stored_bytes', 'Characters of those in its memory.', ({ bytes }) => bytes),
    one('gauge', 'weir_ai_streams_store_reachable', '1 while their store answers.', ({ isReachable }) =>
      isReachable ? 1 : 0,
    ),
    one(
      'counter',
      'weir_ai_streams_refused_total',
      'Streams that were not kept: their store was away or full.',
      ({ refused }) => refused,
    ),
    one('counter', 'weir_ai_streams_resumed_total', 'Clients that came back to a stream.', ({ resumed }) => resumed),
  ];
}

const labels = ({ model, provider }: AiSeries): Labels => [label('model', model), label('provider', provider)];

/** By the provider that answered, or that was asked. */
function attemptFamilies({ ai }: Cells): Family[] {
  return [
    family(
      'counter',
      'weir_ai_hedges_total',
      'Streams with a second attempt beside the first, by which won.',
      function* () {
        for (const series of ai.series.values()) {
          const { hedges, hedgesWon } = series;
          if (hedges === 0) continue;
          yield [[...labels(series), label('outcome', 'won')], hedgesWon];
          yield [[...labels(series), label('outcome', 'lost')], hedges - hedgesWon];
        }
      },
    ),
    family(
      'counter',
      'weir_ai_wasted_tokens_total',
      'Tokens of attempts whose answer nobody was told: of lost hedges, and of failures.',
      function* () {
        for (const series of ai.series.values())
          for (const [why, tokens] of series.wasted) yield [[...labels(series), label('reason', why)], tokens];
      },
    ),
    family(
      'counter',
      'weir_ai_resumed_total',
      'Attempts that carried on a stream that broke off, by how.',
      function* () {
        for (const series of ai.series.values())
          for (const [how, count] of series.resumed) yield [[...labels(series), label('how', how)], count];
      },
    ),
  ];
}

const GUARDED =
  'Questions and answers that guards masked, refused, could not check and let pass, or refused unchecked.';

function requestFamilies({ ai }: Cells): Family[] {
  const moved =
    'Attempts at models beyond the first of their requests, by how they differ from the one before and what that met.';
  return [
    family('counter', 'weir_ai_requests_total', 'Requests to models that ended, by outcome.', function* () {
      for (const series of ai.series.values()) {
        for (const [outcome, count] of series.outcomes) yield [[...labels(series), label('outcome', outcome)], count];
      }
    }),
    family('counter', 'weir_ai_tokens_total', 'Tokens by kind; input and output hold the other kinds.', function* () {
      for (const series of ai.series.values()) {
        for (const kind of tokenKinds) {
          if (series.tokens[kind] > 0) yield [[...labels(series), label('kind', snake(kind))], series.tokens[kind]];
        }
      }
    }),
    family('counter', 'weir_ai_saved_tokens_total', 'Tokens of answers that were given again.', function* () {
      for (const series of ai.series.values()) {
        for (const kind of tokenKinds) {
          if (series.saved[kind] > 0) yield [[...labels(series), label('kind', snake(kind))], series.saved[kind]];
        }
      }
    }),
    family('counter', 'weir_ai_estimated_total', 'Requests whose tokens were estimated.', function* () {
      for (const series of ai.series.values()) if (series.estimated > 0) yield [labels(series), series.estimated];
    }),
    family('counter', 'weir_ai_cost_dollars_total', 'What requests to models have cost.', function* () {
      for (const { route, model, provider, team, micros } of ai.spends.values()) {
        yield [
          [label('route', route), label('model', model), label('provider', provider), label('team', team)],
          micros / 1_000_000,
        ];
      }
    }),
    family('counter', 'weir_ai_unpriced_total', 'Requests that took tokens whose price nobody knows.', function* () {
      for (const series of ai.series.values()) if (series.unpriced > 0) yield [labels(series), series.unpriced];
    }),
    histogramFamily(
      'weir_ai_time_to_first_token_seconds',
      'Time from the begin of the attempt that answered a stream to its first content.',
      function* () {
        for (const series of ai.series.values())
          if (series.firstToken.count > 0) yield [labels(series), series.firstToken];
      },
    ),
    family('counter', 'weir_ai_fallbacks_total', moved, function* () {
      for (const { model, how, why, count } of ai.moves.values()) {
        yield [[label('model', model), label('to', how), label('reason', snake(why))], count];
      }
    }),
    family('counter', 'weir_ai_guarded_total', GUARDED, function* () {
      for (const { guard, on, how, count } of ai.guards.values()) {
        yield [[label('guard', guard), label('on', on), label('did', how)], count];
      }
    }),
  ];
}

function keyFamilies(keys: () => Iterable<KeyReading>): Family[] {
  const labels = ({ provider, key }: KeyReading): Labels => [label('provider', provider), label('key', key)];
  const standing = 'Whether a key of a provider is used: 1, 0.5 while it is to be tried again, 0 after it was refused.';
  const by = (name: string, help: string, read: (key: KeyReading) => number): Family =>
    family('counter', name, help, function* () {
      for (const key of keys()) yield [labels(key), read(key)];
    });
  return [
    family('gauge', 'weir_ai_key_standing', standing, function* () {
      for (const key of keys()) yield [labels(key), usable[key.state]];
    }),
    by(
      'weir_ai_key_refused_total',
      'How often a key was taken out, or for one model, by 401, 402 or 403.',
      (key) => key.takenOut,
    ),
    by(
      'weir_ai_key_rested_total',
      'How often a key was left alone at a model for a while, by 429.',
      (key) => key.rested,
    ),
  ];
}
