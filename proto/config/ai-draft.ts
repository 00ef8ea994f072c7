/** What is sound of `ai` while some of it is faulty: each provider and each model by itself, with its place in the file. */
import type * as z from 'zod';
import type { Ai } from './ai.js';
import { budgetsSchema } from './ai-budgets.js';
import { guardsSchema } from './ai-guards.js';
import { modelsSchema } from './ai-models.js';
import { promptsSchema } from './ai-prompts.js';
import { providersSchema } from './ai-providers.js';
import type { PathStep } from './faults.js';
import { valueAt } from './issues.js';

/** `value` is that of the whole config. */
export function soundAi(value: unknown): Ai {
  return {
    providers: soundEntries(providersSchema, valueAt(value, ['ai', 'providers'])),
    models: soundEntries(modelsSchema, valueAt(value, ['ai', 'models'])),
    prompts: soundNamed(promptsSchema, valueAt(value, ['ai', 'prompts'])),
    guards: soundNamed(guardsSchema, valueAt(value, ['ai', 'guards'])),
    limits: budgetsSchema().safeParse(valueAt(value, ['ai', 'limits']) ?? []).data ?? [],
    ...{ prices: [], costHeader: false },
  };
}

/** Of a list, or of a mapping whose keys are the ids; an entry is compared as if it stood there alone. */
function soundEntries<T extends { readonly place: PathStep }>(schema: z.ZodType<T[]>, entries: unknown): T[] {
  if (Array.isArray(entries))
    return entries.flatMap((entry: unknown, place) => one(schema, [entry]).map((sound) => ({ ...sound, place })));
  if (typeof entries !== 'object' || entries === null) return [];
  return Object.entries(entries).flatMap(([id, entry]) => one(schema, { [id]: entry }));
}

function soundNamed<T>(schema: z.ZodType<T[]>, entries: unknown): T[] {
  if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) return [];
  return Object.entries(entries).flatMap(([id, entry]) => one(schema, { [id]: entry }));
}

function one<T>(schema: z.ZodType<T[]>, value: unknown): T[] {
  const result = schema.safeParse(value);
  return result.success ? result.data : [];
}
