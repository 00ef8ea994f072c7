/**
 * `GET /v1/insight/spend`: what requests to models took and cost, and what budgets have left. Operators see all of it, members of a team
 * what its own consumers and applications spend, since the team was made: its id may have been another's before.
 */
import * as z from 'zod';
import type { Insight } from '../../insight/insight.js';
import {
  readLength,
  type SpendAnswer,
  type SpendFilter,
  spendKinds,
  spendReport,
  spendWindow,
} from '../../insight/spend-report.js';
import type { RegistryView } from '../../registry/registry.js';
import { type ApiRoute, apiRoute } from './api-route.js';
import { refusal } from './problems.js';

export interface SpendSources {
  readonly registry: Pick<RegistryView, 'get'>;
  readonly insight: Insight;
  readonly wallMs: () => number;
}

const name = z.string().max(256).optional();
const BUDGETS_MAX = 200;

export function spendRoute({ insight, registry, wallMs }: SpendSources): ApiRoute {
  return apiRoute({
    ...{ method: 'GET', path: '/v1/insight/spend', name: 'getSpend', area: 'insight', needs: 'signed-in' },
    summary:
      'Tokens and money that models took, by team, consumer, model, provider or route, and what budgets have left',
    query: z.strictObject({
      by: z.enum(spendKinds).default('team'),
      since: z
        .string()
        .regex(/^[1-9]\d{0,5}[mhd]$/)
        .default('24h')
        .describe('`90m`, `24h`, `30d`, at most 31 days: whole minutes below 3 hours, else whole hours.'),
      ...{ team: name, consumer: name, model: name, provider: name, route: name },
      max: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
    async handle({ query: { by, since, max, ...filter }, caller }) {
      const [nowMs, lengthMs] = [wallMs(), readLength(since)];
      if (lengthMs === null)
        return refusal(400, 'Bad Request', 'What was spent is kept for 31 days: since=31d at most.');
      const { step, fromMs } = spendWindow(lengthMs, nowMs);
      const sinceOf = (team: string): number | null => {
        if (caller.isOperator) return 0;
        const known = caller.roleIn(team) === null ? null : registry.get('team', team);
        return known?.createdWallMs ?? null;
      };
      const rows = insight.spends.rowsSince(step, fromMs, sinceOf);
      // What is left is what was named, each a text.
      const named = Object.fromEntries(
        Object.entries(filter).filter(([, value]) => value !== undefined),
      ) as SpendFilter;
      const report = spendReport(rows, by, named, max);
      const budgets = insight.budgets
        .list(nowMs)
        .filter(({ team, toldMs }) => toldMs >= (sinceOf(team) ?? Number.POSITIVE_INFINITY))
        .filter(({ team }) => filter.team === undefined || filter.team === team)
        .slice(0, BUDGETS_MAX);
      const from = Math.max(fromMs, insight.spends.since(step));
      const body: SpendAnswer = { by, step, from, to: nowMs, ...report, budgets };
      return { status: 200, body };
    },
  });
}
