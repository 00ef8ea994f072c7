import { SharedSpends } from '@weir/proto/cluster/shared-spends.js';
import type { AiLimitSpec } from '@weir/proto/snapshot/ai.js';
import { expect, it } from 'vitest';
import type { SpendAnswer, SpendCounter, StrictSpend } from '../../limit/strict-counter.js';
import type { BoundBudget } from './bound-budgets.js';
import type { Settlement, Spending } from './budget-store.js';
import { Reservation, type Share } from './reservation.js';

const strictSpec: AiLimitSpec = {
  ...{ unit: 'tokens', amount: 1_000, period: 'hour', by: [], only: [], mode: 'strict', keys: 10 },
  redis: { withinMs: 10, onLoss: 'closed' },
};

/** A budget that two nodes share. */
const bound = (spec: AiLimitSpec): BoundBudget & { readonly spends: SharedSpends } => ({
  spec,
  ...{ name: spec.mode, scope: '' },
  spends: new SharedSpends({ limit: spec.amount, period: spec.period }),
  keyOf: () => ({ key: 'key', of: [] }),
  members: () => 2,
});

const share = (of: BoundBudget): Share => ({ of, key: `${of.name}-key`, whose: ['ada'], amount: 300 });

/** Redis as its scripts are: what was settled is settled, and a settlement that comes again is none. */
function redis() {
  const held = new Map<string, number>();
  const done = new Set<string>();
  let committed = 0;
  const counter: Pick<SpendCounter, 'reserve'> = {
    async reserve(id: string, [spend]: readonly StrictSpend[]): Promise<readonly SpendAnswer[]> {
      const amount = spend?.amount ?? 0;
      held.set(id, amount);
      committed += amount;
      return [{ allowed: true, left: 1_000 - committed, held: committed }];
    },
  };
  const settleLater = ({ id, spent: [spend] }: Settlement): void => {
    if (done.has(id) || spend === undefined) return;
    done.add(id);
    committed += spend.real - (held.get(id) ?? 0);
    held.delete(id);
  };
  let names = 0;
  const newName = (): string => {
    names += 1;
    return `name ${names}`;
  };
  return { strict: counter, settleLater, newName, held, committed: () => committed };
}

it('what had to wait for others after Redis had room is settled by what it came to', async () => {
  const { held, committed, ...asked } = redis();
  const shared = bound({ ...strictSpec, mode: 'shared', redis: null });
  const spending = asked as unknown as Spending; // What of it is asked.
  const reservation = new Reservation([share(bound(strictSpec)), share(shared)], spending);
  const admit = (nowMs: number) => reservation.admit({ wallMs: 0, nowMs, holdMs: 60_000 });
  // Room for it is left until Redis has answered, and then somebody was faster.
  const waiting = admit(0);
  shared.spends.reserve('shared-key', 250, 2, 0, 0);
  expect(held.size).toBe(1);
  expect((await waiting).kind).toBe('later');
  expect(committed()).toBe(0);
  shared.spends.tell(0, 0, 100);
  expect((await admit(1_000)).kind).toBe('admitted');
  reservation.settle(() => 120);
  expect([committed(), held.size]).toEqual([120, 0]);
  // Of the shared one 250 are somebody else's, and are held.
  expect(reservation.lefts(0)).toMatchObject([
    { share: { of: { name: 'strict' } }, left: 880, untilWallMs: 3_600_000 },
    { share: { of: { name: 'shared' } }, left: 630, untilWallMs: 3_600_000 },
  ]);
});
