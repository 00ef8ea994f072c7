/** Budgets of money over models whose price nobody can know: their questions are refused. Warnings. Pure. */
import type { Ai } from '@weir/proto/config/ai.js';
import { type Finding, findWarning } from '@weir/proto/config/faults.js';
import type { Draft } from '@weir/proto/config/parse.js';

interface Unpriced {
  readonly providers: readonly Pick<Ai['providers'][number], 'id' | 'kind'>[];
  readonly models: readonly Pick<Ai['models'][number], 'id' | 'place' | 'targets'>[];
  readonly limits: readonly Ai['limits'][number][];
  readonly prices: readonly Pick<Ai['prices'][number], 'provider' | 'model'>[];
}

/** Only of servers that nothing but the config describes: the catalogue, which knows all others, is with the nodes. */
export function lintUnpriced({ providers, models, limits, prices }: Unpriced, routes: Draft['routes']): Finding[] {
  const isOfMoney = ({ cost }: Ai['limits'][number]): boolean => cost !== undefined;
  const budgeted = routes.flatMap((route) => (route?.ai?.limits.some(isOfMoney) ? [route.ai.models] : []));
  const isBudgeted = (id: string): boolean =>
    limits.some(isOfMoney) || budgeted.some((offered) => offered.length === 0 || offered.includes(id));
  const unknown = new Set(providers.flatMap(({ id, kind }) => (kind === 'compatible' ? [id] : [])));
  return models.flatMap(({ id, place, targets }) => {
    const isUnpriced = targets.every(
      ({ model: { provider, model } }) =>
        unknown.has(provider) && !prices.some((price) => price.provider === provider && price.model === model),
    );
    const first = targets[0]?.model;
    if (first === undefined || !isUnpriced || !isBudgeted(id)) return [];
    const message = `nobody knows what ${id} costs, so questions under a budget of money are refused with 503`;
    const cure = `say it: ai: { prices: { ${first.provider}/${first.model}: { input: …, output: … } } }, 0 where it is free`;
    return [findWarning(['ai', 'models', place], message, cure)];
  });
}
