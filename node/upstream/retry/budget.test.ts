import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBudget } from './budget.js';
import { createBudgetStore } from './budget-store.js';

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('deposit' as const), times: fc.integer({ min: 1, max: 20 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('withdraw' as const), times: fc.integer({ min: 1, max: 8 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), times: fc.integer({ min: 1, max: 4_000 }) }),
    },
  ),
  { maxLength: 300, size: 'max' },
);
const terms = fc.record({
  share: fc.constantFrom(0, 0.05, 0.1, 0.2, 0.5, 1),
  floorPerS: fc.constantFrom(0, 0.1, 1, 3),
  windowMs: fc.constantFrom(1_000, 10_000),
});

const countAfter = (times: readonly number[], fromMs: number): number => times.filter((ms) => ms > fromMs).length;

/** As many as the window would have if all of it were like the busier one of its last two tenths. */
function latelyTimesTen(times: readonly number[], nowMs: number, windowMs: number): number {
  const tenth = (ms: number): number => Math.floor(ms / (windowMs / 10));
  const within = (back: number): number => times.filter((ms) => tenth(ms) === tenth(nowMs) - back).length;
  return 10 * Math.max(within(0), within(1));
}

/** Drives a budget through a history; `onAsk` sees each extra attempt that was asked for, with what came before it. */
function drive(
  { windowMs, ...rest }: { share: number; floorPerS: number; windowMs: number },
  startMs: number,
  history: readonly { kind: 'deposit' | 'withdraw' | 'pass'; times: number }[],
  onAsk: (granted: boolean, deposits: readonly number[], extras: readonly number[], nowMs: number) => void,
): void {
  const budget = createBudget({ ...rest, windowMs });
  const deposits: number[] = [];
  const extras: number[] = [];
  const act = {
    deposit: (nowMs: number) => {
      deposits.push(nowMs);
      budget.deposit(nowMs);
    },
    withdraw: (nowMs: number) => {
      const granted = budget.withdraw(nowMs);
      onAsk(granted, deposits, extras, nowMs);
      if (granted) extras.push(nowMs);
    },
  };
  let nowMs = startMs;
  for (const { kind, times } of history) {
    if (kind === 'pass') nowMs += times;
    else for (let i = 0; i < times; i += 1) act[kind](nowMs);
  }
}

