/**
 * The kinds of providers that the gateway knows: where each lies when the config does not say, what it needs to be told, and what
 * its keys look like. Data, for both sides: control checks a config against it and makes upstreams of it, nodes have the
 * translators. Pure. Addresses are from each provider's own API reference; the config can correct every one.
 */
import { compatibleHosts } from './compatible-hosts.js';

export interface ProviderSetting {
  readonly name: string;
  readonly about: string;
  /** Whether there is no way without it; where it stands in the URL alone, a URL of the config takes its place. */
  readonly need: 'always' | 'unless-url' | 'never';
}

export interface ProviderFacts {
  /** As in the config, and as the node's translators are called. */
  readonly kind: string;
  readonly title: string;
  /** With the path that its API lies below; `{name}` stands for a setting. Null: the config must say. */
  readonly url: string | null;
  readonly settings: readonly ProviderSetting[];
  /** Variables that a key is usually in. Several are parts of one key, with colons between; none: it is asked without. */
  readonly keyVariables: readonly string[];
  /** It speaks OpenAI's chat completions, and the config may say where it departs from them. */
  readonly isCompatible: boolean;
}

const needed = (name: string, about: string): ProviderSetting => ({ name, about, need: 'always' });
const inUrl = (name: string, about: string): ProviderSetting => ({ name, about, need: 'unless-url' });
const may = (name: string, about: string): ProviderSetting => ({ name, about, need: 'never' });

const beta = may('beta', 'Value of `anthropic-beta`, with commas between several.');
const maxTokens = may('maxTokens', 'Bound of the output where a caller names none; the API wants one.');

/** What the config describes by itself. */
export const COMPATIBLE = 'compatible';

const translated: readonly ProviderFacts[] = [
  {
    kind: 'openai',
    title: 'OpenAI',
    url: 'https://api.openai.com/v1',
    settings: [],
    keyVariables: ['OPENAI_API_KEY'],
    isCompatible: false,
  },
  {
    kind: 'azure-openai',
    title: 'Azure OpenAI',
    url: 'https://{resource}.openai.azure.com',
    settings: [
      inUrl('resource', 'Name of the resource: the first part of its host name.'),
      may('apiVersion', 'Version of the API; `v1` is the one without versions.'),
    ],
    keyVariables: ['AZURE_OPENAI_API_KEY'],
    isCompatible: false,
  },
  {
    kind: 'anthropic',
    title: 'Anthropic',
    url: 'https://api.anthropic.com/v1',
    settings: [may('version', 'Value of `anthropic-version`.'), beta, maxTokens],
    keyVariables: ['ANTHROPIC_API_KEY'],
    isCompatible: false,
  },
  {
    kind: 'gemini',
    title: 'Google Gemini',
    url: 'https://generativelanguage.googleapis.com/v1beta',
    settings: [],
    keyVariables: ['GEMINI_API_KEY'],
    isCompatible: false,
  },
  {
    kind: 'vertex',
    title: 'Google Vertex AI',
    url: 'https://{location}-aiplatform.googleapis.com/v1',
    settings: [
      needed('project', 'Id of the project.'),
      may('location', 'Such as europe-west4. Left out: global.'),
      beta,
      maxTokens,
    ],
    // The whole JSON file of a service account.
    keyVariables: ['GOOGLE_SERVICE_ACCOUNT'],
    isCompatible: false,
  },
  {
    kind: 'bedrock',
    title: 'Amazon Bedrock',
    url: 'https://bedrock-runtime.{region}.amazonaws.com',
    settings: [
      needed('region', 'Such as eu-central-1; it stands in the signature as well.'),
      may('guardrailIdentifier', 'Guardrail that all requests pass.'),
      may('guardrailVersion', 'Its version. Left out: DRAFT.'),
      may('guardrailTrace', 'enabled, enabled_full or disabled.'),
      may('guardrailMode', 'sync or async, for streams.'),
    ],
    // Of temporary keys the token is a third part: `AWS_SESSION_TOKEN`.
    keyVariables: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    isCompatible: false,
  },
  {
    kind: 'mistral',
    title: 'Mistral',
    url: 'https://api.mistral.ai/v1',
    settings: [],
    keyVariables: ['MISTRAL_API_KEY'],
    isCompatible: false,
  },
  {
    kind: 'cohere',
    title: 'Cohere',
    url: 'https://api.cohere.com',
    settings: [],
    keyVariables: ['COHERE_API_KEY'],
    isCompatible: false,
  },
  {
    kind: 'ollama',
    title: 'Ollama',
    url: 'http://127.0.0.1:11434',
    settings: [],
    keyVariables: [],
    isCompatible: false,
  },
];

const compatible: readonly ProviderFacts[] = compatibleHosts.map(([kind, title, url, variable, settings = []]) => ({
  kind,
  title,
  url,
  settings: settings.map((name) => inUrl(name, 'Stands in the URL.')),
  keyVariables: variable === null ? [] : [variable],
  isCompatible: true,
}));

export const providerFacts: readonly ProviderFacts[] = [
  ...translated,
  ...compatible,
  { kind: COMPATIBLE, title: 'OpenAI-compatible', url: null, settings: [], keyVariables: [], isCompatible: true },
];

const byKind: ReadonlyMap<string, ProviderFacts> = new Map(providerFacts.map((facts) => [facts.kind, facts]));

export const providerKinds: readonly string[] = providerFacts.map(({ kind }) => kind);

/** Null: no such kind. */
export function factsOf(kind: string): ProviderFacts | null {
  return byKind.get(kind) ?? null;
}

/** Vertex AI's place that is everywhere has a host name of another form. */
const VERTEX_GLOBAL = 'https://aiplatform.googleapis.com/v1';

/** Where a provider lies when the config names no URL; null while a setting is missing that stands in it. */
export function usualUrl({ kind, url }: ProviderFacts, settings: Readonly<Record<string, string>>): string | null {
  if (url === null) return null;
  const said = (name: string): string | undefined => (Object.hasOwn(settings, name) ? settings[name] : undefined);
  if (kind === 'vertex' && (said('location') ?? 'global') === 'global') return VERTEX_GLOBAL;
  let isWhole = true;
  const filled = url.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = said(name);
    if (value === undefined) isWhole = false;
    return encodeURIComponent(value ?? '');
  });
  return isWhole ? filled : null;
}

/** How a key of this kind is written in a config. */
export function keyExample({ keyVariables }: ProviderFacts): string {
  return keyVariables.map((name) => `\${${name}}`).join(':');
}
