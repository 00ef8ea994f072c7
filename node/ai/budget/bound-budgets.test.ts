import { createHash } from 'node:crypto';
import type { AiLimitSpec } from '@weir/proto/snapshot/ai.js';
import { describe, expect, it } from 'vitest';
import { type Asked, type BudgetCounters, bindBudgets } from './bound-budgets.js';

const limit = (more: Partial<AiLimitSpec> = {}): AiLimitSpec => ({
  ...{ unit: 'tokens', amount: 100, period: 'day', by: ['consumer'], only: [], mode: 'shared', redis: null, keys: 10 },
  ...more,
});
const asked = (consumerId: string | null, vouchedBy = '', routeId = 'r'): Asked =>
  ({
    request: { headers: [], exchange: { consumerId, vouchedBy, clientAddress: '10.0.0.1' } },
    ...{ routeId, model: 'm', team: '' },
  }) as unknown as Asked; // Nothing else is read.

function bound(limits: readonly { scope: string; spec: AiLimitSpec }[]) {
  const ids: string[] = [];
  const counters: BudgetCounters = {
    budget(id) {
      ids.push(id);
      return { spends: {} as never, members: () => 1 };
    },
    digest: (text) => createHash('sha256').update(text).digest('base64url'),
  };
  const members: Record<string, string> = { web: '@desk.gold', app: '@desk.free' };
  const reaches = (consumers: readonly string[]) => (id: string) => consumers.includes(members[id] ?? '');
  return { budgets: bindBudgets(limits, counters, reaches), ids };
}

describe('a budget of a plan', () => {
  const ofPlan = limit({ consumers: ['@desk.gold'], scope: 'desk.gold' });

  it('is for those alone who have the plan, by their own credentials', () => {
    const [budget] = bound([{ scope: 'r', spec: ofPlan }]).budgets;
    expect(budget?.keyOf(asked('web'))).not.toBeNull();
    expect(budget?.keyOf(asked('app'))).toBeNull();
    expect(budget?.keyOf(asked(null))).toBeNull();
    expect(budget?.keyOf(asked('web', 'https://issuer'))).toBeNull();
  });

  it('is one for all routes of its service, and none of another', () => {
    const idsOf = (scope: string, spec: AiLimitSpec) => bound([{ scope, spec }]).ids[0];
    expect(idsOf('desk@1/models', ofPlan)).toBe(idsOf('desk@2/models', ofPlan));
    expect(idsOf('desk@1/models', ofPlan)).not.toBe(idsOf('desk@1/models', { ...ofPlan, scope: 'shop.gold' }));
    expect(idsOf('a', limit())).not.toBe(idsOf('b', limit()));
    // A route may be called as a scope is.
    expect(idsOf('desk.gold', limit())).not.toBe(idsOf('other', { ...limit(), scope: 'desk.gold' }));
  });
});

it('without a reach it is for everybody, whoever vouches for them', () => {
  const [budget] = bound([{ scope: 'r', spec: limit() }]).budgets;
  for (const one of [asked('web'), asked(null), asked('web', 'https://issuer')])
    expect(budget?.keyOf(one)).not.toBeNull();
});
