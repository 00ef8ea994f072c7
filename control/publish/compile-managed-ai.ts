/**
 * Models and prompts of services that teams publish, in the snapshot: providers beside the operator's, and a space of names for each release.
 * See compile-ai.ts for what both have in common. Pure.
 */
import type { AiModelSpec, AiPromptSpec, AiSpaceSpec } from '@weir/proto/snapshot/ai.js';
import { type AiOfServices, compileModel, compileProvider, providerUpstream } from './compile-ai.js';
import { compileGuard, compilePrompt } from './compile-ai-named.js';
import { type ManagedAi, type ManagedModel, upstreamOf } from './managed/compose-ai.js';
import type { NamedUpstream } from './managed/read-design.js';

export interface CompiledServiceAi extends AiOfServices {
  /** Those that its providers lie at. */
  readonly upstreams: readonly NamedUpstream[];
}

/** Of all live releases of one service; a provider that several have is one. */
export function compileManagedAi(ais: readonly ManagedAi[]): CompiledServiceAi {
  const providers = [...new Map(ais.flatMap((ai) => ai.providers.map((provider) => [provider.id, provider]))).values()];
  return {
    upstreams: providers.map((provider) => ({
      ...providerUpstream(provider, upstreamOf(provider.id)),
      id: upstreamOf(provider.id),
    })),
    providers: providers.map((provider) => ({
      ...compileProvider(provider, upstreamOf(provider.id)),
      isManaged: true,
    })),
    spaces: ais.map(compileSpace),
    prices: ais.flatMap(({ prices }) => prices),
  };
}

function compileSpace({ space, providerIds, models, uses, prompts, guards }: ManagedAi): AiSpaceSpec {
  return {
    ...{ id: space, providers: providerIds, uses },
    models: models.map(labelled),
    prompts: prompts.map((prompt) => counted(compilePrompt(prompt))),
    guards: guards.map(compileGuard),
  };
}

function labelled(model: ManagedModel): AiModelSpec {
  return { ...compileModel(model), label: model.label };
}

function counted(prompt: AiPromptSpec): AiPromptSpec {
  return {
    ...prompt,
    versions: prompt.versions.map((version) => ({
      ...version,
      output: version.output === null ? null : { ...version.output, isCounted: true },
    })),
  };
}

export function joinedAi(ais: readonly AiOfServices[]): AiOfServices {
  return {
    providers: ais.flatMap(({ providers }) => providers),
    spaces: ais.flatMap(({ spaces }) => spaces),
    prices: ais.flatMap(({ prices }) => prices),
  };
}
