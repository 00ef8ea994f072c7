/**
 * Nodes that share a budget, with the real machines in a bad world: estimates that are wrong both ways, tellings that are lost, late,
 * doubled and cut off, nodes that crash and come back. What was truly committed is kept beside. Checked after each event:
 *
 *   1. the lemma   when an amount is admitted, over the limit by no more than what the others have committed and was not heard there
 *   2. the bound   while all tellings arrive in time: limit + Σ over the others of max(largest amount, what was left / 2n), and what
 *                  calls have cost beyond what was reserved for them
 *   3. the end     where all was settled and heard, each node knows exactly what was spent
 */
import { encodeMessage } from '../../events/wire.js';
import { SharedSpends, SPEND_TELL_MS } from '../shared-spends.js';
import { committedOf, type Spending } from '../spend-count.js';
import { claim, heardMessage, type Peer, World } from './world.js';

const RUN_MS = 20_000;
/** No window ends in a run. */
const WALL_MS = Date.UTC(2026, 10, 28, 12);
const KEY = 'budget/ada';
const TICK_MS = 20;

/** A bug that a test plants. */
export type SpendBug = 'settles nothing' | 'hears nobody' | 'no share' | 'releases twice' | 'tells half';

interface Call {
  readonly reserved: number;
  readonly real: number;
  readonly window: number;
}

class SimulatedNode implements Peer {
  readonly id: string;
  readonly incarnation: number;
  readonly spends: SharedSpends;
  readonly #scenario: SpendScenario;
  readonly #perTick: number;
  readonly calls = new Set<Call>();
  /** Truly, of this life. */
  committed = 0;
  /** What it has heard of each life: an account beside the machine's. */
  readonly heard = new Map<string, Spending>();

  constructor(id: string, incarnation: number, scenario: SpendScenario) {
    this.id = id;
    this.incarnation = incarnation;
    this.#scenario = scenario;
    const { world } = scenario;
    this.#perTick = world.random() * scenario.demand;
    this.spends = new SharedSpends({ limit: scenario.limit, period: 'day' });
    world.join(this);
    world.after(id, world.between(0, SPEND_TELL_MS), () => this.#tell());
    this.#tick();
  }

  get life(): string {
    return `${this.id} ${this.incarnation}`;
  }

  hear(bytes: Uint8Array): void {
    const message = heardMessage(bytes);
    if (message.kind !== 'spend') return;
    const life = `${message.of} ${message.ofIncarnation}`;
    if (life === this.life) return;
    const { world, bug } = this.#scenario;
    for (const count of message.counts) {
      const [, , reserved, released, spent] = count;
      const before = this.heard.get(life) ?? { reserved: 0, released: 0, spent: 0 };
      const later = reserved + released + spent > before.reserved + before.released + before.spent;
      if (later) this.heard.set(life, { reserved, released, spent });
      if (bug !== 'hears nobody') this.spends.hearOne(life, count, this.wallMs, world.nowMs);
    }
  }

  get wallMs(): number {
    return WALL_MS + this.#scenario.world.nowMs;
  }

  /** As somebody who has just come is told. */
  relay(): void {
    for (const [life, count] of this.spends.known(this.wallMs)) this.#send(life, [count]);
    this.spends.tellAgain();
  }

  #send(life: string, counts: Parameters<SharedSpends['untell']>[0]): void {
    const [of = '', incarnation = ''] = life.split(' ');
    const { id } = this;
    const message = {
      kind: 'spend' as const,
      id,
      incarnation: this.incarnation,
      of,
      ofIncarnation: Number(incarnation),
    };
    this.#scenario.world.send(id, null, encodeMessage({ ...message, counts }));
  }

  #tell(): void {
    const { world, bug } = this.#scenario;
    const told = this.spends.tell(this.wallMs, world.nowMs, 4_000);
    if (told.length > 0) {
      const half = (amount: number) => (bug === 'tells half' ? Math.floor(amount / 2) : amount);
      this.#send(
        this.life,
        told.map(([key, window, reserved, released, spent]) => [
          key,
          window,
          half(reserved),
          half(released),
          half(spent),
        ]),
      );
    }
    world.after(this.id, SPEND_TELL_MS, () => this.#tell());
  }

  #tick(): void {
    const { world } = this.#scenario;
    if (world.nowMs < RUN_MS / 2) {
      for (let left = world.random() * 2 * this.#perTick; left > 1; left -= 1) this.#call();
      world.after(this.id, TICK_MS, () => this.#tick());
    }
  }

  #call(): void {
    const { world, amountMax, size, bug } = this.#scenario;
    const reserved = world.between(1, amountMax);
    const members = bug === 'no share' ? 1 : size;
    const { allowed, window } = this.spends.reserve(KEY, reserved, members, this.wallMs, world.nowMs);
    if (!allowed) return;
    const real = Math.floor(reserved * world.random() * 1.2);
    const call = { reserved, real, window };
    this.calls.add(call);
    this.committed += reserved;
    this.#scenario.admitted(this);
    world.after(this.id, world.between(0, 3_000), () => this.#end(call));
  }

  #end(call: Call): void {
    const { bug } = this.#scenario;
    this.calls.delete(call);
    this.committed += call.real - call.reserved;
    this.#scenario.ended(call.real - call.reserved);
    if (bug === 'settles nothing') return;
    this.spends.settle(KEY, call.window, call.reserved, bug === 'releases twice' ? 0 : call.real);
  }
}

