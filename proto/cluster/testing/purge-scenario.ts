/**
 * Nodes that store and serve, controls that purge, and a log between them, with the real machines in a bad world. Checked at
 * each serving:
 *
 *   1. the promise    what was fetched before a purge was appended is not served after that purge was called complete
 *   2. agreement      the epoch of a node never falls within a life, and entries are applied in order
 *   3. an end         a stated time after the healing each purge is complete, and all nodes serve again
 */
import type { PurgeEntry } from '../../events/purge-log.js';
import { encodeMessage } from '../../events/wire.js';
import { type FollowerEffect, type FollowerEvent, PurgeFollower, READ_EVERY_MS } from '../purge-follower.js';
import { PurgeRegistry, PurgeRound, SAFE_MS } from '../purge-round.js';
import { drawFates } from './fates.js';
import { encodeLogWord, LOG, type LogRequest, readLogAnswer, SimulatedLog } from './simulated-log.js';
import { claim, heardMessage, type Peer, skewedClock, World } from './world.js';

const HEAL_AT_MS = 25_000;
/** A lease runs out, and what was lost is asked for again. */
export const SETTLED_AFTER_MS = SAFE_MS + 2 * READ_EVERY_MS;
const KEYS = 3;
const TICK_MS = 400;

interface Stored {
  readonly key: number;
  /** By the marks of this node when the fetch began; and the truth, which only the checker knows. */
  readonly began: number;
  readonly beganAtMs: number;
}

interface Disk {
  readonly log: number;
  readonly epoch: number;
  readonly stored: readonly Stored[];
  readonly marks: ReadonlyMap<number, number>;
  readonly all: number;
  readonly purges: number;
}

/** A bug that a test plants: what the node or the control does wrong. */
export type PurgeBug =
  | 'none'
  | 'no lease'
  | 'a long lease'
  | 'waits for the live only'
  | 'marks at storing'
  | 'believes the log at once'
  | 'goes on in another log';

class SimulatedNode implements Peer {
  readonly id: string;
  follower: PurgeFollower;
  readonly clock: () => number;
  #stored: Stored[] = [];
  #marks = new Map<number, number>();
  #all = 0;
  readonly #incarnation: number;
  readonly #scenario: PurgeScenario;
  #requests = 0;
  /** Which log the follower follows; 0: not known yet. */
  #log = 0;
  readonly #knownWhenAsked = new Map<number, number>();
  /** Purges of this node in the order in which it has heard of them, whatever the logs have numbered them. */
  #purges = 0;

  constructor(id: string, scenario: PurgeScenario, incarnation: number, disk: Disk | null) {
    this.id = id;
    this.#scenario = scenario;
    this.#incarnation = incarnation;
    this.clock = skewedClock(scenario.world);
    this.follower = new PurgeFollower({ id, incarnation }, disk?.epoch ?? null);
    if (disk !== null) {
      this.#stored = [...disk.stored];
      this.#marks = new Map(disk.marks);
      this.#all = disk.all;
      this.#log = disk.log;
      this.#purges = disk.purges;
    }
    scenario.world.join(this);
    this.#tick();
  }

