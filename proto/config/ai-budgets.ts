/**
 * `limits` of `ai` and of AI routes: how many requests, how many tokens, or how much money, in a window of the clock; and `prices`, what
 * models cost where the catalogue does not know it, or knows it wrong.
 */
import * as z from 'zod';
import { type SpendPeriod, spendPeriods } from '../cluster/spend-window.js';
import { modelName, readReference } from './ai-models.js';
import { checkedKey } from './checked-key.js';
import { consumerNames } from './consumers.js';
import { redisTimeoutDefaultMs } from './limits.js';
import { readFieldName } from './network.js';
import { choice, duration, identifier, integer, leaf, nameKind, oneOrMany, readText, text } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

export const budgetUnits = ['requests', 'tokens', 'cost'] as const;
export type BudgetUnit = (typeof budgetUnits)[number];

/** Of money in microdollars. */
export interface BudgetAmount {
  readonly amount: number;
  readonly period: SpendPeriod;
}

const MICROS = 1_000_000;
/** A billion dollars; sums stay whole. */
const AMOUNT_MAX = 1e15;

/** `factor`: of what is written to what is counted. */
function amount(what: string, factor: number, example: string) {
  return leaf(
    (value): Reading<BudgetAmount> => {
      const cure = `write one such as ${example}: for a ${spendPeriods.join(', ')}`;
      if (typeof value !== 'string') return refuse(`${what} was expected, not ${nameKind(value)}`, cure, true);
      const match = /^\$?(\d{1,12}(?:\.\d{1,6})?) ?\/ ?([a-z]+)$/.exec(value);
      const period = spendPeriods.find((name) => name === match?.[2]);
      if (match === null || period === undefined) return refuse(`${quote(value)} is not ${what}`, cure);
      const counted = Math.round(Number(match[1]) * factor);
      if (counted < 1 || counted > AMOUNT_MAX) return refuse(`${quote(value)} is out of bounds`, cure);
      if (factor === 1 && counted !== Number(match[1])) return refuse(`${quote(value)} is no whole number`, cure);
      return accept({ amount: counted, period });
    },
    { type: 'string', examples: [example] },
  );
}

export type BudgetKey = 'consumer' | 'team' | 'model' | 'route' | 'address' | { readonly header: string };

const budgetKeys = ['consumer', 'team', 'model', 'route', 'address'] as const;

const budgetKey = leaf(
  (value): Reading<BudgetKey> => {
    const cure = 'write consumer, team, model, route, address, or header:x-tenant';
    const asText = readText(value, 'whom the budget counts');
    if (!asText.ok) return { ...asText, cure };
    const word = budgetKeys.find((name) => name === asText.value);
    if (word !== undefined) return accept(word);
    if (!asText.value.startsWith('header:'))
      return refuse(`${quote(asText.value)} is nothing a budget can count by`, cure);
    const field = readFieldName(asText.value.slice('header:'.length));
    return field.ok ? accept({ header: field.value }) : field;
  },
  { type: 'string', examples: ['consumer', 'team', 'model', 'header:x-tenant'] },
);

const limit = z
  .strictObject({
    requests: amount('a number of requests', 1, '1000/day').optional().describe('Requests: 1000/day.'),
    tokens: amount('a number of tokens', 1, '100000/minute')
      .optional()
      .describe('Tokens, of questions and answers together: 100000/minute.'),
    cost: amount('an amount of dollars', MICROS, '10/day').optional().describe('Dollars: 10/day, 250.50/month.'),
    by: oneOrMany(budgetKey, 4)
      .prefault([])
      .describe(
        'Whom it counts apart: consumer, team, model, route, address, header:NAME, or several together. Left out: all have it together.',
      ),
    only: oneOrMany(text('a name'), 1000)
      .prefault([])
      .describe('Of the first that it counts by: those that it is for. Left out: for each of them.'),
    mode: choice('the mode', ['local', 'shared', 'strict'])
      .prefault('shared')
      .describe('`local`: each node by itself. `shared`: nodes tell each other. `strict`: counted in Redis.'),
    onRedisLoss: choice('what is done without Redis', ['open', 'closed'])
      .optional()
      .describe('Of a `strict` one, which has to say it. `open`: counted as `shared` meanwhile. `closed`: 503.'),
    redisTimeout: duration({ min: 1, max: 1_000 })
      .optional()
      .describe(`Of a \`strict\` one: how long a request waits for Redis. Left out: ${redisTimeoutDefaultMs}ms.`),
    keys: integer('the number of keys', 1, 1_000_000)
      .prefault(10_000)
      .describe('Callers that are remembered, at most; the one unseen for longest begins again.'),
    consumers: consumerNames()
      .optional()
      .describe('Consumers, or @GROUP, that it is for; others pass it by. Left out: everybody.'),
    scope: identifier()
      .optional()
      .describe(
        'Budgets of several routes that name the same scope, and are the same otherwise, are one. Left out: none.',
      ),
  })
  .superRefine((fields, context) => {
    const refuseField = (path: string[], message: string, cure: string): void =>
      context.addIssue({ code: 'custom', path, message, params: { cure } });
    const stated = budgetUnits.filter((unit) => fields[unit] !== undefined);
    if (stated.length !== 1) refuseField([], 'a budget is of requests, tokens or cost', 'state exactly one of them');
    const { by, only, mode, onRedisLoss, redisTimeout } = fields;
    if (only.length > 0 && by.length === 0)
      refuseField(['only'], 'whose names these are is not said', 'add `by`, such as by: team');
    if (mode === 'strict' && onRedisLoss === undefined) {
      const cure = 'add onRedisLoss: open (counted as shared meanwhile) or closed (503)';
      refuseField(['mode'], 'a strict budget has to say what it does without Redis', cure);
    }
    if (mode === 'strict') return;
    for (const [name, value] of Object.entries({ onRedisLoss, redisTimeout }))
      if (value !== undefined)
        refuseField([name], 'only a strict budget asks Redis', 'remove it, or write mode: strict');
  });

export const budgetsSchema = () => oneOrMany(limit, 50);

const dollars = leaf(
  (value): Reading<number> =>
    typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= 1_000_000
      ? accept(value)
      : refuse('a price is a number of dollars, from 0 to 1000000', 'write one such as 1.25'),
  { type: 'number', minimum: 0, maximum: 1_000_000 },
);

const price = z.strictObject({
  input: dollars.describe('Dollars for a million tokens of the question.'),
  output: dollars.describe('Dollars for a million tokens of the answer.'),
  cachedInput: dollars.optional().describe("Of the question, those from the provider's cache. Left out: as input."),
  cacheWrite: dollars.optional().describe('Of the question, those written to its cache. Left out: as input.'),
  reasoning: dollars.optional().describe('Of the answer, those of reasoning. Left out: as output.'),
  request: dollars.optional().describe('Dollars for a thousand requests, besides. Left out: none.'),
});

export const pricesSchema = z.record(z.string(), price).transform((map, context) =>
  Object.entries(map).map(([written, terms]) => {
    const name = checkedKey(modelName(), written, context);
    const found = readReference(name);
    if (found === null) {
      const params = { cure: 'write provider/model, such as openai/gpt-5-mini' };
      context.addIssue({
        code: 'custom',
        path: [written],
        message: `${quote(written)} does not say whose model it is`,
        params,
      });
    }
    return { provider: found?.provider ?? '', model: found?.model ?? '', price: terms };
  }),
);

export type Budget = z.output<typeof limit>;
export type AiPrice = z.output<typeof pricesSchema>[number];
