/** What is said about budgets of AI and can't work, or seldom is what was meant. */

import { type Budget, type BudgetKey, budgetUnits } from '@weir/proto/config/ai-budgets.js';
import type { WeirConfig } from '@weir/proto/config/document.js';
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { Draft } from '@weir/proto/config/parse.js';

export function lintBudgets({ ai, routes, consumers }: Draft): Finding[] {
  const teams = new Set(consumers.flatMap((consumer) => consumer?.team ?? []));
  const isOpen = routes.every((route) => route === null || route.ai === null || route.auth.length === 0);
  const at = (limits: readonly Budget[], path: Path, isAnonymous: boolean): Finding[] =>
    limits.flatMap((limit, index) => lintBudget(limit, [...path, index], teams, isAnonymous));
  return [
    ...at(ai?.limits ?? [], ['ai', 'limits'], isOpen),
    ...routes.flatMap((route, index) =>
      at(route?.ai?.limits ?? [], ['routes', index, 'ai', 'limits'], route?.auth.length === 0),
    ),
    ...lintPrices(ai),
  ];
}

function lintBudget(limit: Budget, path: Path, teams: ReadonlySet<string>, isAnonymous: boolean): Finding[] {
  const { by, only, mode } = limit;
  const findings: Finding[] = [];
  const counts = (key: BudgetKey): boolean => by.includes(key);
  if (isAnonymous && (counts('consumer') || counts('team'))) {
    const message = 'nobody proves who they are on its routes, so all are counted as one';
    findings.push(findWarning([...path, 'by'], message, 'add `auth` to the route, or count by address'));
  } else if (counts('team') && teams.size === 0) {
    const message = 'no consumer has a team, so all are counted as one';
    findings.push(findWarning([...path, 'by'], message, 'add `team` to consumers'));
  }
  if (by[0] === 'team')
    for (const [index, name] of only.entries()) {
      if (teams.size > 0 && !teams.has(name))
        findings.push(
          findWarning([...path, 'only', index], `no consumer is of the team ${name}`, 'add it, or mend the name'),
        );
    }
  const period = budgetUnits.map((unit) => limit[unit]?.period).find((one) => one !== undefined);
  if (period === 'month' && mode !== 'strict') {
    const message = 'what was spent is kept by the nodes alone: where all of them stop at once, the month begins again';
    findings.push(findWarning([...path, 'mode'], message, 'write mode: strict, which counts in Redis'));
  }
  return findings;
}

function lintPrices(ai: Draft['ai']): Finding[] {
  if (ai === null) return [];
  const known = new Set(ai.providers.map(({ id }) => id));
  return ai.prices.flatMap(({ provider, model }) => {
    if (known.has(provider)) return [];
    const path: Path = ['ai', 'prices', `${provider}/${model}`];
    return [findWarning(path, `there is no provider ${provider}, so nobody is asked at this price`, 'mend the name')];
  });
}

/** What asks a Redis that there is none of; see lint-limits.ts. */
export function lintStrictBudgets({ ai, routes }: Pick<WeirConfig, 'ai' | 'routes'>): Finding[] {
  const at = (limits: readonly Budget[], path: Path): Finding[] =>
    limits.flatMap(({ mode }, index) => {
      if (mode !== 'strict') return [];
      const message = 'a strict budget is counted in Redis, and nodes were started without --redis';
      return [findError([...path, index, 'mode'], message, 'start with --redis URL, or write shared')];
    });
  return [
    ...at(ai?.limits ?? [], ['ai', 'limits']),
    ...routes.flatMap((route, index) => at(route.ai?.limits ?? [], ['routes', index, 'ai', 'limits'])),
  ];
}
