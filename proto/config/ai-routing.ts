/** `balance`, `affinity` and `fits` of a model, `hedge` and `resume` of an AI route: which model, how many at once, and what of half an answer. */
import * as z from 'zod';
import type { AiAffinitySpec, AiChoiceSpec, AiHedgeSpec } from '../snapshot/ai.js';
import type { LearntLimitSpec } from '../snapshot/resilience.js';
import { fieldName } from './network.js';
import { choice, duration, flag, integer, share } from './scalars.js';

/** Where nobody has said in which field clients name their sessions. */
const SESSION_FIELD = 'x-session-id';

const affinitySchema = z.union([
  choice('the affinity', ['none', 'session', 'prefix']).transform((word): AiAffinitySpec | null => {
    if (word === 'session') return { kind: 'session', header: SESSION_FIELD };
    return word === 'prefix' ? { kind: 'prefix' } : null;
  }),
  z
    .strictObject({ session: fieldName().describe('Request header that names the session.') })
    .transform(({ session }): AiAffinitySpec => ({ kind: 'session', header: session })),
]);

export const choiceFields = {
  balance: choice('the balance', ['weighted', 'cheapest', 'fastest'])
    .prefault('weighted')
    .describe(
      'Which target comes first: by `weighted` chance, the `cheapest` by the catalogue, the `fastest` as learnt.',
    ),
  affinity: affinitySchema
    .prefault('none')
    .describe(
      'Requests of one session, or with one prefix, keep to a target and a key, whose prompt cache they hit: none, session, prefix, { session: x-header }.',
    ),
  fits: flag()
    .prefault(true)
    .describe(
      'Passes over what the catalogue knows to be too small for a request, or unable to do it, where another is left.',
    ),
};

/** What those say who say nothing. */
export const usualChoice: AiChoiceSpec = z.strictObject(choiceFields).parse({});

/** The delay until enough was seen: most models have said something by then. */
const COLD_MS = 2_000;

const learntDelay = z
  .strictObject({
    quantile: share('the quantile').prefault(0.95).describe("Quantile of the model's own time to a first token."),
    factor: integer('the factor', 1, 100).prefault(1).describe('Times this.'),
    min: duration().prefault('250ms').describe('No sooner than this.'),
    max: duration().prefault('30s').describe('No later than this.'),
    cold: duration().optional().describe('Until a hundred streams of the model were seen; left out: 2s.'),
  })
  .transform(
    ({ quantile, factor, min, max, cold = COLD_MS }): LearntLimitSpec => ({
      ...{ kind: 'adaptive', quantile, factor, minMs: min, maxMs: max },
      coldMs: Math.min(max, Math.max(min, cold)),
    }),
  );

const delay = z.union([
  z.literal('adaptive').transform(() => learntDelay.parse({})),
  duration().transform((ms): LearntLimitSpec => ({ kind: 'fixed', ms })),
  learntDelay,
]);

const hedgeFields = z
  .strictObject({
    after: delay
      .prefault('adaptive')
      .describe('A second attempt begins when there is no content by then: a duration, or `adaptive`.'),
    budget: share('the budget').prefault(0.05).describe('Hedges as a share of the streams of the last ten seconds.'),
    floor: integer('the floor', 0, 10_000)
      .prefault(0)
      .describe('Hedges per second that are allowed beside it, of all AI routes of the cluster together.'),
  })
  .transform(({ after, budget, floor }): AiHedgeSpec => ({ after, budgetShare: budget, budgetFloorPerS: floor }));

/** Off unless it is said, for it costs tokens. */
export const aiHedgeSchema = z.union([
  flag().transform((on) => (on ? hedgeFields.parse({}) : null)),
  duration().transform((ms): AiHedgeSpec => ({ ...hedgeFields.parse({}), after: { kind: 'fixed', ms } })),
  hedgeFields,
]);

export const resumeSchema = choice('what is done', ['error', 'continue']);
