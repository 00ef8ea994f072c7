/**
 * What of the models of a snapshot a route knows: those of the operator's, or the space of a team's service. Each is a view of the same
 * providers, keys and counts, so nothing below a route asks whose it is; and what a view does not have can't be named by any text of a
 * caller's. Pure.
 */
import type { AiSpaceSpec, AiSpec } from '@weir/proto/snapshot/ai.js';
import { compileGuard } from '../guards/compiled-guard.js';
import { compilePrompt } from '../prompts/compiled-prompt.js';
import type { AiProvider, CompiledAi } from './ai-store.js';

/** Providers of the operator's, as they are called and by their ids. */
export function ownProviders({ providers }: AiSpec): ReadonlyMap<string, string> {
  return new Map(providers.filter(({ isManaged }) => isManaged !== true).map(({ id }) => [id, id]));
}

/** `all`: by their ids. */
export function among(ids: Iterable<string>, all: ReadonlyMap<string, AiProvider>): ReadonlyMap<string, AiProvider> {
  const found = new Map<string, AiProvider>();
  for (const id of ids) {
    const provider = all.get(id);
    if (provider !== undefined) found.set(id, provider);
  }
  return found;
}

export function spaceOf(spec: AiSpaceSpec, own: CompiledAi): CompiledAi {
  const { everyProvider } = own;
  const used = spec.uses.flatMap((id) => own.models.get(id) ?? []);
  // One that a node can't ask, or that another service has no longer, is not there; a model without any is none.
  const models = [...used, ...spec.models]
    .map((model) => ({ ...model, targets: model.targets.filter(({ provider }) => everyProvider.has(provider)) }))
    .filter(({ targets }) => targets.length > 0);
  const names = Object.entries(spec.providers).filter(([, id]) => everyProvider.has(id));
  const asked = models.flatMap(({ targets }) => targets.map(({ provider }) => provider));
  return {
    ...own,
    models: new Map(models.map((model) => [model.id, model])),
    providerNames: new Map(names),
    providers: among(new Set([...asked, ...names.map(([, id]) => id)]), everyProvider),
    prompts: new Map(spec.prompts.map((prompt) => [prompt.id, compilePrompt(prompt)])),
    guards: new Map([...own.guards, ...spec.guards.map((guard) => [guard.id, compileGuard(guard)] as const)]),
    spaces: new Map(),
  };
}
