/**
 * What a service has of models and prompts of its own, as nodes get it: one space of names for each live release, and providers under ids
 * that are no other's. Pure.
 *
 *   service assistant, provider openai, model smart
 *     provider assistant.openai, at the upstream assistant.ai-openai
 *     space assistant@3: `smart` and `openai/…` as callers write them; `assistant/smart` in metrics and budgets
 */
import type { Ai, AiRoute } from '@weir/proto/config/ai.js';
import type { AiPrice, Budget } from '@weir/proto/config/ai-budgets.js';
import type { AiGuard } from '@weir/proto/config/ai-guards.js';
import { type AiModel, readReference } from '@weir/proto/config/ai-models.js';
import type { AiPrompt } from '@weir/proto/config/ai-prompts.js';
import type { AiProvider } from '@weir/proto/config/ai-providers.js';
import { usualChoice } from '@weir/proto/config/ai-routing.js';
import { type Finding, findError, type Path } from '@weir/proto/config/faults.js';
import { closest } from '@weir/proto/config/suggest.js';
import type { Service } from '../../model/entities.js';
import type { ManagedWorld, Served } from './compose-service.js';
import { readDesign } from './read-design.js';

/** One release. */
export interface ManagedAi {
  /** `SERVICE@RELEASE`. */
  readonly space: string;
  readonly providers: readonly AiProvider[];
  /** As callers call them, to their ids. */
  readonly providerIds: Readonly<Record<string, string>>;
  readonly models: readonly ManagedModel[];
  /** Of the operator's. */
  readonly uses: readonly string[];
  readonly prompts: readonly AiPrompt[];
  readonly guards: readonly AiGuard[];
  readonly prices: readonly AiPrice[];
}

/** Targets name providers by their ids. */
export type ManagedModel = AiModel & { readonly label: string };

/** The upstream of a provider of that id: `shop.openai` lies at `shop.ai-openai`. */
export function upstreamOf(providerId: string): string {
  return providerId.replace('.', '.ai-');
}

/** Of each of the releases; null: it has nothing of its own. */
export function placeAi({ id }: Pick<Service, 'id'>, served: readonly Served[], teamId: string): (ManagedAi | null)[] {
  const taken = new Map<string, string>();
  return served.map(({ release, design }) => {
    const { ai } = readDesign(design, teamId);
    return ai === null ? null : placed(ai, { service: id, release, taken });
  });
}

/** What other services of its team may ask by name: what its first live release has. */
export function offeredAi(service: Pick<Service, 'id' | 'teamId'>, served: readonly Served[]): ManagedAi | null {
  return placeAi(service, served, service.teamId)[0] ?? null;
}

interface At {
  readonly service: string;
  readonly release: number;
  /** By their ids, what providers of releases before are. */
  readonly taken: Map<string, string>;
}

function placed(ai: Ai, { service, release, taken }: At): ManagedAi {
  const ids = new Map(
    ai.providers.map((provider) => {
      const { place: _, ...said } = provider;
      const text = JSON.stringify(said);
      // The first live release that has an id keeps it; one that means something else by it has its number in it.
      const id = `${service}.${provider.id}`;
      const known = taken.get(id) ?? text;
      const own = known === text ? id : `${service}@${release}.${provider.id}`;
      taken.set(own, text);
      return [provider.id, own] as const;
    }),
  );
  const idOf = (provider: string): string => ids.get(provider) ?? provider;
  return {
    space: `${service}@${release}`,
    providers: ai.providers.map((provider) => ({ ...provider, id: idOf(provider.id) })),
    providerIds: Object.fromEntries(ids),
    models: ai.models.map((model) => placedModel(model, service, idOf)),
    uses: [],
    prompts: ai.prompts.map((prompt) => ({
      ...prompt,
      // A release is the version.
      versions: prompt.versions.map((version) => ({ ...version, id: String(release) })),
    })),
    guards: ai.guards,
    prices: ai.prices.map((price) => ({ ...price, provider: idOf(price.provider) })),
  };
}

