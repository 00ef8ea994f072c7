/**
 * Names under `ai` and in AI routes that must be unique, and names that must exist. On raw values, as cross-references.ts, which
 * asks for it: a faulty key of a provider shall not make the provider unknown.
 */
import { readReference } from './ai-models.js';
import { checkGuards, checkPrompts } from './ai-named.js';
import { type Finding, findError, type Path, type PathStep } from './faults.js';
import { valueAt } from './issues.js';
import { closest } from './suggest.js';
import { quote } from './units.js';

/** Id of the upstream that stands for a provider in the snapshot, beside those of the config. */
export function providerUpstreamId(provider: string): string {
  return `ai-${provider}`;
}

interface Named {
  readonly id: string;
  /** Key or position. */
  readonly place: PathStep;
  readonly value: unknown;
}

/** `knows`: of a model's name that is none of its own, whether somebody else has it. */
export function findAiFaults(
  value: unknown,
  upstreams: readonly string[],
  knows: (model: string) => boolean = () => false,
): Finding[] {
  const providers = namedAt(value, ['ai', 'providers']);
  const models = namedAt(value, ['ai', 'models']);
  return [
    ...findTwins(providers, 'provider', ['ai', 'providers']),
    ...findTwins(models, 'model', ['ai', 'models']),
    ...providers.flatMap(({ id, place }) => {
      if (!upstreams.includes(providerUpstreamId(id))) return [];
      const message = `the provider ${quote(id)} would be the upstream ${providerUpstreamId(id)}, which there is already`;
      return [findError(['ai', 'providers', place], message, 'give one of them another id')];
    }),
    ...models.flatMap(({ place, value: model }) => checkTargets(model, ['ai', 'models', place], idsOf(providers))),
    ...checkPrompts(value, (name, path) =>
      typeof name === 'string' && knows(name) ? [] : checkModel(name, path, idsOf(models), idsOf(providers)),
    ),
    ...checkGuards(value, upstreams),
  ];
}

/** What an AI route names must be a model of the config, or one of a provider's. */
export function checkAiRoute(value: unknown, route: unknown, path: Path): Finding[] {
  const providers = idsOf(namedAt(value, ['ai', 'providers']));
  if (providers.length === 0) {
    const cure = `add one: ai: { providers: { openai: "\${OPENAI_API_KEY}" } }`;
    return [findError([...path, 'ai'], 'there is no provider that could be asked for a model', cure)];
  }
  const models = idsOf(namedAt(value, ['ai', 'models']));
  const at: Path = [...path, 'ai', 'models'];
  return [
    ...each(valueAt(route, ['ai', 'models']), at).flatMap(([name, place]) =>
      checkModel(name, place, models, providers),
    ),
    ...each(valueAt(route, ['ai', 'passthrough']), [...path, 'ai', 'passthrough']).flatMap(([name, place]) =>
      typeof name === 'string' ? checkProvider(name, place, providers) : [],
    ),
    ...(['prompts', 'guards'] as const).flatMap((kind) => {
      const known = Object.keys(valueAt(value, ['ai', kind]) ?? {});
      return each(valueAt(route, ['ai', kind]), [...path, 'ai', kind]).flatMap(([name, place]) => {
        if (typeof name !== 'string' || known.includes(name)) return [];
        const meant = closest(name, known);
        const cure = meant === null ? `add it under ai.${kind}` : `did you mean ${meant}?`;
        return [findError(place, `there is no ${kind.slice(0, -1)} ${quote(name)}`, cure)];
      });
    }),
  ];
}

function checkModel(name: unknown, path: Path, models: readonly string[], providers: readonly string[]): Finding[] {
  if (typeof name !== 'string' || models.includes(name)) return [];
  const named = readReference(name);
  if (named !== null) return checkProvider(named.provider, path, providers);
  const meant = closest(name, models);
  const cure = meant === null ? 'add it under ai.models, or write provider/model' : `did you mean ${meant}?`;
  return [findError(path, `there is no model ${quote(name)}`, cure)];
}

/** Of a list, or of a mapping; a text in a list of providers is an id. */
function namedAt(value: unknown, path: Path): readonly Named[] {
  const found = valueAt(value, path);
  if (Array.isArray(found))
    return found.flatMap((entry: unknown, place): Named[] => {
      const id = typeof entry === 'string' ? entry : valueAt(entry, ['id']);
      return typeof id === 'string' ? [{ id, place, value: entry }] : [];
    });
  if (typeof found !== 'object' || found === null) return [];
  return Object.entries(found).map(([id, entry]) => ({ id, place: id, value: entry }));
}

const idsOf = (named: readonly Named[]): string[] => named.map(({ id }) => id);

function findTwins(named: readonly Named[], what: string, path: Path): Finding[] {
  const first = new Map<string, PathStep>();
  return named.flatMap(({ id, place }) => {
    const earlier = first.get(id);
    if (earlier === undefined) {
      first.set(id, place);
      return [];
    }
    const message = `the ${what} ${quote(id)} is already ${path.join('.')}[${earlier}]`;
    return [findError([...path, place, 'id'], message, 'give each an id of its own')];
  });
}

function checkTargets(model: unknown, path: Path, providers: readonly string[]): Finding[] {
  const isShort = typeof model === 'string' || Array.isArray(model);
  const lists: readonly (readonly [unknown, Path])[] = isShort
    ? [[model, path]]
    : ['targets', 'fallback'].map((list) => [valueAt(model, [list]), [...path, list]] as const);
  return lists.flatMap(([list, at]) =>
    each(list, at).flatMap(([target, place]) => {
      const isText = typeof target === 'string';
      const written = isText ? target : valueAt(target, ['model']);
      const named = typeof written === 'string' ? readReference(written) : null;
      return named === null ? [] : checkProvider(named.provider, isText ? place : [...place, 'model'], providers);
    }),
  );
}

function checkProvider(wanted: string, path: Path, providers: readonly string[]): Finding[] {
  if (providers.includes(wanted)) return [];
  const meant = closest(wanted, providers);
  const there =
    providers.length === 0
      ? 'add it under ai.providers'
      : `there ${providers.length === 1 ? 'is' : 'are'} ${providers.join(', ')}`;
  return [findError(path, `there is no provider ${quote(wanted)}`, meant === null ? there : `did you mean ${meant}?`)];
}

/** One value or a list of them, each with its place. */
function each(value: unknown, path: Path): readonly (readonly [value: unknown, place: Path])[] {
  if (Array.isArray(value)) return value.map((one: unknown, index) => [one, [...path, index]] as const);
  return value === undefined ? [] : [[value, path]];
}