export class SpendScenario {
  readonly world: World;
  readonly limit: number;
  readonly amountMax: number;
  readonly size: number;
  /** Calls that a node wants in a tick, at most. */
  readonly demand: number;
  readonly isTimely: boolean;
  /** `overMax`: beyond the limit and what calls cost beyond their estimate, in largest amounts. */
  readonly seen = { admitted: 0, over: 0, overMax: 0, crashes: 0 };
  readonly bug: SpendBug | null;
  readonly #nodes = new Map<string, SimulatedNode>();
  /** Of lives that are over: what they had committed. */
  #ofDead = 0;
  #overrun = 0;

  constructor(seed: number, bug: SpendBug | null = null) {
    this.bug = bug;
    this.world = new World(seed, { loss: 0, doubling: 0, delayMaxMs: 0 });
    const { world } = this;
    this.isTimely = world.random() < 0.6;
    world.terms = this.isTimely
      ? { loss: 0, doubling: 0.3, delayMaxMs: 120 }
      : { loss: world.random() * 0.5, doubling: world.random() * 0.3, delayMaxMs: world.between(1, 2_000) };
    this.amountMax = world.between(2, 1_000);
    this.limit = this.amountMax * world.between(5, 400);
    this.size = world.between(2, 6);
    this.demand = world.random() ** 2 * 20;
  }

  run(): void {
    const { world } = this;
    for (let i = 0; i < this.size; i += 1) this.#nodes.set(`n${i}`, new SimulatedNode(`n${i}`, 1, this));
    if (!this.isTimely) {
      const groups = new Map([...this.#nodes.keys()].map((id) => [id, world.between(0, 1)]));
      world.at(world.between(0, RUN_MS / 4), () => world.part(groups));
      world.at(RUN_MS / 3, () => world.heal());
    } else if (world.random() < 0.5) world.at(world.between(1_000, RUN_MS / 3), () => this.#crash());
    world.at(RUN_MS - 4_000, () => {
      world.heal();
      for (const node of this.#nodes.values()) node.relay();
    });
    world.run(RUN_MS, () => {});
    this.#settled();
  }

  /** Told by all that are left, before it asks for anything: as who joins is. */
  #crash(): void {
    const { world } = this;
    const dead = world.pick([...this.#nodes.values()]);
    this.seen.crashes += 1;
    world.crash(dead.id);
    this.#nodes.delete(dead.id);
    // What its calls cost after its last settlement nobody hears of.
    this.#ofDead += dead.committed;
    world.at(world.nowMs + 1_000, () => {
      for (const node of this.#nodes.values()) node.relay();
    });
  }

  get committed(): number {
    let sum = this.#ofDead;
    for (const { committed } of this.#nodes.values()) sum += committed;
    return sum;
  }

  ended(beyond: number): void {
    this.#overrun += Math.max(0, beyond);
  }

  admitted(by: SimulatedNode): void {
    this.seen.admitted += 1;
    const { committed, limit, size } = this;
    let known = by.committed;
    for (const spending of by.heard.values()) known += committedOf(spending);
    claim(known <= limit, () => `${by.id} knows of ${known} of ${limit}, and admits`);
    if (committed > limit) {
      this.seen.over += 1;
      this.seen.overMax = Math.max(this.seen.overMax, (committed - limit - this.#overrun) / this.amountMax);
    }
    if (!this.isTimely) return;
    const others = (size - 1) * Math.max(this.amountMax, limit / (2 * size));
    const bound = limit + others + this.#overrun;
    claim(committed <= bound, () => `${committed} of ${limit} committed, where ${bound} may be`);
  }

  /** Nothing is under way any more, and all have heard all. What one that died had not told nobody knows, and all agree on the rest. */
  #settled(): void {
    const nodes = [...this.#nodes.values()];
    const spent = this.seen.crashes === 0 ? this.committed : nodes[0]?.spends.committed(KEY, WALL_MS);
    for (const node of nodes) {
      claim(node.calls.size === 0, 'a call has not ended');
      const known = node.spends.committed(KEY, WALL_MS);
      claim(known === spent, () => `${node.id} knows of ${known}, and ${spent} was spent`);
    }
  }
}
