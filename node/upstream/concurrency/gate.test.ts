import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../pipeline/testing/harness.js';
import { Gate, type Refusal } from './gate.js';
import { type PriorityRank, Waiter } from './line.js';
import { type CrowdOptions, type Fate, runCrowd } from './testing/crowd.js';
import { Agenda, exponential, Plant } from './testing/plant.js';

const fixed = (limit: number, queue = 100) =>
  new Gate({ mode: 'fixed', limitMin: limit, limitMax: limit, limitStart: limit, queue });

class Client extends Waiter {
  override readonly priority: PriorityRank;
  override readonly deadlineAtMs: number;
  fate: 'waits' | 'inside' | Refusal['kind'] | 'gone' | 'left' = 'waits';
  onAdmitted: () => void = () => {};

  constructor(priority: PriorityRank, deadlineAtMs = Number.POSITIVE_INFINITY) {
    super();
    this.priority = priority;
    this.deadlineAtMs = deadlineAtMs;
  }

  override admit(): void {
    this.fate = 'inside';
    this.onAdmitted();
  }

  override refuse({ kind }: Refusal): void {
    this.fate = kind;
  }

  come(gate: Gate, nowMs: number): this {
    if (gate.enter()) this.fate = 'inside';
    else {
      const refusal = gate.wait(this, nowMs);
      if (refusal !== null) this.fate = refusal.kind;
    }
    return this;
  }

  leave(gate: Gate, tookMs: number, nowMs: number): void {
    this.fate = 'left';
    gate.leave('answered', tookMs, tookMs, nowMs);
  }
}

/** Of those who wait: the highest class, and in it who came first. */
const nextOf = (clients: readonly Client[]): Client | undefined =>
  clients.filter(({ fate }) => fate === 'waits').sort((a, b) => a.priority - b.priority)[0];

