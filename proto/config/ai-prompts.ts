/** `prompts` of `ai`: messages with places for variables, each of which becomes an API of its own. Versions say what differs. */
import * as z from 'zod';
import { readVariable } from '../ai/variables.js';
import { type AiVariableSpec, aiVariableTypes } from '../snapshot/ai.js';
import { exactlyOne } from './action.js';
import { modelName } from './ai-models.js';
import { checkedKey } from './checked-key.js';
import type { PathStep } from './faults.js';
import { readTemplate, variableNamePattern } from './prompt-template.js';
import { choice, flag, identifier, integer, leaf, nameKind, oneOrMany, readText } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

const TEMPLATE_LENGTH_MAX = 100_000;

const longText = (what: string) =>
  leaf((value) => readLongText(value, what), { type: 'string', maxLength: TEMPLATE_LENGTH_MAX });

function readLongText(value: unknown, what: string): Reading<string> {
  return readText(value, what, (text) =>
    text.length > TEMPLATE_LENGTH_MAX ? refuse(`${what} has at most ${TEMPLATE_LENGTH_MAX} characters`) : accept(text),
  );
}

const template = () =>
  leaf(
    (value) => {
      const text = readLongText(value, 'a text');
      return text.ok ? readTemplate(text.value) : text;
    },
    { type: 'string', maxLength: TEMPLATE_LENGTH_MAX, examples: ['Translate to {{language}}: {{text}}'] },
  );

function decimal(what: string, minimum: number, maximum: number) {
  return leaf(
    (value): Reading<number> =>
      typeof value === 'number' && value >= minimum && value <= maximum
        ? accept(value)
        : refuse(`${what} must be a number from ${minimum} to ${maximum}, not ${nameKind(value)}`, null, true),
    { type: 'number', minimum, maximum },
  );
}

const variableName = leaf(
  (value) =>
    readText(value, "a variable's name", (name) =>
      new RegExp(variableNamePattern).test(name)
        ? accept(name)
        : refuse(`${quote(name)} cannot name a variable`, 'use letters, digits and underscores, at most 64'),
    ),
  { type: 'string', pattern: variableNamePattern },
);

const anyValue = leaf((value): Reading<unknown> => accept(value), { type: ['string', 'number', 'boolean', 'array'] });

const variableFields = z.strictObject({
  type: choice('a type', aiVariableTypes)
    .prefault('string')
    .describe('string, integer, number, boolean, enum (one of `values`), or list (of strings).'),
  description: longText('a description').prefault('').describe('For the OpenAPI document.'),
  required: flag().optional().describe('Left out: it is, unless it has a default.'),
  default: anyValue.optional().describe('Stands there where no value is given.'),
  values: oneOrMany(longText('a value'), 1000).optional().describe('What an enum may be.'),
  minimum: decimal('the minimum', -1e15, 1e15).optional().describe('Of numbers.'),
  maximum: decimal('the maximum', -1e15, 1e15).optional().describe('Of numbers.'),
  maxLength: integer('the number of characters', 1, 10_000_000)
    .prefault(100_000)
    .describe('Characters of a string, or of each string of a list, at most.'),
  maxItems: integer('the number of items', 1, 10_000).prefault(100).describe('Strings of a list, at most.'),
  separator: longText('a separator').prefault(', ').describe('Stands between the strings of a list.'),
});

const variable = z.union([
  choice('a type', aiVariableTypes).transform((type) => variableFields.parse({ type })),
  variableFields,
]);

const variables = z.record(z.string(), variable).transform((map, context) =>
  Object.entries(map).map(([key, fields]): AiVariableSpec => {
    const name = checkedKey(variableName, key, context);
    const spec = variableSpec(name, fields);
    const fault = variableFault(spec, fields);
    if (fault !== null)
      context.addIssue({ code: 'custom', path: [key], message: fault.message, params: { cure: fault.cure } });
    return spec;
  }),
);

