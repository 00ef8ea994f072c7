/** `cache` and `durable` of `ai` of a route: answers of models that are given again, and streams that outlive their connection. */
import * as z from 'zod';
import { modelReference } from './ai-models.js';
import { choice, duration, flag, integer, leaf, nameKind, share, size } from './scalars.js';
import { accept, type Reading, refuse } from './units.js';

const MIB = 1024 * 1024;

const temperature = leaf(
  (value): Reading<number> =>
    typeof value === 'number' && value >= 0 && value <= 2
      ? accept(value)
      : refuse(`a temperature was expected, not ${nameKind(value)}`, 'write a number from 0 to 2'),
  { type: 'number', minimum: 0, maximum: 2 },
);

const replay = z.union([
  choice('the pace', ['fast']).transform(() => null),
  integer('the number of tokens per second', 1, 100_000),
]);

const semanticFields = z.strictObject({
  model: modelReference().describe('The model that makes vectors of questions: provider/model.'),
  threshold: share('the threshold')
    .prefault(0.95)
    .describe('Cosine of two questions from which on one has the answer of the other.'),
  timeout: duration().prefault('300ms').describe('A vector that takes longer is not waited for: that is a miss.'),
  entries: integer('the number of vectors', 1, 10_000)
    .prefault(1_000)
    .describe('Vectors of questions that differ in nothing but the last words of the user; the oldest go first.'),
  store: choice('a place of vectors', ['memory', 'redis'])
    .prefault('memory')
    .describe('redis: nodes tell each other of them, by the Redis of --redis, where the answers are as well.'),
});

const cacheFields = z.strictObject({
  ttl: duration({ min: 1_000 }).prefault('1h').describe('How long an answer is given again.'),
  shared: flag()
    .prefault(false)
    .describe('One consumer may get the answer that another has asked for. Else each has answers of its own.'),
  replay: replay.prefault('fast').describe('Pace of a stream that is given again: fast, or so many tokens per second.'),
  temperatureMax: temperature
    .prefault(0)
    .describe('Questions that state a higher temperature are neither looked up nor kept.'),
  filtered: flag()
    .prefault(false)
    .describe('Keep also answers that a filter has ended, or that the model has refused.'),
  collapse: flag().prefault(true).describe('Identical questions that come together are one question to the model.'),
  maxAnswer: size({ min: 1024, max: 64 * MIB })
    .prefault('1MiB')
    .describe('Longer answers are not kept, nor waited for by others.'),
  semantic: semanticFields
    .optional()
    .describe('Give an answer also to questions that mean the same. Left out: only to the same question.'),
});

export const aiCacheSchema = z.union([flag().transform((on) => (on ? cacheFields.parse({}) : null)), cacheFields]);

const durableFields = z.strictObject({
  keep: duration({ min: 1_000 }).prefault('10m').describe('How long a stream is kept after its end.'),
  withoutClient: duration({ min: 0 })
    .prefault('2m')
    .describe('How long the model goes on for a client that has gone and has not come back; never beyond `total`.'),
  size: size({ min: 4096, max: 64 * MIB })
    .prefault('4MiB')
    .describe('A stream that grows beyond it is not kept any more, and ends where its client has gone.'),
  streams: integer('the number of streams', 1, 1_000_000)
    .prefault(1_000)
    .describe('Streams of the route that are kept at once; above, streams are passed on as if this were off.'),
});

export const aiDurableSchema = z.union([
  flag().transform((on) => (on ? durableFields.parse({}) : null)),
  durableFields,
]);

export type AiCache = NonNullable<z.output<typeof aiCacheSchema>>;
export type AiDurable = NonNullable<z.output<typeof aiDurableSchema>>;