describe('the gate', () => {
  it('serves by class and then in order, sheds the newest of the lowest, and loses no place, in any history', () => {
    const priority = fc.constantFrom<PriorityRank>(0, 1, 2);
    const step = fc.oneof(
      fc.record({ kind: fc.constant('come' as const), priority }),
      fc.record({ kind: fc.constant('leave' as const), which: fc.nat(100) }),
      fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(100) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const gate = fixed(3, 5);
        const clients: Client[] = [];
        const having = (fate: Client['fate']) => clients.filter((client) => client.fate === fate);
        steps.forEach((step, nowMs) => {
          const nowAtMs = nowMs / 1000; // So short that no queue stands.
          if (step.kind === 'come') {
            const waiting = having('waits');
            const lowest = waiting
              .filter((other) => other.priority > step.priority)
              .sort((a, b) => a.priority - b.priority);
            const victim = lowest.filter((other) => other.priority === lowest.at(-1)?.priority).at(-1);
            const isFull = waiting.length === 5;
            const client = new Client(step.priority).come(gate, nowAtMs);
            clients.push(client);
            if (isFull)
              expect([client.fate, victim?.fate]).toEqual(victim ? ['waits', 'displaced'] : ['full', undefined]);
          } else if (step.kind === 'leave') {
            const inside = having('inside');
            const expected = nextOf(clients);
            inside[step.which % inside.length]?.leave(gate, 1, nowAtMs);
            if (inside.length > 0 && expected !== undefined) expect(expected.fate).toBe('inside');
          } else {
            const waiting = having('waits');
            const gone = waiting[step.which % waiting.length];
            if (gone === undefined) return;
            gone.fate = 'gone';
            gate.abandon(gone, nowAtMs);
          }
          expect([gate.inFlight, gate.queued]).toEqual([having('inside').length, having('waits').length]);
          if (gate.queued > 0) expect(gate.inFlight).toBe(3);
        });
        for (const client of having('waits')) gate.abandon(client, 1);
        for (const client of having('inside')) client.leave(gate, 1, 1);
        expect([gate.inFlight, gate.queued]).toEqual([0, 0]);
      }),
      { numRuns: 100 },
    );
  });

  it('refuses at once what cannot be answered within its deadline, by place in the queue and the rate of the upstream', () => {
    const gate = fixed(1);
    let inside = new Client(1).come(gate, 0);
    inside.leave(gate, 100, 100);
    inside = new Client(1).come(gate, 100);
    // Each takes 100 ms: the first that waits is answered 200 ms from now, the third 400 ms from now.
    expect(new Client(1, 100 + 190).come(gate, 100).fate).toBe('deadline');
    const waiting = [new Client(1, 5_000), new Client(1, 5_000)].map((client) => client.come(gate, 100).fate);
    expect(waiting).toEqual(['waits', 'waits']);
    expect(new Client(1, 100 + 390).come(gate, 100).fate).toBe('deadline');
    expect(new Client(1, 100 + 410).come(gate, 100).fate).toBe('waits');
    expect(new Client(0, 100 + 210).come(gate, 100).fate).toBe('waits'); // critical requests wait for nobody else
    inside.leave(gate, 100, 200);
  });

  it('asks again when its turn comes, and spends no place on what would be late', () => {
    const gate = fixed(1);
    const first = new Client(1).come(gate, 0);
    const tight = new Client(1, 150).come(gate, 0); // nothing is known yet, so it waits
    const patient = new Client(1).come(gate, 0);
    first.leave(gate, 100, 100);
    expect([tight.fate, patient.fate]).toEqual(['deadline', 'inside']);
  });

  it('is tight while most answers are slow, though nothing else speaks for an overrun', () => {
    const gate = new Gate({ mode: 'adaptive', limitMin: 8, limitMax: 1_000, limitStart: 1_000, queue: 10 });
    const tightAfter = (answers: number, tookMs: number, fromMs: number): boolean => {
      for (let i = 0; i < answers; i += 1) new Client(1).come(gate, fromMs + i).leave(gate, tookMs, fromMs + i);
      return gate.isTight;
    };
    expect(tightAfter(100, 10, 0)).toBe(false);
    expect(tightAfter(200, 10, 150)).toBe(false);
    // One that stays under way, so that the stretch is not over for want of any.
    new Client(1).come(gate, 400);
    expect(tightAfter(7, 100, 500)).toBe(false);
    expect(tightAfter(1, 100, 600)).toBe(true);
    expect(tightAfter(3, 10, 700)).toBe(false);
    expect(gate.limit).toBe(1_000);
  });

  it('says when to come back by the queue and the rate', () => {
    const gate = fixed(1, 9);
    new Client(1).come(gate, 0).leave(gate, 1_000, 1_000);
    for (let i = 0; i < 10; i += 1) new Client(1).come(gate, 1_000);
    const refusal = gate.wait(new Client(1), 1_000);
    expect(refusal).toEqual({ kind: 'full', retryAfterS: 10 });
    expect(fixed(1, 0).retryAfterS(0)).toBe(1);
    expect(gate.retryAfterS(10_000_000)).toBe(60); // it stands still
  });

  it.each([
    [0, 20],
    [1, 5],
    [2, 5],
  ] as const)(
    'lets a request of class %i wait %d ms while its queue stands, and no longer than its route',
    (rank, ms) => {
      const gate = fixed(1);
      for (const nowMs of [0, 1, 150, 700]) new Client(rank).come(gate, nowMs);
      const late = new Client(rank).come(gate, 701);
      expect([gate.waitLimitMs(late, 1_000, 701), gate.waitLimitMs(late, 4, 701)]).toEqual([ms, 4]);
      const other = new Client(rank === 1 ? 2 : 1).come(gate, 701);
      expect(gate.waitLimitMs(other, 1_000, 701)).toBe(1_000); // each line judges for itself
      gate.expire(late, 712);
      expect([late.fate, other.fate]).toEqual(['standing', 'waits']);
    },
  );

  it('admits who waits, in order, as far as other terms allow, and lets nobody in before those inside have made room', () => {
    const gate = fixed(2);
    const all = [1, 2, 3, 4, 5].map(() => new Client(1).come(gate, 0));
    const terms = (limit: number) =>
      ({ mode: 'fixed', limitMin: limit, limitMax: limit, limitStart: limit, queue: 2 }) as const;
    gate.change(terms(4), 10);
    expect(all.map(({ fate }) => fate)).toEqual(['inside', 'inside', 'inside', 'inside', 'waits']);
    gate.change(terms(1), 20);
    for (const client of all.slice(0, 3)) client.leave(gate, 10, 30);
    expect([gate.inFlight, gate.queued, all[4]?.fate]).toEqual([1, 1, 'waits']);
    all[3]?.leave(gate, 10, 40);
    expect([gate.inFlight, gate.queued, all[4]?.fate]).toEqual([1, 0, 'inside']);
  });

  it('admits whoever waits when one that was admitted ends at once', () => {
    const gate = fixed(1, 5_000);
    const first = new Client(1).come(gate, 0);
    const others = Array.from({ length: 5_000 }, () => {
      const client = new Client(1);
      client.onAdmitted = () => client.leave(gate, 0, 0);
      return client.come(gate, 0);
    });
    first.leave(gate, 0, 0);
    expect(new Set(others.map(({ fate }) => fate))).toEqual(new Set(['left']));
    expect([gate.inFlight, gate.queued]).toEqual([0, 0]);
  });
});

