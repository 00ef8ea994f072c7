/** `models` of `ai`: names of the operator's own, each for one or several models of providers. */
import * as z from 'zod';
import { type AiCondition, aiConditions } from '../snapshot/ai.js';
import { choiceFields, usualChoice } from './ai-routing.js';
import { checkedKey } from './checked-key.js';
import type { PathStep } from './faults.js';
import { choice, integer, leaf, oneOrMany, readText } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

/** What stands in `model` of a request: names as providers have them, which may hold slashes, colons and dots. */
const NAME = /^[\x21-\x7e]{1,256}$/;

export interface ModelReference {
  readonly provider: string;
  /** The provider's name of it, which may have slashes of its own. */
  readonly model: string;
}

/** Up to the first slash it is the provider; null: it names none. */
export function readReference(written: string): ModelReference | null {
  const slash = written.indexOf('/');
  const model = written.slice(slash + 1);
  return slash < 1 || !NAME.test(written) || model === '' ? null : { provider: written.slice(0, slash), model };
}

export const modelReference = () =>
  leaf(
    (value): Reading<ModelReference> => {
      const asText = readText(value, 'a model');
      if (!asText.ok) return asText;
      const found = readReference(asText.value);
      const cure = 'write provider/model, such as openai/gpt-5-mini';
      return found === null ? refuse(`${quote(asText.value)} does not say whose model it is`, cure) : accept(found);
    },
    { type: 'string', pattern: '^[^/]+/.+$', examples: ['openai/gpt-5-mini'] },
  );

export const modelName = () =>
  leaf(
    (value) =>
      readText(value, "a model's name", (name) =>
        NAME.test(name)
          ? accept(name)
          : refuse(`${quote(name)} cannot name a model`, 'use up to 256 visible characters of ASCII, without spaces'),
      ),
    { type: 'string', examples: ['smart', 'openai/gpt-5-mini'] },
  );

const targetFields = z.strictObject({
  model: modelReference().describe('Whose model, and which: provider/model.'),
  weight: integer('a weight', 1, 1000).prefault(1).describe('Share of it relative to the others.'),
});

const target = z.union([modelReference().transform((model) => ({ model, weight: 1 })), targetFields]);

/** What a filter has refused is not shown around unasked. */
const usualConditions: readonly AiCondition[] = aiConditions.filter((condition) => condition !== 'contentFiltered');

const fallbackFields = z.strictObject({
  model: modelReference().describe('Whose model, and which: provider/model.'),
  when: oneOrMany(choice('a condition', aiConditions))
    .prefault([...usualConditions])
    .describe(
      'Failures that it stands in for: timeout, overloaded, rateLimited, contextExceeded, contentFiltered, error. Left out: all but contentFiltered.',
    ),
});

const fallback = z.union([
  modelReference().transform((model): z.output<typeof fallbackFields> => ({ model, when: [...usualConditions] })),
  fallbackFields,
]);

const targets = () => oneOrMany(target, 50).pipe(z.array(z.custom<z.output<typeof target>>()).min(1));

const fields = {
  targets: targets().describe('Models that share its requests by weight, and stand in for each other.'),
  fallback: oneOrMany(fallback, 20).prefault([]).describe('Models that are asked after a failure, in this order.'),
  ...choiceFields,
};

const listed = z.strictObject({ id: modelName().describe('What clients put into `model`.'), ...fields });
const body = z.strictObject(fields);
const keyed = z.union([
  body,
  targets().transform((list): z.output<typeof body> => ({ targets: list, fallback: [], ...usualChoice })),
]);

/** A model, with its key or position in the file. */
export type AiModel = z.output<typeof listed> & { readonly place: PathStep };

export const modelsSchema = z.union([
  z
    .array(listed)
    .max(1000)
    .transform((list) => list.map((model, place): AiModel => ({ ...model, place }))),
  z
    .record(z.string(), keyed)
    .transform((map, context) =>
      Object.entries(map).map(
        ([id, model]): AiModel => ({ id: checkedKey(modelName(), id, context), ...model, place: id }),
      ),
    ),
]);
