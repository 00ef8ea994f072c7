/**
 * Budgets of a route, bound to their counters: which of them a question falls under, by which key, and what answers say of them. A budget
 * is known by what it counts and not by how much it allows: to raise it forgets nothing of what was spent.
 */

import type { SharedSpends, SpendVerdict } from '@weir/proto/cluster/shared-spends.js';
import { periodSeconds } from '@weir/proto/cluster/spend-window.js';
import { combinedValue, type HeaderList } from '@weir/proto/http/headers.js';
import type { AiLimitKey, AiLimitSpec } from '@weir/proto/snapshot/ai.js';
import { keyedConsumer, OWN_CONSUMERS } from '../../auth/own-consumers.js';
import { addressKey } from '../../limit/bound-limits.js';
import { wholeSeconds } from '../../limit/ratelimit-fields.js';
import { keyNames } from '../../limit/shared-limiter.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';

/** Longest part of a name that tells callers apart. */
const KEY_LENGTH_MAX = 256;

/** What a budget may count by. */
export interface Asked {
  readonly request: GatewayRequest;
  readonly routeId: string;
  /** As the operator names it. */
  readonly model: string;
  readonly team: string;
}

/** A caller of a budget. */
export interface BudgetKey {
  /** A digest. */
  readonly key: string;
  /** Whom it counts, in the order of `by`. */
  readonly of: readonly string[];
}

export interface BoundBudget {
  readonly spec: AiLimitSpec;
  /** Of the route that it is of; empty: of all. */
  readonly scope: string;
  /** In RateLimit fields. */
  readonly name: string;
  /** Of a strict one, what counts while Redis does not. */
  readonly spends: SharedSpends;
  /** Null: it is for others. */
  keyOf(asked: Asked): BudgetKey | null;
  /** How many share it. */
  members(): number;
}

export interface BudgetCounters {
  /** The same each time, for the same id. */
  budget(id: string, spec: AiLimitSpec): { readonly spends: SharedSpends; members(): number };
  /** In letters of base64url. */
  digest(text: string): string;
}

/** `scope`: empty for those of all routes; that of a route, unless the limit names one. */
export interface ScopedLimit {
  readonly scope: string;
  readonly spec: AiLimitSpec;
}

/** Whom a list of consumers means, of those whom the gateway knows by itself. */
export type Reaches = (consumers: readonly string[]) => (consumerId: string) => boolean;

export function bindBudgets(limits: readonly ScopedLimit[], counters: BudgetCounters, reaches: Reaches): BoundBudget[] {
  const twins = new Map<string, number>();
  const again = (text: string): number => {
    const count = (twins.get(text) ?? 0) + 1;
    twins.set(text, count);
    return count;
  };
  return limits.map(({ scope: place, spec }) => {
    const { unit, period, by, only, mode, keys } = spec;
    // No id of a route begins so.
    const scope = spec.scope === undefined ? place : `@${spec.scope}`;
    const isFor = spec.consumers === undefined ? null : reaches(spec.consumers);
    const what = JSON.stringify(['ai', scope, unit, period, by, only, mode]);
    const id = counters.digest(`${what}${again(what)}`).slice(0, 11);
    const named = `${by.map(wordOf).join('-') || 'all'}-${unit}`;
    const count = again(named);
    const { spends, members } = counters.budget(id, spec);
    const names = keyNames(id, keys, counters.digest);
    const keyOf = (asked: Asked): BudgetKey | null => {
      if (isFor !== null && !isOwn(asked.request, isFor)) return null;
      const values = by.map((key) => namedBy(key, asked));
      if (only.length > 0 && !only.includes(values[0] ?? '')) return null;
      return { key: names.get(values.length === 1 ? (values[0] ?? '') : JSON.stringify(values)), of: values };
    };
    return { spec, scope, name: count === 1 ? named : `${named}-${count}`, spends, members, keyOf };
  });
}

/** What others vouch for is none of the gateway's own consumers, whatever its name. */
function isOwn({ exchange }: GatewayRequest, isFor: (consumerId: string) => boolean): boolean {
  const { consumerId, vouchedBy } = exchange;
  return consumerId !== null && vouchedBy === OWN_CONSUMERS && isFor(consumerId);
}

const wordOf = (key: AiLimitKey): string => (typeof key === 'string' ? key : 'header');

function namedBy(key: AiLimitKey, { request, routeId, model, team }: Asked): string {
  const { consumerId, vouchedBy, clientAddress } = request.exchange;
  if (typeof key !== 'string') return (combinedValue(request.headers, key.header) ?? '').slice(0, KEY_LENGTH_MAX);
  switch (key) {
    case 'consumer':
      // No consumer's name begins with a space.
      return keyedConsumer(consumerId, vouchedBy) ?? ` ${addressKey(clientAddress)}`;
    case 'team':
      return team;
    case 'model':
      return model;
    case 'route':
      return routeId;
    case 'address':
      return addressKey(clientAddress);
  }
}

const units = { requests: 'requests', tokens: 'tokens', cost: 'microdollars' } as const;

/** As the fields of the limits of a route (limit/ratelimit-fields.ts); a month is told as 30 days. */
export function budgetFields(
  verdicts: readonly { readonly of: BoundBudget; readonly verdict: SpendVerdict }[],
): HeaderList {
  if (verdicts.length === 0) return [];
  const policies = verdicts.map(
    ({ of: { name, spec } }) => `"${name}";q=${spec.amount};w=${periodSeconds(spec.period)};qu="${units[spec.unit]}"`,
  );
  const left = verdicts.map(
    ({ of: { name }, verdict }) => `"${name}";r=${Math.max(0, verdict.remaining)};t=${wholeSeconds(verdict.resetMs)}`,
  );
  return ['ratelimit-policy', policies.join(', '), 'ratelimit', left.join(', ')];
}
