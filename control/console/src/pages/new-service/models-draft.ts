/** What the forms of a new AI service and of a new prompt service come to: a design, its plans, and the secret that it needs. Pure. */
import { factsOf, type ProviderFacts } from '@weir/proto/ai/providers.js';
import type { Design, Plan } from '../../../../model/entities.js';
import { emptyDesign } from '../../design/design-yaml.js';

export interface AiFields {
  /** A kind of provider; empty: models of the gateway. */
  readonly kind: string;
  readonly url: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Name of the team's secret that holds the key; empty: it is asked without. */
  readonly secret: string;
  /** One a line: `smart = gpt-5, gpt-5-mini`, or the name of a model alone. */
  readonly models: string;
}

export const noAi: AiFields = { kind: 'openai', url: '', settings: {}, secret: 'OPENAI_API_KEY', models: '' };

/** The name that a key of that kind usually goes by. */
export function secretOf(kind: string): string {
  return factsOf(kind)?.keyVariables[0] ?? '';
}

/** Settings that there is no way without. */
export function settingsOf(kind: string, url: string): ProviderFacts['settings'] {
  const settings = factsOf(kind)?.settings ?? [];
  return settings.filter(({ need }) => need === 'always' || (need === 'unless-url' && url.trim() === ''));
}

export function aiDesign({ kind, url, settings, secret, models }: AiFields): Design {
  const lines = linesOf(models);
  if (kind === '')
    return {
      ...emptyDesign,
      routes: [{ id: 'models', match: '/*', ai: lines.length === 0 ? true : { models: lines } }],
    };
  const said = Object.entries(settings).filter(([, value]) => value.trim() !== '');
  const provider = {
    kind,
    ...(url.trim() === '' ? {} : { url: url.trim() }),
    ...(secret.trim() === '' ? {} : { keys: keyOf(kind, secret.trim()) }),
    ...(said.length === 0 ? {} : { settings: Object.fromEntries(said) }),
  };
  const named = lines.map((line) => modelOf(line, kind));
  return {
    ...emptyDesign,
    ai: { providers: { [kind]: provider }, ...(named.length === 0 ? {} : { models: Object.fromEntries(named) }) },
    routes: [{ id: 'models', match: '/*', ai: true }],
  };
}

/** Keys of some kinds have parts, each a secret of its own: the others go by their usual names. */
function keyOf(kind: string, secret: string): string {
  const [, ...others] = factsOf(kind)?.keyVariables ?? [];
  return [secret, ...others].map((name) => `\${secret:${name}}`).join(':');
}

/** Names of the secrets that the design asks for. */
export function secretsIn(design: Design): readonly string[] {
  const text = JSON.stringify(design.ai ?? {});
  return [...new Set([...text.matchAll(/\$\{secret:(\w+)\}/g)].map(([, name = '']) => name))];
}

/** The first is asked, and each that follows it after a failure. */
function modelOf(line: string, provider: string): readonly [string, unknown] {
  const [left = '', ...right] = line.split('=');
  const all = (right.length === 0 ? left : right.join('='))
    .split(',')
    .map((model) => model.trim())
    .filter((model) => model !== '')
    .map((model) => `${provider}/${model}`);
  const [first = `${provider}/`, ...fallback] = all;
  return [left.trim(), fallback.length === 0 ? first : { targets: first, fallback }];
}

export interface PromptFields {
  /** One of the gateway, or `SERVICE/MODEL` of an AI service of the team. */
  readonly model: string;
  readonly system: string;
  readonly user: string;
  /** By the names of variables; those that are not in it are texts. */
  readonly types: Readonly<Record<string, VariableType>>;
  readonly temperature: string;
  readonly maxTokens: string;
  /** JSON Schema; empty: a text. */
  readonly output: string;
}

export const variableTypes = ['string', 'integer', 'number', 'boolean', 'list'] as const;
export type VariableType = (typeof variableTypes)[number];

export const noPrompt: PromptFields = {
  ...{ model: '', system: '', user: '', types: {}, temperature: '', maxTokens: '', output: '' },
};

/** In the order in which the messages name them. */
export function variablesIn({ system, user }: Pick<PromptFields, 'system' | 'user'>): readonly string[] {
  const tags = `${system}\n${user}`.matchAll(/\\\{\{|\{\{#?\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\}/g);
  return [...new Set([...tags].flatMap(([, name]) => name ?? []))];
}

/** `name`: of the prompt. */
export function promptDesign(name: string, fields: PromptFields): Design {
  const { model, system, user, types, temperature, maxTokens, output } = fields;
  const variables = variablesIn(fields).map((variable) => [variable, types[variable] ?? 'string'] as const);
  const parameters = {
    ...(temperature.trim() === '' ? {} : { temperature: numberOf(temperature) }),
    ...(maxTokens.trim() === '' ? {} : { maxTokens: numberOf(maxTokens) }),
  };
  const prompt = {
    model: model.trim(),
    ...(variables.length === 0 ? {} : { variables: Object.fromEntries(variables) }),
    messages: system.trim() === '' ? user : [{ system }, { user }],
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    ...(output.trim() === '' ? {} : { output: { schema: schemaOf(output) } }),
  };
  return {
    ...emptyDesign,
    ai: { prompts: { [name === '' ? 'prompt' : name]: prompt } },
    routes: [{ id: 'prompts', match: '/*', ai: { promptsOnly: true } }],
  };
}

/** What is no number, or no JSON, goes as it is: control says what is wrong with it. */
function numberOf(text: string): unknown {
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}

function schemaOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Of every application by itself, each day; empty: no such limit. */
export function planOf(tokens: string, dollars: string): Plan {
  const limits = [
    ...(tokens.trim() === '' ? [] : [{ tokens: `${tokens.trim()}/day` }]),
    ...(dollars.trim() === '' ? [] : [{ cost: `${dollars.trim()}/day` }]),
  ];
  return { id: 'default', name: 'Default', limits, approval: 'manual' };
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
