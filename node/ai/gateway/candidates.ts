/**
 * Which models may answer a request, by the name that its caller gave, and in which order they are asked. Pure.
 *
 * A name is one of the operator's own, or `provider/model` where the route lists it, or lists nothing. Targets without `when`
 * share the first attempts by weight and stand in for each other; the others follow in their order, each behind its condition.
 */
import type { AiModelSpec, AiTargetSpec } from '@weir/proto/snapshot/ai.js';

export type Candidate = Pick<AiTargetSpec, 'provider' | 'model' | 'when'>;

export interface Names {
  readonly models: ReadonlyMap<string, AiModelSpec>;
  /** What callers call them, and their ids. */
  readonly providers: ReadonlyMap<string, string>;
  /** Names that the route allows; empty: all. */
  readonly allowed: ReadonlySet<string>;
}

/** Null: there is no such name here, or the route does not allow it. */
export function targetsOf(name: string, { models, providers, allowed }: Names): readonly AiTargetSpec[] | null {
  if (allowed.size > 0 && !allowed.has(name)) return null;
  const own = models.get(name);
  if (own !== undefined) return own.targets;
  // The first slash ends the provider: names of models have slashes of their own (`openrouter/meta/llama`).
  const slash = name.indexOf('/');
  const provider = providers.get(name.slice(0, Math.max(0, slash)));
  const model = name.slice(slash + 1);
  return provider !== undefined && model !== '' ? [{ provider, model, weight: 1, when: null }] : null;
}

/** What a model is called in metrics, logs and budgets: as the configuration names it, for what callers name has no bound. */
export function labelOf(name: string, targets: readonly AiTargetSpec[], { models, allowed }: Names): string {
  const own = models.get(name);
  if (own !== undefined) return own.label ?? name;
  return allowed.has(name) ? name : `${targets[0]?.provider ?? ''}/*`;
}

/**
 * The order of attempts. One draw from [0, 1) for each target without `when`, by chance or by what requests have in common: the weight
 * is its share of coming before the others.
 */
export function inOrder(
  targets: readonly AiTargetSpec[],
  draw: (target: AiTargetSpec) => number,
): readonly AiTargetSpec[] {
  if (targets.length < 2) return targets;
  const firsts = targets.filter(({ when }) => when === null);
  // Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006): the smallest -ln(u)/w comes first.
  const drawn = firsts.map((target) => ({
    target,
    at: target.weight > 0 ? -Math.log(1 - draw(target)) / target.weight : Infinity,
  }));
  drawn.sort((a, b) => (a.at === b.at ? 0 : a.at - b.at));
  return [...drawn.map(({ target }) => target), ...targets.filter(({ when }) => when !== null)];
}