describe('the gate of an upstream with quick answers and long polls', () => {
  /** As it is by default; 500 quick answers have been given through it, in the first five seconds. */
  function gateOfQuick(): Gate {
    const gate = new Gate({ mode: 'adaptive', limitMin: 8, limitMax: 100_000, limitStart: 100_000, queue: 1024 });
    for (let i = 1; i <= 500; i += 1) {
      gate.enter();
      gate.leave('answered', 5, 5, i * 10);
    }
    return gate;
  }

  function enter(gate: Gate, times: number): number {
    let admitted = 0;
    for (let i = 0; i < times; i += 1) admitted += gate.enter() ? 1 : 0;
    return admitted;
  }

  it('lets everyone in after some of two hundred polls have left and nobody was answered for long', () => {
    const gate = gateOfQuick();
    enter(gate, 200);
    for (let i = 0; i < 20; i += 1) gate.leave('abandoned', Number.NaN, 11_000, 16_000 + i * 10);
    expect(gate.inFlight).toBe(180);
    let admitted = 0;
    for (let nowMs = 17_000; nowMs < 77_000; nowMs += 1_000) {
      if (enter(gate, 1) === 0) continue;
      admitted += 1;
      gate.leave('answered', 5, 5, nowMs + 5);
    }
    expect(admitted).toBe(60);
  });

  it('is not shut by who asks while it is quiet, gives up after a second, and holds a few open', () => {
    const gate = gateOfQuick();
    enter(gate, 24);
    for (let i = 0; i < 24; i += 1) gate.leave('abandoned', Number.NaN, 1_000, 20_000 + i);
    expect(enter(gate, 8)).toBe(8);
    let admitted = 0;
    for (let nowMs = 21_000; nowMs < 621_000; nowMs += 10_000) {
      if (enter(gate, 1) === 0) continue;
      admitted += 1;
      gate.leave('answered', 5, 5, nowMs + 5);
    }
    expect(admitted).toBe(60);
  });
});

interface Load {
  readonly share: number;
  readonly seed: number;
  readonly priority?: CrowdOptions['priority'];
  /** Clients leave at their deadline. */
  readonly leave?: boolean;
  readonly limitStart?: number;
}