  get disk(): Disk {
    const held = { stored: this.#stored, marks: this.#marks, all: this.#all, purges: this.#purges };
    return { log: this.#log, epoch: this.follower.epoch, ...held };
  }

  hear(bytes: Uint8Array): void {
    const answer = readLogAnswer(bytes);
    if (answer?.answer === 'end') {
      // An answer of a log that is gone; numbers of logs rise in this world, where a real node takes what comes last.
      if (answer.log < this.#log) return;
      if (answer.log > this.#log || answer.last < (this.#knownWhenAsked.get(answer.askedAtMs) ?? 0)) {
        this.#beginAnew(answer.log);
      }
      const askedAtMs = answer.askedAtMs + (this.#scenario.bug === 'a long lease' ? 8_000 : 0);
      this.#step({ event: 'end', askedAtMs, last: answer.last, first: answer.first });
    }
    if (answer !== null) return;
    const message = heardMessage(bytes);
    if (message.kind === 'log' && !this.#scenario.isLost(message.number, bytes))
      this.#step({ event: 'entry', number: message.number, content: message.content });
  }

  #beginAnew(log: number): void {
    const isFirst = this.#log === 0 && log === 1;
    if (!isFirst && this.#scenario.bug !== 'goes on in another log')
      this.follower = new PurgeFollower({ id: this.id, incarnation: this.#incarnation }, null);
    this.#log = log;
  }

  #tick(): void {
    const { world } = this.#scenario;
    this.#step({ event: 'tick' });
    if (world.random() < this.#scenario.fetches) this.#fetch(world.between(0, KEYS - 1));
    if (world.random() < 0.9) this.#serve(world.between(0, KEYS - 1));
    if (world.random() < 0.1 && world.nowMs < HEAL_AT_MS) this.#tellChanged();
    world.after(this.id, TICK_MS, () => this.#tick());
  }

  /** It has its number among purges, and nobody acknowledges it. */
  #tellChanged(): void {
    const self = { id: this.id, incarnation: this.#incarnation };
    const urls = [{ authority: 'a.example', path: '/changed', query: '' }];
    this.#requests += 1;
    const request = `${this.id} ${this.#incarnation} ${this.#requests}`;
    const asked: LogRequest = { ask: 'append', request, content: { entry: 'change', ...self, urls } };
    this.#scenario.world.send(this.id, LOG, encodeLogWord(asked));
  }

  #fetch(key: number): void {
    const { world, bug } = this.#scenario;
    const fetched: Stored = { key, began: this.#purges, beganAtMs: world.nowMs };
    world.after(this.id, world.random() * 2_000, () => {
      const began = bug === 'marks at storing' ? this.#purges : fetched.began;
      this.#stored = [...this.#stored.filter((each) => each.key !== key), { ...fetched, began }];
    });
  }

  #serve(key: number): void {
    const { seen, bug } = this.#scenario;
    const stored = this.#stored.find((each) => each.key === key);
    if (stored === undefined) return;
    if (!this.follower.mayServe(this.clock()) && bug !== 'no lease') {
      seen.held += 1;
      return;
    }
    if (Math.max(this.#marks.get(key) ?? 0, this.#all) > stored.began) return;
    seen.served += 1;
    this.#scenario.checkServed(this.id, key, stored.beganAtMs);
  }

  #step(event: FollowerEvent): void {
    const { follower } = this;
    const before = follower.epoch;
    for (const effect of this.follower.step(event, this.clock())) this.#perform(effect);
    claim(follower.epoch >= before, () => `${this.id}: its epoch fell from ${before} to ${follower.epoch}`);
  }

  #perform(effect: FollowerEffect): void {
    const { world } = this.#scenario;
    const ask = (request: LogRequest): void => world.send(this.id, LOG, encodeLogWord(request));
    switch (effect.effect) {
      case 'apply':
        this.#apply(effect.content);
        break;
      case 'purge all':
        this.#purges += 1;
        this.#all = this.#purges;
        break;
      case 'ask end':
        this.#knownWhenAsked.set(this.clock(), this.follower.known);
        ask({ ask: 'end', askedAtMs: this.clock() });
        break;
      case 'ask entries':
        ask({ ask: 'entries', from: effect.from });
        break;
      case 'ask to join': {
        const content: PurgeEntry = { entry: 'join', id: this.id, incarnation: this.#incarnation };
        this.#requests += 1;
        ask({ ask: 'append', request: `${this.id} ${this.#incarnation} ${this.#requests}`, content });
        break;
      }
      case 'acknowledge': {
        const message = {
          kind: 'purge.ack' as const,
          id: this.id,
          incarnation: this.#incarnation,
          epoch: effect.epoch,
          log: this.#log,
        };
        world.send(this.id, null, encodeMessage(message));
      }
    }
  }

  #apply(content: PurgeEntry): void {
    if (content.entry !== 'purge') return;
    this.#purges += 1;
    for (const target of content.targets) if (target.kind === 'tag') this.#marks.set(Number(target.tag), this.#purges);
  }
}

interface Asked {
  request: string;
  readonly key: number;
  readonly askedAtMs: number;
  round: PurgeRound | null;
}

class SimulatedControl implements Peer {
  readonly id: string;
  readonly clock: () => number;
  readonly #scenario: PurgeScenario;
  /** Null: the log has not said yet what it has. */
  #registry: PurgeRegistry | null = null;
  #log = 0;
  readonly #early = new Map<number, PurgeEntry>();
  readonly #live: number;
  #asked: Asked[] = [];
  #requests = 0;

  constructor(id: string, scenario: PurgeScenario, life: number) {
    this.id = id;
    this.#scenario = scenario;
    this.#live = life;
    this.clock = skewedClock(scenario.world);
    scenario.world.join(this);
    this.#tick();
  }

  get open(): number {
    return this.#asked.length;
  }

  hear(bytes: Uint8Array): void {
    const answer = readLogAnswer(bytes);
    if (answer !== null && answer.log < this.#log) return;
    if (answer !== null && answer.log > this.#log) this.#forget(answer.log);
    if (answer?.answer === 'appended') {
      const asked = this.#asked.find(({ request }) => request === answer.request);
      if (asked !== undefined && this.#registry !== null)
        asked.round ??= new PurgeRound(answer.number, this.clock(), this.#registry);
    } else if (answer !== null) this.#beginAt(answer.first);
    if (answer !== null) return;
    const message = heardMessage(bytes);
    if (message.kind === 'purge.ack') {
      const { id, incarnation, epoch, log } = message;
      if (log !== this.#log) return;
      for (const { round } of this.#asked) round?.acknowledge(id, incarnation, epoch, this.clock());
    } else if (message.kind === 'log' && !this.#scenario.isLost(message.number, bytes)) {
      this.#early.set(message.number, message.content);
      this.#learn();
    }
  }

  /** Another log: what was under way in the one before is begun again. */
  #forget(log: number): void {
    this.#log = log;
    this.#registry = null;
    this.#early.clear();
    for (const asked of this.#asked) {
      this.#requests += 1;
      Object.assign(asked, { request: `${this.id} ${this.#live} again ${this.#requests}`, round: null });
    }
  }

  /** Where the log has given up what was not read yet, all that is known of it is void. */
  #beginAt(first: number): void {
    if (this.#registry !== null && this.#registry.epoch >= first - 1) return;
    const beganMs = this.#scenario.bug === 'believes the log at once' ? undefined : this.clock();
    const registry = new PurgeRegistry(first - 1, beganMs);
    this.#registry = registry;
    for (const asked of this.#asked) {
      if (asked.round !== null) asked.round = new PurgeRound(asked.round.number, asked.round.appendedMs, registry);
    }
    this.#learn();
  }

  #learn(): void {
    const registry = this.#registry;
    if (registry === null) return;
    for (const number of this.#early.keys()) if (number <= registry.epoch) this.#early.delete(number);
    for (let next = registry.epoch + 1; ; next += 1) {
      const content = this.#early.get(next);
      if (content === undefined) break;
      this.#early.delete(next);
      registry.learn(next, content, this.clock());
    }
  }

  #tick(): void {
    const { world } = this.#scenario;
    if (world.random() < 0.08 && world.nowMs < HEAL_AT_MS) this.#purge(world.between(0, KEYS - 1));
    for (const asked of this.#asked) {
      if (asked.round === null) this.#append(asked.request, this.#purgeOf(asked.key));
      // Who has not acknowledged may not have heard: the entry is told again.
      else world.send(this.id, null, this.#scenario.entryBytes(this.#log, asked.round.number));
    }
    if (world.random() < 0.4 || this.#registry === null || this.#early.size > 0) {
      world.send(this.id, LOG, encodeLogWord({ ask: 'end', askedAtMs: this.clock() }));
      const from = (this.#registry?.epoch ?? 0) + 1;
      world.send(this.id, LOG, encodeLogWord({ ask: 'entries', from }));
    }
    this.#judge();
    world.after(this.id, TICK_MS, () => this.#tick());
  }

  #judge(): void {
    const { bug } = this.#scenario;
    this.#asked = this.#asked.filter(({ key, askedAtMs, round }) => {
      if (round === null) return true;
      const { isComplete, acknowledged, missing } = round.verdict(this.clock());
      const isCalledSo = bug === 'waits for the live only' ? acknowledged.length > 0 : isComplete;
      if (!isCalledSo) return true;
      this.#scenario.completed(key, askedAtMs, missing.length);
      for (const { id, incarnation } of missing) {
        this.#requests += 1;
        const request = `${this.id} ${this.#live} out ${this.#requests}`;
        this.#append(request, { entry: 'out', id, incarnation, isOwn: false });
      }
      return false;
    });
  }

  #purge(key: number): void {
    this.#requests += 1;
    const request = `${this.id} ${this.#live} purge ${this.#requests}`;
    this.#asked.push({ request, key, askedAtMs: this.#scenario.world.nowMs, round: null });
  }

  #purgeOf(key: number): PurgeEntry {
    return { entry: 'purge', targets: [{ kind: 'tag', tag: String(key) }], isSoft: false };
  }

  #append(request: string, content: PurgeEntry): void {
    this.#scenario.world.send(this.id, LOG, encodeLogWord({ ask: 'append', request, content }));
  }
}

export class PurgeScenario {
  readonly world: World;
  readonly bug: PurgeBug;
  /** Share of ticks; where it is small, what is stored stays for long. */
  readonly fetches: number;
  readonly seen = { served: 0, held: 0, completed: 0, withMissing: 0 };
  readonly #log: SimulatedLog;
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #controls = new Map<string, SimulatedControl>();
  readonly #ids: readonly string[];
  readonly #disks = new Map<string, Disk>();
  /** Of each key: until when what was fetched must not be served, by the latest purge that is complete. */
  readonly #purgedUpToMs = new Map<number, number>();
  #lives = 0;

  constructor(seed: number, bug: PurgeBug = 'none') {
    this.bug = bug;
    this.world = new World(seed, { loss: 0, doubling: 0, delayMaxMs: 0 });
    const { world } = this;
    world.terms = { loss: world.random() * 0.3, doubling: world.random() * 0.3, delayMaxMs: world.between(1, 3_000) };
    this.fetches = world.pick([0.5, 0.04]);
    this.#log = new SimulatedLog(world, world.pick([40, 100, 1_000]));
    this.#ids = [...Array.from({ length: world.between(1, 4) }, (_, i) => `n${i}`), 'c0', 'c1'];
  }

  run(): void {
    const { world } = this;
    for (const id of this.#ids) world.at(world.between(0, 2_000), () => this.#start(id, false));
    // In half of the worlds one partition lasts, longer than any lease.
    const calmMaxMs = world.pick([4_000, 60_000]);
    const groups = new Map([...this.#ids, LOG].map((id) => [id, world.between(0, 1)]));
    if (calmMaxMs > HEAL_AT_MS) world.at(world.between(3_000, 6_000), () => world.part(groups));
    // In a third of them the log is lost once.
    if (world.random() < 0.33) world.at(world.between(4_000, HEAL_AT_MS), () => this.#log.wipe());
    // The log is parted from some as well, but neither crashes nor pauses: that is its replicas' business.
    drawFates(
      world,
      this.#ids,
      HEAL_AT_MS,
      {
        crash: (id) => {
          const node = this.#nodes.get(id);
          if (node !== undefined) this.#disks.set(id, node.disk);
          world.crash(id);
        },
        restart: (id, keepsDisk) => this.#start(id, keepsDisk),
      },
      { steady: [LOG], calmMaxMs },
    );
    world.run(HEAL_AT_MS + SETTLED_AFTER_MS + 2 * world.terms.delayMaxMs, () => {});
    for (const { id, open } of this.#controls.values()) claim(open === 0, () => `${id}: ${open} purges have no end`);
    for (const { id, follower, clock } of this.#nodes.values())
      claim(follower.mayServe(clock()), () => `${id} does not serve, at ${follower.epoch}`);
  }

  checkServed(node: string, key: number, beganAtMs: number): void {
    const purgedMs = this.#purgedUpToMs.get(key) ?? Number.NEGATIVE_INFINITY;
    claim(
      beganAtMs >= purgedMs,
      () => `${node} served ${key} of ${beganAtMs}, purged at ${purgedMs}, at ${this.world.nowMs}`,
    );
  }

  completed(key: number, askedAtMs: number, missing: number): void {
    this.seen.completed += 1;
    if (missing > 0) this.seen.withMissing += 1;
    this.#purgedUpToMs.set(key, Math.max(this.#purgedUpToMs.get(key) ?? 0, askedAtMs));
  }

  entryBytes(log: number, number: number): Uint8Array {
    const entry = this.#log.entry(log, number);
    claim(entry !== undefined, 'a purge that is not in the log');
    return entry.bytes;
  }

  /** What a log that is gone has told goes with its connections. */
  isLost(number: number, bytes: Uint8Array): boolean {
    return !isEqual(this.#log.entry(this.#log.log, number)?.bytes, bytes);
  }

  #start(id: string, keepsDisk: boolean): void {
    if (this.world.isUp(id)) return;
    this.#lives += 1;
    if (id.startsWith('c')) this.#controls.set(id, new SimulatedControl(id, this, this.#lives));
    else this.#nodes.set(id, new SimulatedNode(id, this, this.#lives, (keepsDisk && this.#disks.get(id)) || null));
  }
}

function isEqual(one: Uint8Array | undefined, other: Uint8Array): boolean {
  if (one?.length !== other.length) return false;
  for (let at = 0; at < other.length; at += 1) if (one[at] !== other[at]) return false;
  return true;
}
