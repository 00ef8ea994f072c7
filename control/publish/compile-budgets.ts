/** The part of the snapshot that says what requests to models may spend; see compile-ai.ts for the rest. Pure. */
import type { Ai } from '@weir/proto/config/ai.js';
import type { AiPrice, Budget } from '@weir/proto/config/ai-budgets.js';
import { budgetUnits } from '@weir/proto/config/ai-budgets.js';
import type { Consumer } from '@weir/proto/config/consumers.js';
import { redisTimeoutDefaultMs } from '@weir/proto/config/limits.js';
import type { AiBudgetsSpec, AiLimitSpec, AiPriceSpec } from '@weir/proto/snapshot/ai.js';

/** Null: nothing was said of it. */
export function compileBudgets(
  ai: Pick<Ai, 'limits' | 'prices' | 'costHeader'> | undefined,
  consumers: readonly Pick<Consumer, 'id' | 'team'>[],
  pricesOfServices: readonly AiPrice[] = [],
): AiBudgetsSpec | null {
  const teams = Object.fromEntries(consumers.flatMap(({ id, team }) => (team === undefined ? [] : [[id, team]])));
  const { limits = [], prices: own = [], costHeader = false } = ai ?? {};
  const prices = [...own, ...pricesOfServices];
  if (limits.length + prices.length + Object.keys(teams).length === 0 && !costHeader) return null;
  return { limits: limits.map(compileBudget), prices: prices.map(compilePrice), teams, costHeader };
}

/** What is not said is not in the snapshot either: it is made of MessagePack, which would keep it as a null. */
function compilePrice({ provider, model, price }: AiPrice): AiPriceSpec {
  const { input, output, ...rest } = price;
  const said = Object.fromEntries(Object.entries(rest).filter(([, dollars]) => dollars !== undefined));
  return { provider, model, price: { input, output, ...said } };
}

export function compileBudget(budget: Budget): AiLimitSpec {
  const { by, only, mode, onRedisLoss, redisTimeout, keys, consumers, scope } = budget;
  const unit = budgetUnits.find((one) => budget[one] !== undefined) ?? 'requests';
  const { amount = 0, period = 'day' } = budget[unit] ?? {};
  const redis =
    mode === 'strict'
      ? { withinMs: redisTimeout ?? redisTimeoutDefaultMs, onLoss: onRedisLoss ?? ('closed' as const) }
      : null;
  const reach = { ...(consumers === undefined ? {} : { consumers }), ...(scope === undefined ? {} : { scope }) };
  return { unit, amount, period, by, only, mode, redis, keys, ...reach };
}
