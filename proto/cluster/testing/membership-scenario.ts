/**
 * Members with the real machine in a bad world. Checked after each event, by an account of its own:
 *
 *   1. justice        nobody is called dead who was heard within what silence allows; nobody is called back from `left`
 *   2. lives          the life that is known of an id never becomes an earlier one
 *   3. no gap unseen  each message of a stream is heard or told as missed, once the member is known
 *   4. convergence    a stated time after the healing all see all as alive, in their latest life, and it stays so
 */
import { type Heartbeat, type Stream, streams } from '../../events/membership.js';
import { encodeMessage } from '../../events/wire.js';
import type { MemberStanding } from '../member.js';
import {
  CUT_OFF_PATIENCE,
  DEAD_AFTER,
  Membership,
  type MembershipEffect,
  type MembershipEvent,
  TICK_MS,
} from '../membership.js';
import { INTERVAL_MIN_MS } from '../pace.js';
import { drawFates } from './fates.js';
import { claim, heardMessage, type Peer, skewedClock, World } from './world.js';

const HEAL_AT_MS = 15_000;
/** Its longest part is the patience of those who believe that they are cut off, with their intervals of a second. */
export const CONVERGED_AFTER_MS = DEAD_AFTER * CUT_OFF_PATIENCE * INTERVAL_MIN_MS;
const CALM_MS = 1_500;

/** A bug that a test plants in front of the machine, to see that it is found; null: the event is swallowed. */
export type Plant = (event: MembershipEvent) => MembershipEvent | null;

class SimulatedMember implements Peer {
  readonly id: string;
  readonly membership: Membership;
  readonly clock: () => number;
  readonly told: Record<Stream, number> = { health: 0, rate: 0, latency: 0 };
  /** By sender's id and session, when a heartbeat of it was last given to the machine. */
  readonly heardAtMs = new Map<string, number>();
  readonly #latestSeq = new Map<string, number>();
  /** By the same and the stream, numbers that were heard or told as missed. */
  readonly accounted = new Map<string, Set<number>>();
  readonly known = new Map<string, { incarnation: number; left: number | null }>();
  readonly #world: World;
  readonly #scenario: MembershipScenario;

  constructor(id: string, scenario: MembershipScenario, incarnation: number) {
    this.id = id;
    this.#scenario = scenario;
    this.#world = scenario.world;
    this.clock = skewedClock(scenario.world);
    const session = scenario.world.between(1, 2 ** 40);
    const role = id === 'm0' ? 'control' : 'node';
    this.membership = new Membership({ id, incarnation, session }, role, scenario.world.random);
    scenario.world.join(this);
    this.step({ event: 'bus', isConnected: true });
    this.#tick();
  }

  hear(bytes: Uint8Array): void {
    const message = heardMessage(bytes);
    if (message.kind === 'heartbeat' || message.kind === 'leave' || message.kind === 'outdated') {
      if (message.kind === 'heartbeat') this.#news(message);
      this.step({ event: 'heard', message });
      if (message.kind === 'heartbeat') this.#checkAccount(message);
    } else if (message.kind === 'rate') {
      const { id, seq } = message;
      this.#account(id, 'rate', seq, seq);
      this.step({ event: 'streamed', id, stream: 'rate', seq });
    }
  }

  /** One that was overtaken, or came twice, proves nothing. */
  #news({ id, session, seq }: Heartbeat): void {
    const key = `${id} ${session}`;
    if (seq <= (this.#latestSeq.get(key) ?? 0)) return;
    this.#latestSeq.set(key, seq);
    this.heardAtMs.set(key, this.clock());
  }

  #tick(): void {
    const own = { snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0, told: { ...this.told } };
    this.step({ event: 'tick', own });
    if (this.#world.random() < 0.1) {
      this.told.rate += 1;
      const { incarnation } = this.membership.life;
      const message = { kind: 'rate' as const, id: this.id, incarnation, seq: this.told.rate, counts: [] };
      this.#world.send(this.id, null, encodeMessage(message));
    }
    this.#world.after(this.id, TICK_MS, () => this.#tick());
  }

  step(event: MembershipEvent): void {
    const planted = this.#scenario.plant(event);
    if (planted !== null) this.#perform(this.membership.step(planted, this.clock()));
  }

