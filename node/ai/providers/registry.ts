/**
 * The providers by the kind that the config names: those with translators of their own, those in the table of compatible ones,
 * and `compatible`, which the config itself describes. Pure.
 */
import type { Provider } from '../provider.js';
import { anthropic } from './anthropic/anthropic.js';
import { azureOpenAi } from './azure-openai.js';
import { bedrock } from './bedrock/bedrock.js';
import { cohere } from './cohere/cohere.js';
import { compatibleProvider } from './compatible/compatible.js';
import type { CompatibleTerms } from './compatible/read-terms.js';
import { compatibleRows, specOf } from './compatible/table.js';
import { gemini } from './gemini/gemini.js';
import { mistral } from './mistral.js';
import { ollama } from './ollama/ollama.js';
import { openAi } from './openai.js';
import { vertex } from './vertex/vertex.js';

/** With translators of their own. */
export const translatedProviders: readonly Provider[] = [
  anthropic,
  azureOpenAi,
  bedrock,
  cohere,
  gemini,
  mistral,
  ollama,
  openAi,
  vertex,
];

/** The kind whose words all come from the config. */
export const COMPATIBLE = 'compatible';

/** Null where no such kind is known. `terms` change a row of the table, and are all that `compatible` has. */
export function providerOf(kind: string, terms: CompatibleTerms = {}): Provider | null {
  const translated = translatedProviders.find((provider) => provider.kind === kind);
  if (translated !== undefined) return translated;
  return isCompatible(kind) ? compatibleProvider(specOf(kind, terms)) : null;
}

/** Whether the config may change what the provider is taken for. */
export function isCompatible(kind: string): boolean {
  return kind === COMPATIBLE || compatibleRows.some((row) => row.id === kind);
}

/** All kinds that a config may name, A to Z. */
export function providerKinds(): readonly string[] {
  return [...translatedProviders.map(({ kind }) => kind), ...compatibleRows.map(({ id }) => id), COMPATIBLE].sort();
}

const translatedSettings: Readonly<Record<string, readonly string[]>> = { bedrock: ['region'], vertex: ['project'] };

/** The settings without which a request finds no path, or can't be signed. */
export function requiredSettings(kind: string, terms: CompatibleTerms = {}): readonly string[] {
  if (isCompatible(kind)) return specOf(kind, terms).settings ?? [];
  return Object.hasOwn(translatedSettings, kind) ? (translatedSettings[kind] ?? []) : [];
}