function variableSpec(name: string, fields: z.output<typeof variableFields>): AiVariableSpec {
  const { type, description, required, values = [], minimum, maximum, separator } = fields;
  const spec: AiVariableSpec = {
    ...{ name, type, description, values, separator, isRequired: required ?? fields.default === undefined },
    ...{ minimum: minimum ?? null, maximum: maximum ?? null, default: null },
    ...{ lengthMax: fields.maxLength, itemsMax: fields.maxItems },
  };
  const given = fields.default === undefined ? null : readVariable(spec, fields.default);
  return given?.ok === true ? { ...spec, default: given.value } : spec;
}

interface VariableFault {
  readonly message: string;
  readonly cure: string;
}

function variableFault(spec: AiVariableSpec, fields: z.output<typeof variableFields>): VariableFault | null {
  const { type, values, minimum, maximum } = spec;
  if (type === 'enum' && values.length === 0)
    return { message: 'an enum has `values`', cure: 'add them: values: [short, long]' };
  if (type !== 'enum' && values.length > 0)
    return { message: `values are for an enum, and this is of the type ${type}`, cure: 'write type: enum' };
  if (minimum !== null && maximum !== null && minimum > maximum)
    return { message: `no number is ${minimum} or more and ${maximum} or less`, cure: 'swap minimum and maximum' };
  if (fields.default === undefined) return null;
  if (fields.required === true)
    return { message: 'it is required, so its default is never used', cure: 'remove one of the two' };
  const given = readVariable(spec, fields.default);
  return given.ok ? null : { message: `its default is not ${given.wants}`, cure: 'write one that callers could send' };
}

const message = z
  .strictObject({
    system: template().optional().describe('What the application says.'),
    user: template().optional().describe('What its user says.'),
    assistant: template().optional().describe('What the model said, or how its answer begins.'),
  })
  .transform((said, context) => {
    exactlyOne(said, ['system', 'user', 'assistant'], context);
    const role = said.system !== undefined ? 'system' : said.user !== undefined ? 'user' : 'assistant';
    return { role, pieces: said[role] ?? [] } as const;
  });

const messages = z.union([
  template().transform((pieces) => [{ role: 'user', pieces } as const]),
  z.array(message).min(1).max(100),
]);

const example = z.strictObject({
  user: template().describe('What a user says.'),
  assistant: template().describe('What the model shall answer to that.'),
});

const parameters = z.strictObject({
  maxTokens: integer('the number of tokens', 1, 10_000_000).optional().describe('Tokens of the answer, at most.'),
  temperature: decimal('the temperature', 0, 2).optional().describe('How freely the model chooses its words.'),
  topP: decimal('the share', 0, 1).optional().describe('Chooses from the likeliest words of this share.'),
  frequencyPenalty: decimal('the penalty', -2, 2).optional().describe('Against words that came often.'),
  presencePenalty: decimal('the penalty', -2, 2).optional().describe('Against words that came at all.'),
  seed: integer('a seed', 0, 2_147_483_647).optional().describe('The same answer again, as far as a provider can.'),
  stop: oneOrMany(longText('a text'), 16).prefault([]).describe('The answer ends before one of these.'),
  effort: choice('an effort', ['none', 'minimal', 'low', 'medium', 'high'])
    .optional()
    .describe('How much a model thinks that can.'),
});

const output = z.strictObject({
  schema: z.record(z.string(), z.unknown()).describe('JSON Schema (2020-12) that the output fits.'),
  name: identifier().optional().describe('Name of it for the model. Left out: the name of the prompt.'),
  strict: flag().optional().describe('The provider guarantees it; its rules for schemas are stricter then.'),
  by: choice('the way', ['schema', 'message'])
    .prefault('schema')
    .describe('How the model is told: by structured output of its provider, or by a message of the system.'),
  repair: choice('what is done', ['none', 'text', 'ask'])
    .prefault('text')
    .describe(
      'Where it does not fit: none (502), text (mends what is nearly JSON), ask (and asks once more, telling the fault).',
    ),
});