  #perform(effects: readonly MembershipEffect[]): void {
    for (const effect of effects) {
      if (effect.effect === 'publish') this.#world.send(this.id, null, encodeMessage(effect.message));
      else if (effect.effect === 'tell') this.#world.send(this.id, effect.to, encodeMessage(effect.message));
      else if (effect.effect === 'missed') {
        this.#scenario.seen.missed += 1;
        this.#account(effect.id, effect.stream, effect.from, effect.to);
      } else if (effect.effect === 'changed') this.#changed(effect.member.life.id, effect.from, effect.member.standing);
      else claim(false, `${effect.effect}, which nothing here can lead to`);
    }
  }

  #changed(id: string, from: MemberStanding | null, to: MemberStanding): void {
    const { seen } = this.#scenario;
    seen.changes += 1;
    const member = this.membership.members().find(({ life }) => life.id === id);
    claim(member !== undefined, 'a change of nobody');
    const known = this.known.get(id);
    const { incarnation, session } = member.life;
    claim(known === undefined || incarnation >= known.incarnation, () => `${this.id}: ${id} became an earlier life`);
    if (known?.incarnation !== incarnation) {
      // A later life: what it had told before it was met is not missed.
      for (const stream of streams) {
        this.accounted.set(`${id} ${stream}`, new Set(range(1, member.heartbeat.told[stream])));
      }
    }
    if (from === 'left') claim(known?.left !== incarnation, `${this.id}: ${id} came back in the life that it left`);
    this.known.set(id, { incarnation, left: to === 'left' ? incarnation : (known?.left ?? null) });
    if (to !== 'dead') return;
    seen.deaths += 1;
    const silentMs = this.clock() - (this.heardAtMs.get(`${id} ${session}`) ?? Number.NEGATIVE_INFINITY);
    claim(silentMs >= DEAD_AFTER * INTERVAL_MIN_MS, () => `${this.id}: ${id} is dead, heard ${silentMs} ms ago`);
  }

  /** At once, and not when the next message comes: the heartbeat says how many there are. */
  #checkAccount({ id, incarnation, told }: Heartbeat): void {
    const member = this.membership.members().find(({ life }) => life.id === id);
    // What a life said before its farewell, and came after it, is of no interest any more.
    const isKnown = member?.life.incarnation === incarnation && member.standing !== 'left';
    const isAccounted = this.accounted.get(`${id} rate`)?.has(told.rate) === true || told.rate === 0;
    claim(!isKnown || isAccounted, () => `${this.id}: nobody told of ${id}'s message ${told.rate}`);
  }

  #account(id: string, stream: Stream, from: number, to: number): void {
    const accounted = this.accounted.get(`${id} ${stream}`);
    for (const seq of range(from, to)) accounted?.add(seq);
  }
}

export class MembershipScenario {
  readonly world: World;
  readonly plant: Plant;
  readonly seen = { changes: 0, deaths: 0, missed: 0, events: 0 };
  readonly #members = new Map<string, SimulatedMember>();
  readonly #ids: readonly string[];
  #session = 0;

  constructor(seed: number, plant: Plant = (event) => event) {
    this.plant = plant;
    this.world = new World(seed, { loss: 0, doubling: 0, delayMaxMs: 0 });
    const { world } = this;
    world.terms = { loss: world.random() * 0.4, doubling: world.random() * 0.3, delayMaxMs: world.between(1, 1_500) };
    this.#ids = Array.from({ length: world.between(2, 5) }, (_, i) => `m${i}`);
  }

  run(): void {
    const { world } = this;
    for (const id of this.#ids) world.at(world.between(0, 2_000), () => this.#start(id));
    drawFates(world, this.#ids, HEAL_AT_MS, {
      crash: (id) => world.crash(id),
      restart: (id) => this.#start(id),
      leave: (id) => {
        this.#members.get(id)?.step({ event: 'leave' });
      },
    });
    const convergedAtMs = HEAL_AT_MS + CONVERGED_AFTER_MS + 2 * world.terms.delayMaxMs;
    world.run(convergedAtMs, () => {});
    world.run(convergedAtMs + CALM_MS, () => this.#checkConverged());
    this.seen.events = world.events;
  }

  /** Incarnations are wall milliseconds of a clock that may have been set back. */
  #start(id: string): void {
    if (this.world.isUp(id)) return;
    this.#session += 1;
    const setBackMs = this.world.random() < 0.3 ? this.world.between(0, 60_000) : 0;
    const incarnation = Math.max(0, 100_000 + Math.floor(this.world.nowMs) - setBackMs);
    this.#members.set(id, new SimulatedMember(id, this, incarnation));
  }

  #checkConverged(): void {
    for (const member of this.#members.values()) {
      const views = member.membership.members();
      claim(member.membership.size === this.#ids.length, () => `${member.id} counts ${member.membership.size} members`);
      for (const { life, standing } of views) {
        claim(standing === 'alive', () => `${member.id} calls ${life.id} ${standing}`);
        const real = this.#members.get(life.id)?.membership.life;
        claim(real?.session === life.session, () => `${member.id} knows ${life.id} in an earlier life`);
      }
    }
  }
}

function* range(from: number, to: number): Generator<number> {
  for (let each = from; each <= to; each += 1) yield each;
}
