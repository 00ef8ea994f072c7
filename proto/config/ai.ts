/** `ai` of the config: providers and models; and `ai` of a route, which answers by them. */
import * as z from 'zod';
import { budgetsSchema, pricesSchema } from './ai-budgets.js';
import { aiCacheSchema, aiDurableSchema } from './ai-cache.js';
import { guardsSchema } from './ai-guards.js';
import { modelName, modelsSchema } from './ai-models.js';
import { promptsSchema } from './ai-prompts.js';
import { providersSchema } from './ai-providers.js';
import { aiHedgeSchema, resumeSchema } from './ai-routing.js';
import { choice, duration, flag, identifier, integer, oneOrMany } from './scalars.js';

export const aiSchema = z.strictObject({
  providers: providersSchema
    .prefault([])
    .describe(
      `Whose models are asked: a list, or a mapping from id to keys or settings: { openai: "\${OPENAI_API_KEY}" }.`,
    ),
  models: modelsSchema
    .prefault([])
    .describe('Names of your own, each for one or several models of providers: { smart: openai/gpt-5 }.'),
  prompts: promptsSchema
    .prefault({})
    .describe('APIs of your own with a model behind them, by name: POST …/prompts/NAME; docs/ai-prompts.md.'),
  guards: guardsSchema
    .prefault({})
    .describe('What questions and answers pass, by name, for `ai.guards` of routes; docs/ai-guards.md.'),
  limits: budgetsSchema()
    .prefault([])
    .describe('Budgets of requests, tokens or money that hold for all AI routes together.'),
  prices: pricesSchema
    .prefault({})
    .describe('What models cost where the catalogue is wrong, or does not know them: provider/model to prices.'),
  costHeader: flag().prefault(false).describe('Whole answers say what they have cost: X-Weir-Cost, in dollars.'),
});

const aiRouteFields = z.strictObject({
  models: oneOrMany(modelName())
    .prefault([])
    .describe('Names that may be asked for. Left out: all under ai.models, and provider/model of every provider.'),
  attempts: integer('the number of attempts', 1, 20)
    .prefault(4)
    .describe('Attempts at keys and models for one request, at most; none begins that the deadline can not hold.'),
  heartbeat: duration({ min: 0 })
    .prefault('15s')
    .describe('While a stream waits, a comment goes to the client this often; 0s: never.'),
  tokensPerSecondMin: integer('the number of tokens', 0, 10_000)
    .prefault(0)
    .describe('Slower than this over ten seconds, a stream has failed; 0: no such limit.'),
  unsupported: choice('what is done', ['refuse', 'drop'])
    .prefault('refuse')
    .describe('What a provider can not do: `refuse` it, naming the field, or `drop` it, with a warning header.'),
  hedge: aiHedgeSchema
    .prefault(false)
    .describe(
      'A second attempt beside a stream whose first token is late: true, a duration, or its settings; false: none.',
    ),
  resume: resumeSchema
    .prefault('error')
    .describe('A text that breaks off ends with an `error`, or another model is asked to `continue` it.'),
  limits: budgetsSchema().prefault([]).describe('Budgets of requests, tokens or money of this route.'),
  answerCharsMax: integer('the number of characters', 1_000, 1_000_000_000)
    .prefault(8_000_000)
    .describe('Longest answer that is kept whole; a longer one fails. Streams pass at any length.'),
  logText: integer('the number of characters', 0, 32_768)
    .prefault(0)
    .describe('Characters of a question, and of its answer, that the access log has; 0: no word of either.'),
  prompts: oneOrMany(identifier()).optional().describe('Prompts that are offered; []: none. Left out: all.'),
  promptsOnly: flag().prefault(false).describe('Models are asked by prompts alone: every other operation is refused.'),
  guards: oneOrMany(identifier())
    .prefault([])
    .describe('Guards that questions pass in this order, and answers in reverse.'),
  cache: aiCacheSchema
    .prefault(false)
    .describe('Give answers again to who asks the same: true, or { ttl, shared, replay, semantic, … }.'),
  durable: aiDurableSchema
    .prefault(false)
    .describe('Keep streams, so that a client that lost its connection goes on where it was: true, or { keep, … }.'),
  passthrough: identifier()
    .optional()
    .describe(
      'A provider whose own API the route speaks below its path, with the key of the gateway; docs/ai-operations.md.',
    ),
});

export const aiRouteSchema = z.union([flag().transform((on) => (on ? aiRouteFields.parse({}) : null)), aiRouteFields]);

export type Ai = z.output<typeof aiSchema>;
/** With the space of a service that has names of its own; see AiSpaceSpec. */
export type AiRoute = NonNullable<z.output<typeof aiRouteSchema>> & { readonly space?: string };