const versionFields = {
  model: modelName().optional().describe('A name of ai.models, or provider/model.'),
  messages: messages
    .optional()
    .describe('A text for one message of the user, or a list of { system | user | assistant }.'),
  examples: z
    .array(example)
    .max(100)
    .optional()
    .describe('Pairs of { user, assistant } that show how to answer; they stand before the first message of the user.'),
  variables: variables.optional().describe('What callers give: name to type, or its settings.'),
  parameters: parameters
    .optional()
    .describe('Temperature, most tokens and the like; what is not said is left to the model.'),
  output: output.optional().describe('Shape of the output. Left out: a text.'),
};

const version = z.strictObject({
  weight: integer('a weight', 0, 1000)
    .optional()
    .describe('Share of those who name no version. Where no version has one, the last has all.'),
  ...versionFields,
});

const prompt = z.strictObject({
  description: longText('a description').prefault('').describe('For the list and the OpenAPI document.'),
  ...versionFields,
  versions: z
    .record(z.string(), version)
    .optional()
    .describe('Versions by their names; each says what differs from what stands beside `versions`.'),
});

type Fields = z.output<typeof version>;
export type AiPromptVersion = Omit<Fields, 'weight' | 'model' | 'messages'> & {
  readonly id: string;
  readonly weight: number;
  readonly model: string;
  readonly messages: NonNullable<Fields['messages']>;
  /** In the file, below the prompt: none where the prompt says all by itself. */
  readonly place: readonly PathStep[];
};
export interface AiPrompt {
  readonly id: string;
  readonly description: string;
  readonly versions: readonly AiPromptVersion[];
}

/** Of a prompt that has none. */
const ONLY_VERSION = '1';

export const promptsSchema = z.record(z.string(), prompt).transform((map, context) =>
  Object.entries(map).map(([key, { description, versions, ...common }]): AiPrompt => {
    const id = checkedKey(identifier(), key, context);
    const stated = Object.entries(versions ?? { [ONLY_VERSION]: {} as Fields });
    const isWeighted = stated.some(([, { weight }]) => weight !== undefined);
    const whole = stated.map(([name, own], index): AiPromptVersion => {
      const place = versions === undefined ? [] : ['versions', name];
      if (versions !== undefined) checkedVersion(name, [key, ...place], context);
      const merged = { ...common, ...definedOf(own) };
      const weight = isWeighted ? (own.weight ?? 0) : index === stated.length - 1 ? 1 : 0;
      for (const part of ['model', 'messages'] as const) {
        if (merged[part] !== undefined) continue;
        const cure = part === 'model' ? 'add it, such as openai/gpt-5-mini' : 'add them, such as { user: "{{text}}" }';
        context.addIssue({
          code: 'custom',
          path: [key, ...place],
          message: `it is not said with which \`${part}\` it asks`,
          params: { cure },
        });
      }
      return { ...merged, id: name, weight, place, model: merged.model ?? '', messages: merged.messages ?? [] };
    });
    if (whole.every(({ weight }) => weight === 0)) {
      const cure = 'give one of them a weight';
      const path = [key, 'versions'];
      context.addIssue({
        code: 'custom',
        path,
        message: 'no version is left for those who name none',
        params: { cure },
      });
    }
    return { id, description, versions: whole };
  }),
);

function checkedVersion(name: string, path: string[], context: z.core.$RefinementCtx): void {
  const [issue] = identifier().safeParse(name).error?.issues ?? [];
  if (issue?.code === 'custom')
    context.addIssue({ code: 'custom', path, message: issue.message, params: issue.params ?? {} });
}

/** What a version does not say is the prompt's. */
function definedOf(own: Fields): Partial<Fields> {
  return Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
}