function placedModel(model: AiModel, service: string, idOf: (provider: string) => string): ManagedModel {
  const at = <T extends { readonly model: { readonly provider: string; readonly model: string } }>(target: T): T => ({
    ...target,
    model: { ...target.model, provider: idOf(target.model.provider) },
  });
  return {
    ...model,
    ...{ targets: model.targets.map(at), fallback: model.fallback.map(at), label: `${service}/${model.id}` },
  };
}

export interface NamedAi {
  readonly ai: ManagedAi;
  readonly findings: readonly Finding[];
}

interface Namer {
  readonly service: Pick<Service, 'id' | 'teamId'>;
  readonly world: ManagedWorld;
}

/** With all that its routes and prompts name beside: models of the operator's, of other services of the team, and `provider/model`. */
export function withNames(ai: ManagedAi, routes: readonly (AiRoute | null)[], { service, world }: Namer): NamedAi {
  const models = new Map(ai.models.map((model) => [model.id, model]));
  const uses = new Set<string>();
  const findings: Finding[] = [];
  const know = (name: string, path: Path, isOffered: boolean): void => {
    if (models.has(name) || uses.has(name)) return;
    const reference = readReference(name);
    if (reference !== null && Object.hasOwn(ai.providerIds, reference.provider)) {
      const provider = ai.providerIds[reference.provider] ?? '';
      // Which models may be asked is then said by name; behind a prompt it need not be.
      if (isOffered) models.set(name, single(name, { ...reference, provider }, service.id));
      return;
    }
    const shared = reference === null ? null : sharedModel(name, reference.provider, service, world);
    if (shared !== null) models.set(name, shared);
    else if (world.models.has(name)) uses.add(name);
    else findings.push(unknownModel(name, path, [...models.keys(), ...world.models]));
  };
  for (const [i, route] of routes.entries())
    for (const name of route?.models ?? []) know(name, ['routes', i, 'ai', 'models'], true);
  for (const { id, versions } of ai.prompts)
    for (const { model } of versions) know(model, ['ai', 'prompts', id, 'model'], false);
  if (routes.some((route) => route !== null && offersAll(route, ai))) for (const name of world.models) uses.add(name);
  return { ai: { ...ai, models: [...models.values()], uses: [...uses] }, findings };
}

function single(
  id: string,
  model: { readonly provider: string; readonly model: string },
  service: string,
): ManagedModel {
  return { id, targets: [{ model, weight: 1 }], fallback: [], ...usualChoice, place: id, label: `${service}/${id}` };
}

/** `SERVICE/MODEL` of another service of the same team, as its first live release has it. */
function sharedModel(
  name: string,
  other: string,
  { id, teamId }: Pick<Service, 'id' | 'teamId'>,
  world: ManagedWorld,
): ManagedModel | null {
  const found = other === id ? undefined : world.aiOf(teamId, other)?.models;
  const model = found?.find((one) => `${other}/${one.id}` === name);
  return model === undefined ? null : { ...model, id: name };
}

function unknownModel(name: string, path: Path, known: readonly string[]): Finding {
  const meant = closest(name, known);
  const cure = meant === null ? `there is ${known.join(', ') || 'none'}` : `did you mean ${meant}?`;
  return findError(path, `there is no model ${name} that this service may ask`, cure);
}

/** All models of the operator's, as a service without any of its own does. */
function offersAll({ models, promptsOnly }: AiRoute, ai: ManagedAi): boolean {
  return models.length === 0 && !promptsOnly && ai.providers.length + ai.models.length === 0;
}

/** What a route offers, in words of its space; `ai` as it was placed. */
export function routeIn(route: AiRoute, ai: ManagedAi, world: ManagedWorld): AiRoute {
  // Without names of its own it offers any model of its providers, as weir.yaml does.
  const models = offersAll(route, ai) ? [...world.models] : route.models.length > 0 ? route.models : idsOf(ai.models);
  return { ...route, models, prompts: route.prompts ?? idsOf(ai.prompts), space: ai.space };
}

const idsOf = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id);

export function withBudgets(route: AiRoute, budgets: readonly Budget[]): AiRoute {
  return budgets.length === 0 ? route : { ...route, limits: [...route.limits, ...budgets] };
}
