/**
 * Nodes that share limits, with the real machines in a bad world: clocks that differ by up to a fifth of a window, tellings that are lost,
 * late, doubled and cut off. The true count of each window is kept beside. Checked at each request that is admitted:
 *
 *   1. the lemma      over the limit by no more than what the others have admitted and this node has not heard
 *   2. the pieces     no node admits more than the limit by itself
 *   3. the bound      while all tellings arrive in time, over it by no more than what the others have unsettled
 */
import { encodeMessage } from '../../events/wire.js';
import { SharedRates, sharedLimitOf, TELL_EVERY_MS } from '../shared-rates.js';
import { claim, heardMessage, type Peer, World } from './world.js';

const RUN_MS = 6_000;
const WINDOW_MS = 2_000;
const KEY = 'limit/0/ada';
/** Ticks come so often; requests come with them. */
const TICK_MS = 20;

/** A bug that a test plants: what a node does wrong with what it hears, or tells. */
export type RateBug = 'hears nobody' | 'hears of the window before' | 'tells half';

class SimulatedNode implements Peer {
  readonly id: string;
  readonly rates: SharedRates;
  readonly #scenario: RateScenario;
  readonly #skewMs: number;
  readonly #perTick: number;
  /** What it has heard the others admit, by window and id: an account beside the machine's. */
  readonly heard = new Map<string, number>();
  #seq = 0;

  constructor(id: string, scenario: RateScenario) {
    this.id = id;
    this.#scenario = scenario;
    const { world } = scenario;
    this.#skewMs = scenario.isTimely ? 0 : world.between(0, WINDOW_MS / 5);
    this.#perTick = world.random() * scenario.limit * 0.05;
    const limit = sharedLimitOf({ requests: scenario.limit, periodMs: WINDOW_MS, burst: scenario.limit });
    this.rates = new SharedRates(() => limit);
    world.join(this);
    world.after(id, world.between(0, TELL_EVERY_MS), () => this.#tell());
    this.#tick();
  }

  hear(bytes: Uint8Array): void {
    const message = heardMessage(bytes);
    if (message.kind !== 'rate') return;
    for (const [, window, admitted] of message.counts) {
      const key = `${window} ${message.id}`;
      this.heard.set(key, Math.max(this.heard.get(key) ?? 0, admitted));
    }
    const { bug, world } = this.#scenario;
    if (bug === 'hears nobody') return;
    const isLate = bug === 'hears of the window before';
    const counts = message.counts.map(
      ([key, window, ...rest]) => [key, isLate ? window - 1 : window, ...rest] as const,
    );
    this.rates.hear({ ...message, counts }, this.#wallMs, world.nowMs);
  }

  get #wallMs(): number {
    return this.#scenario.world.nowMs + this.#skewMs;
  }

  #tell(): void {
    const { world, bug } = this.#scenario;
    this.#seq += 1;
    const told = this.rates.tell(world.nowMs);
    const share = bug === 'tells half' ? 0.5 : 1;
    const counts = told.map(
      ([key, window, admitted, ...rest]) => [key, window, Math.ceil(admitted * share), ...rest] as const,
    );
    if (counts.length > 0) {
      const message = { kind: 'rate' as const, id: this.id, incarnation: 1, seq: this.#seq, counts };
      world.send(this.id, null, encodeMessage(message));
    }
    world.after(this.id, TELL_EVERY_MS, () => this.#tell());
  }

  #tick(): void {
    const { world, size } = this.#scenario;
    for (let left = world.random() * 2 * this.#perTick; left > 1; left -= 1) {
      if (!this.rates.take(KEY, size, this.#wallMs, world.nowMs).allowed) continue;
      const window = this.rates.windowOf(KEY);
      claim(window !== null, 'a request of no window');
      this.#scenario.admitted(this, window);
    }
    world.after(this.id, TICK_MS, () => this.#tick());
  }
}

export class RateScenario {
  readonly world: World;
  readonly limit: number;
  readonly size: number;
  readonly isTimely: boolean;
  readonly seen = { admitted: 0, over: 0 };
  readonly #nodes: SimulatedNode[] = [];
  /** Truly admitted, by window and id. */
  readonly #admitted = new Map<string, number>();

  readonly bug: RateBug | null;

  constructor(seed: number, bug: RateBug | null = null) {
    this.bug = bug;
    this.world = new World(seed, { loss: 0, doubling: 0, delayMaxMs: 0 });
    const { world } = this;
    this.isTimely = world.random() < 0.5;
    world.terms = this.isTimely
      ? { loss: 0, doubling: 0.3, delayMaxMs: 90 }
      : { loss: world.random() * 0.5, doubling: world.random() * 0.3, delayMaxMs: world.between(1, 1_000) };
    this.limit = world.between(1, 200);
    // A node by itself is held by its debt alone, and that is what local limits are tried for.
    this.size = world.between(2, 5);
  }

  run(): void {
    const { world } = this;
    const ids = Array.from({ length: this.size }, (_, i) => `n${i}`);
    for (const id of ids) this.#nodes.push(new SimulatedNode(id, this));
    if (!this.isTimely) {
      world.at(world.between(0, RUN_MS), () => world.part(new Map(ids.map((id) => [id, world.between(0, 1)]))));
    }
    world.run(RUN_MS, () => {});
  }

  admitted(by: SimulatedNode, window: number): void {
    const key = `${window} ${by.id}`;
    const own = (this.#admitted.get(key) ?? 0) + 1;
    this.#admitted.set(key, own);
    this.seen.admitted += 1;
    claim(own <= this.limit, () => `${by.id} admits ${own} of ${this.limit} by itself`);
    let [total, unheard, unsettled] = [own, 0, 0];
    for (const node of this.#nodes) {
      if (node === by) continue;
      const truly = this.#admitted.get(`${window} ${node.id}`) ?? 0;
      total += truly;
      unheard += truly - (by.heard.get(`${window} ${node.id}`) ?? 0);
      if (node.rates.windowOf(KEY) === window) unsettled += node.rates.unsettled(KEY, this.world.nowMs);
      else unsettled += truly;
    }
    if (total > this.limit) this.seen.over += 1;
    claim(total <= this.limit + unheard, () => `${total} of ${this.limit} in ${window}, ${unheard} unheard`);
    claim(!this.isTimely || total <= this.limit + unsettled, () => `${total} of ${this.limit}, ${unsettled} unsettled`);
  }
}