describe('a budget of extra attempts', () => {
  it('is never exceeded in the window behind any extra attempt, to the millisecond', () => {
    fc.assert(
      fc.property(terms, fc.nat(100_000), steps, (budget, startMs, history) => {
        const { share, floorPerS, windowMs } = budget;
        drive(budget, startMs, history, (granted, deposits, extras, nowMs) => {
          if (!granted) return;
          const allowed = share * countAfter(deposits, nowMs - windowMs) + (floorPerS * windowMs) / 1_000;
          expect(countAfter(extras, nowMs - windowMs) + 1).toBeLessThanOrEqual(allowed + 1e-6);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('is granted in full, but for what lies in the one bucket at the edge of the window', () => {
    fc.assert(
      fc.property(terms, fc.nat(100_000), steps, (budget, startMs, history) => {
        const { share, floorPerS, windowMs } = budget;
        drive(budget, startMs, history, (granted, deposits, extras, nowMs) => {
          const edgeMs = windowMs / 10 + 1e-6;
          const counted = Math.min(
            countAfter(deposits, nowMs - windowMs + edgeMs),
            latelyTimesTen(deposits, nowMs, windowMs),
          );
          const sure = share * counted + (floorPerS * windowMs) / 1_000;
          if (countAfter(extras, nowMs - windowMs - edgeMs) + 1 <= sure) expect(granted).toBe(true);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('takes one of the balance for each extra attempt, and nothing for one that it refuses', () => {
    const budget = createBudget({ share: 0.2, floorPerS: 0 });
    expect([budget.withdraw(0), budget.balance(0)]).toEqual([false, 0]);
    for (let i = 0; i < 11; i += 1) budget.deposit(0);
    expect(budget.balance(0)).toBe(2);
    expect([budget.withdraw(1), budget.withdraw(2), budget.withdraw(3), budget.withdraw(4)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    for (let i = 0; i < 4; i += 1) budget.deposit(5);
    expect(budget.withdraw(6)).toBe(true);
  });

  it('does not spend what a peak has earned when the peak is over', () => {
    const budget = createBudget({ share: 0.1, floorPerS: 0 });
    for (let ms = 0; ms < 2_000; ms += 1) budget.deposit(ms);
    expect(budget.balance(2_000)).toBe(200);
    for (let ms = 2_000; ms < 5_000; ms += 10) budget.deposit(ms);
    expect(budget.balance(5_000)).toBe(100);
  });

  it('has its floor from the first moment and again after a long silence', () => {
    const budget = createBudget({ share: 0, floorPerS: 3, windowMs: 1_000 });
    const burst = (nowMs: number) => Array.from({ length: 5 }, () => budget.withdraw(nowMs)).filter(Boolean).length;
    expect([burst(0), burst(999), burst(1_000_000)]).toEqual([3, 0, 3]);
  });
});

describe('the budget store', () => {
  const terms = { share: 0.2, floorPerS: 3 };

  it('gives the same budget for the same kind, route, upstream and terms, and another for any other', () => {
    const store = createBudgetStore();
    const budget = store.budget('retry', 'a', 'u', terms);
    expect(store.budget('retry', 'a', 'u', { ...terms })).toBe(budget);
    const others = [
      store.budget('hedge', 'a', 'u', terms),
      store.budget('retry', 'b', 'u', terms),
      store.budget('retry', 'a', 'v', terms),
      store.budget('retry', 'a', 'u', { ...terms, share: 0.1 }),
      store.budget('retry', 'a', 'u', { ...terms, floorPerS: 4 }),
      store.budget('retry', 'a', 'u', { ...terms, windowMs: 1_000 }),
    ];
    expect(new Set([budget, ...others]).size).toBe(7);
  });

  it('counts a retry against the hedges of its route, and no hedge against retries', () => {
    const store = createBudgetStore();
    const [retry, hedge] = [
      store.budget('retry', 'a', 'u', terms),
      store.budget('hedge', 'a', 'u', { ...terms, floorPerS: 2 }),
    ];
    const other = store.budget('hedge', 'b', 'v', terms);
    for (let i = 0; i < 25; i += 1) retry.withdraw(0);
    expect([retry.balance(0), hedge.balance(0), other.balance(0)]).toEqual([5, 0, 30]);
    for (let i = 0; i < 30; i += 1) other.withdraw(0);
    expect(store.budget('retry', 'b', 'v', terms).balance(0)).toBe(30);
    // Other terms after a reload don't grant anew what was spent.
    expect(store.budget('retry', 'a', 'u', { ...terms, floorPerS: 4 }).balance(0)).toBe(15);
  });

  it('lets all routes of an upstream make no more beyond their shares than the floor of one, in any history', () => {
    const step = fc.record({
      kind: fc.constantFrom('deposit' as const, 'retry' as const, 'retry' as const, 'hedge' as const, 'pass' as const),
      route: fc.constantFrom('a', 'b', 'c'),
      upstream: fc.constantFrom('u', 'u', 'v'),
      times: fc.integer({ min: 1, max: 30 }),
    });
    const rule = fc.record({ share: fc.constantFrom(0, 0.05, 0.3), floorPerS: fc.constantFrom(0, 0.1, 1) });
    fc.assert(
      fc.property(rule, fc.array(step, { maxLength: 200, size: 'max' }), (rule, history) => {
        const store = createBudgetStore();
        const asked: { readonly route: string; readonly atMs: number }[] = [];
        const extras: { readonly kind: string; readonly upstream: string; readonly atMs: number }[] = [];
        let nowMs = 0;
        for (const { kind, route, upstream, times } of history) {
          for (let i = 0; i < times; i += 1) {
            if (kind === 'pass') nowMs += 70;
            else if (kind === 'deposit') {
              asked.push({ route, atMs: nowMs });
              for (const each of ['retry', 'hedge'] as const) store.budget(each, route, upstream, rule).deposit(nowMs);
            } else if (store.budget(kind, route, upstream, rule).withdraw(nowMs)) {
              extras.push({ kind, upstream, atMs: nowMs });
              const within = extras.filter(({ atMs }) => atMs > nowMs - 10_000);
              // What the peak rule takes back from a share it takes back from no attempt that was made: twice the window.
              const shares = rule.share * asked.filter(({ atMs }) => atMs > nowMs - 21_000).length;
              // Hedges give way to retries. Where there are shares, retries that came last had all of theirs beside it.
              const counted = within.filter(
                (one) => one.upstream === upstream && (one.kind === kind || kind === 'hedge'),
              );
              const isSum = kind === 'hedge' && rule.share > 0;
              const allowed = (isSum ? 2 : 1) * (shares + rule.floorPerS * 10);
              expect(counted.length).toBeLessThanOrEqual(allowed + 1e-6);
            }
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('gives a floor once, and each route its share beside it', () => {
    const store = createBudgetStore();
    const rule = { share: 0.1, floorPerS: 1 };
    const routes = Array.from({ length: 200 }, (_, i) => store.budget('retry', `route ${i}`, 'u', rule));
    for (const route of routes) for (let i = 0; i < 10; i += 1) route.deposit(0);
    const granted = routes.map((route) => [1, 2, 3].filter(() => route.withdraw(0)).length);
    // One each for a tenth of ten, and ten for all of them.
    expect(granted.reduce((sum, count) => sum + count, 0)).toBe(210);
    expect(Math.min(...granted)).toBe(1);
    // A fallback to another upstream has that one's floor, and the same share of the route.
    const elsewhere = store.budget('retry', 'route 199', 'v', rule);
    expect(elsewhere.balance(0)).toBe(10);
  });

  it('forgets the one that was asked for longest ago when it is full', () => {
    const store = createBudgetStore(() => 1, 2);
    const a = store.budget('retry', 'a', 'u', terms);
    const b = store.budget('retry', 'b', 'u', terms);
    store.budget('retry', 'a', 'u', terms);
    store.budget('retry', 'c', 'u', terms);
    expect(store.budget('retry', 'a', 'u', terms)).toBe(a);
    expect(store.budget('retry', 'b', 'u', terms)).not.toBe(b);
  });
});

describe('the nodes of a cluster', () => {
  const size = fc.integer({ min: 1, max: 12 });
  const turns = fc.array(fc.nat(11), { size: 'max', minLength: 1, maxLength: 40 });

  it('have a floor together: in no window do all of them spend more than it beyond their shares', () => {
    fc.assert(
      fc.property(terms, size, turns, steps, ({ floorPerS, windowMs }, nodes, order, history) => {
        const stores = Array.from({ length: nodes }, () => createBudgetStore(() => nodes));
        const extras: number[] = [];
        let nowMs = 0;
        for (const [step, { kind, times }] of history.entries()) {
          if (kind === 'pass') nowMs += times;
          // Of two routes each, which have the floor of one upstream.
          const store = stores[(order[step % order.length] ?? 0) % nodes];
          const budget = store?.budget('retry', `r${step % 2}`, 'u', { share: 0, floorPerS, windowMs });
          for (let i = 0; i < times && kind === 'withdraw'; i += 1)
            if (budget?.withdraw(nowMs) === true) extras.push(nowMs);
          expect(countAfter(extras, nowMs - windowMs)).toBeLessThanOrEqual((floorPerS * windowMs) / 1_000 + 1e-6);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('spend at one moment no more than the shares of what was asked of all, and one floor', () => {
    fc.assert(
      fc.property(terms, size, turns, steps, (rest, nodes, order, history) => {
        const stores = Array.from({ length: nodes }, () => createBudgetStore(() => nodes));
        let [deposits, extras] = [0, 0];
        for (const [step, { kind, times }] of history.entries()) {
          const budget = stores[(order[step % order.length] ?? 0) % nodes]?.budget('retry', 'r', 'u', rest);
          for (let i = 0; i < times; i += 1) {
            if (kind === 'deposit') budget?.deposit(0);
            if (kind === 'deposit') deposits += 1;
            else if (kind === 'withdraw' && budget?.withdraw(0) === true) extras += 1;
          }
          expect(extras).toBeLessThanOrEqual(rest.share * deposits + (rest.floorPerS * rest.windowMs) / 1_000 + 1e-6);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('spend all of it where each has its part to spend, and less one for each at most', () => {
    for (const size of [1, 2, 3, 5]) {
      const stores = Array.from({ length: size }, () => createBudgetStore(() => size));
      let spent = 0;
      for (const store of stores) {
        const budget = store.budget('retry', 'r', 'u', { share: 0, floorPerS: 1 });
        while (budget.withdraw(0)) spent += 1;
      }
      expect(spent).toBeLessThanOrEqual(10);
      expect(spent).toBeGreaterThan(10 - size);
    }
  });

  it('give up a part as soon as there are more of them', () => {
    let nodes = 1;
    const budget = createBudgetStore(() => nodes).budget('retry', 'r', 'u', { share: 0, floorPerS: 1 });
    const before = budget.balance(0);
    nodes = 4;
    expect([before, budget.balance(0)]).toEqual([10, 2]);
  });
});