/** A minute at this share of what 20 workers of 50 ms can do; those who came from the tenth second on. */
function minuteAt({ share, seed, priority, leave = false, limitStart = 64 }: Load) {
  const random = seededRandom(seed);
  const agenda = new Agenda();
  const plant = new Plant(agenda, { workers: 20, random, serviceMs: () => exponential(50, random) });
  const gate = new Gate({ mode: 'adaptive', limitMin: 8, limitMax: 4096, limitStart, queue: 1024 });
  const crowd = { random, everyMs: () => 2.5 / share, deadlineMs: 2_000, queueMs: 1_000, leave };
  const fates = runCrowd(agenda, gate, plant, { ...crowd, ...(priority === undefined ? {} : { priority }) }, 60_000);
  const settled = fates.filter(({ cameAtMs }) => cameAtMs > 10_000);
  const good = settled.filter(({ kind }) => kind === 'good');
  const refused = settled.filter(({ kind }) => kind !== 'good' && kind !== 'late');
  return { settled, ofCapacity: good.length / 20_000, p99GoodMs: p99(good), p99RefusedMs: p99(refused), refused };
}

function p99(fates: readonly Fate[]): number {
  const tookMs = fates.map((fate) => fate.tookMs).sort((a, b) => a - b);
  return tookMs[Math.floor(tookMs.length * 0.99)] ?? 0;
}

describe('the gate before an upstream with more to do than it can', () => {
  const seed = fc.integer({ min: 1, max: 100_000 });

  it('keeps it as busy as it can be, answers in time, and refuses the rest at once', () => {
    fc.assert(
      fc.property(seed, fc.constantFrom(1.33, 3), (seed, share) => {
        const { ofCapacity, p99GoodMs, p99RefusedMs } = minuteAt({ share, seed });
        expect(ofCapacity).toBeGreaterThan(0.93);
        expect(p99GoodMs).toBeLessThan(1_000);
        expect(p99RefusedMs).toBeLessThan(20);
      }),
      { numRuns: 4 },
    );
  });

  it('does so as well when clients leave and the upstream works on for nobody, as soon as its backlog is done', () => {
    fc.assert(
      fc.property(seed, fc.constantFrom(64, 4096), (seed, limitStart) => {
        const { ofCapacity, p99GoodMs } = minuteAt({ share: 3, seed, leave: true, limitStart });
        expect(ofCapacity).toBeGreaterThan(limitStart === 64 ? 0.93 : 0.6);
        expect(p99GoodMs).toBeLessThan(1_500);
      }),
      { numRuns: 6 },
    );
  });

  it('refuses next to nobody where answers become slow at once and nothing is overrun, whatever their spread', () => {
    let refused = 0;
    let all = 0;
    for (let seed = 1; seed <= 60; seed += 1) {
      const slowMs = [300, 600, 1_000, 2_000][seed & 3] ?? 0;
      const random = seededRandom(seed);
      const agenda = new Agenda();
      const serviceMs = (nowMs: number): number => exponential(nowMs < 5_000 ? 5 : slowMs, random);
      const plant = new Plant(agenda, { workers: Number.POSITIVE_INFINITY, random, serviceMs });
      const gate = new Gate({ mode: 'adaptive', limitMin: 8, limitMax: 10_000, limitStart: 10_000, queue: 1024 });
      const crowd = { random, everyMs: () => 6.67, deadlineMs: 60_000, queueMs: 1_000 };
      const fates = runCrowd(agenda, gate, plant, crowd, 20_000).filter(({ cameAtMs }) => cameAtMs > 5_000);
      refused += fates.filter(({ kind }) => kind !== 'good').length;
      all += fates.length;
    }
    expect(refused / all).toBeLessThan(0.01);
  });

  it('refuses next to nobody at nine tenths of what it can', () => {
    expect(minuteAt({ share: 0.9, seed: 7 }).refused.length).toBeLessThan(20);
  });

  it('serves every critical request as long as those alone are not too many', () => {
    const draw: CrowdOptions['priority'] = (random) => {
      const drawn = random();
      return drawn < 0.2 ? 0 : drawn < 0.6 ? 1 : 2;
    };
    const { settled } = minuteAt({ share: 3, seed: 7, priority: draw });
    const goodOf = (rank: PriorityRank): number => {
      const all = settled.filter(({ priority }) => priority === rank);
      return all.filter(({ kind }) => kind === 'good').length / all.length;
    };
    expect(goodOf(0)).toBeGreaterThan(0.995);
    expect(goodOf(1)).toBeGreaterThan(goodOf(2) + 0.1);
  });
});
