/**
 * Nodes that tell each other of targets, in a bad world: messages are lost, late, doubled and cut off; nodes crash and start
 * again; targets break and are mended; and fewer than half of the nodes are bad ones, whose own network is broken or who call
 * targets out that are well. Only tests import this file.
 *
 *   1. no minority    a target that answers is never put out at a good node by what others say
 *   2. one look       what is said is looked into once, nor is the target kept from more than one attempt at a time for longer than a doubt may last
 *   3. never the last what others say takes no target unless another is well, and half of them at most
 *   4. all heals      when all answer and all is heard, every target is well at every node within a bound, and nothing is
 *                     believed of anybody that he does not say
 *   5. probers        then each target is probed by three nodes, or by all
 */
import { drawFates } from '@weir/proto/cluster/testing/fates.js';
import { claim, World } from '@weir/proto/cluster/testing/world.js';
import type { HealthChange } from '@weir/proto/events/health.js';
import { DOUBT_MS, HOLD_MS_MAX } from '../../upstream/health/hearsay.js';
import type { PeerReports } from '../../upstream/health/peer-reports.js';
import { PROBERS } from '../../upstream/health/probers.js';
import { SimulatedNode } from './simulated-node.js';

export interface HealthPlant {
  reports?(): PeerReports;
  readonly hearsNoMisses?: boolean;
}

const HEAL_MS = 16_000;
/** Members that were thought dead are met again, what they say is asked for, and the last ejection ends with a trial. */
const RECOVERED_MS = HEAL_MS + 12_000;
const END_MS = RECOVERED_MS + 1_000;
/** A doubt is looked after once a second, by a clock that is off by a thousandth, and not while its node is paused. */
const DOUBTED_MS_MAX = DOUBT_MS + HOLD_MS_MAX + 1_100;
/** The world runs so far before answers to questions, which are promises, are read. */
const SLICE_MS = 50;
const PROMISES_DEEP = 10;
const REPORTS_LOOKED_AT = 1_000;

type Illness = 'none' | 'cut off' | 'lies';

export class HealthScenario {
  readonly world: World;
  readonly plant: HealthPlant | null;
  readonly targetCount: number;
  readonly hasProbes: boolean;
  readonly seen = { doubts: 0, confirmed: 0, refuted: 0, majorities: 0, outs: 0, attempts: 0 };
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #incarnations = new Map<string, number>();
  readonly #illness = new Map<string, Illness>();
  /** From when to when each target answers nobody. */
  readonly #broken: readonly { readonly fromMs: number; readonly untilMs: number }[];
  /** Since when a target is doubted at a node, by both. */
  readonly #doubtedSince = new Map<string, number>();
  #wrong: unknown = null;
  readonly #looked = new WeakMap<SimulatedNode, Set<string>>();
  readonly #ids: readonly string[];

  constructor(seed: number, plant: HealthPlant | null = null) {
    this.plant = plant;
    this.world = new World(seed, { loss: 0, doubling: 0, delayMaxMs: 0 });
    const { world } = this;
    world.terms = { loss: world.random() * 0.3, doubling: world.random() * 0.2, delayMaxMs: world.between(1, 800) };
    this.#ids = Array.from({ length: world.between(2, 6) }, (_, i) => `n${i}`);
    this.targetCount = world.between(2, 5);
    this.hasProbes = world.random() < 0.5;
    const bad = world.between(0, Math.ceil(this.#ids.length / 2) - 1);
    this.#ids.forEach((id, i) => {
      this.#illness.set(id, i >= bad ? 'none' : world.random() < 0.5 ? 'cut off' : 'lies');
    });
    this.#broken = Array.from({ length: this.targetCount }, () => {
      const fromMs = world.random() < 0.4 ? world.between(1_000, HEAL_MS) : HEAL_MS;
      return { fromMs, untilMs: Math.min(fromMs + world.between(500, 6_000), HEAL_MS) };
    });
  }

  async run(): Promise<void> {
    const { world } = this;
    for (const id of this.#ids) this.#start(id);
    drawFates(world, this.#ids, HEAL_MS, {
      crash: (id) => this.#crash(id),
      restart: (id) => this.#start(id),
    });
    for (let untilMs = SLICE_MS; untilMs <= END_MS; untilMs += SLICE_MS) {
      world.run(untilMs, () => {});
      for (let i = 0; i < PROMISES_DEEP; i += 1) await null;
      if (this.#wrong !== null) throw this.#wrong;
      if (untilMs % 200 === 0) this.#check();
    }
    for (const { gossip } of this.#nodes.values()) {
      for (const key of ['confirmed', 'refuted', 'majorities'] as const) this.seen[key] += gossip.counts[key];
    }
  }

  /** Whether a target answers that node. */
  answers(id: string, index: number): boolean {
    const { nowMs } = this.world;
    const broken = this.#broken[index];
    if (broken !== undefined && nowMs >= broken.fromMs && nowMs < broken.untilMs) return false;
    return nowMs >= HEAL_MS || this.#illness.get(id) !== 'cut off';
  }

  asked(): void {
    this.seen.attempts += 1;
  }

  /** Some changes come about in answers to questions, which are promises: what is wrong with them is thrown by `run`. */
  changed(node: SimulatedNode, change: HealthChange): void {
    try {
      this.#claimOf(node, change);
    } catch (error) {
      this.#wrong ??= error;
    }
  }

  #claimOf(node: SimulatedNode, { kind, target, from, to }: HealthChange): void {
    if (kind !== 'peers') {
      if (to === 'out') this.seen.outs += 1;
      return;
    }
    const index = Number(target?.slice(1, target.indexOf(':')));
    const name = `${node.id} ${index}`;
    if (to === 'well') {
      this.#doubtedSince.delete(name);
      return;
    }
    this.seen.doubts += 1;
    if (to === 'trial' && from === 'well') this.#claimNews(node, target);
    if (!this.#doubtedSince.has(name)) this.#doubtedSince.set(name, this.world.nowMs);
    const others = Array.from({ length: this.targetCount }, (_, i) => i).filter((i) => i !== index);
    const isOneWell = others.some((i) => node.standing(i) === 'well');
    claim(isOneWell, () => `${node.id}: what others say takes t${index}, the last that is well`);
    const taken = node.opinions.targets.filter(({ isCalledOut }) => isCalledOut).length;
    claim(taken <= Math.max(1, Math.floor(this.targetCount / 2)), () => `${node.id}: others' word takes ${taken}`);
    if (to === 'out' && from !== 'well' && this.#illness.get(node.id) !== 'none') return;
    if (to === 'out') this.#claimNoMinority(node, index);
  }

  /** What is said of a target is looked into once. */
  #claimNews(node: SimulatedNode, target: string | null): void {
    const said = node.gossip.standing(REPORTS_LOOKED_AT).filter((report) => report.target === target);
    // Heard anew when its peer was thought dead meanwhile; and a later ejection is news, though both may be heard in one moment, after a pause.
    const names = said.map(({ peer, kind, heardAtMs, seq }) => `${target} ${peer} ${kind} ${heardAtMs} ${seq}`);
    const looked = this.#looked.get(node) ?? new Set<string>();
    claim(
      names.some((name) => !looked.has(name)),
      () => `${node.id} looks again into what is said of ${target}: ${names.join()}`,
    );
    for (const name of names) looked.add(name);
    this.#looked.set(node, looked);
  }

  /** It is out at a good node, at once: then it has been broken of late, or most nodes are bad. */
  #claimNoMinority(node: SimulatedNode, index: number): void {
    const { nowMs } = this.world;
    const broken = this.#broken[index];
    // Reports last as long as ejections do, and messages are late.
    const wasBroken = broken !== undefined && broken.fromMs < broken.untilMs && nowMs >= broken.fromMs;
    const met = node.presence.members().map(({ life }) => life.id);
    const bad = met.filter((id) => this.#illness.get(id) !== 'none').length;
    // Who was started beside bad ones alone, and cut off from the others ever since, can't know better.
    const isAmongBad = bad > (met.length + 1) / 2;
    claim(
      wasBroken || isAmongBad,
      () => `${node.id} puts out t${index}, which answers everybody, by the word of others`,
    );
  }

  #start(id: string): void {
    const incarnation = (this.#incarnations.get(id) ?? 0) + 1;
    this.#incarnations.set(id, incarnation);
    const node = new SimulatedNode(id, incarnation, this);
    this.#nodes.set(id, node);
    if (this.#illness.get(id) === 'lies') this.#lie(node);
  }

  #crash(id: string): void {
    this.#nodes.get(id)?.gossip.end();
    this.#nodes.delete(id);
    this.world.crash(id);
    for (let i = 0; i < this.targetCount; i += 1) this.#doubtedSince.delete(`${id} ${i}`);
  }

  /** Calls out what it likes until all is healed; then takes back what it has said. */
  #lie(node: SimulatedNode): void {
    const { world } = this;
    const isOver = world.nowMs >= HEAL_MS;
    for (let i = 0; i < this.targetCount; i += 1) {
      if (!isOver && world.random() < 0.6) continue;
      for (const kind of isOver
        ? (['probe', 'outlier', 'breaker'] as const)
        : [world.pick(['probe', 'outlier'] as const)]) {
        const about = { kind, upstream: 'up', target: `t${i}:80`, from: 'well', reason: 'a lie' } as const;
        const evidence = { forMs: world.between(100, 3_000) };
        node.gossip.changed({ ...about, to: isOver ? 'well' : 'out', evidence, atWallMs: 0 });
      }
    }
    if (!isOver) world.after(node.id, world.between(50, 2_000), () => this.#lie(node));
  }

  #check(): void {
    const { nowMs } = this.world;
    for (const node of this.#nodes.values()) {
      for (let i = 0; i < this.targetCount; i += 1) {
        const since = this.#doubtedSince.get(`${node.id} ${i}`);
        const isBroken = (this.#broken[i]?.fromMs ?? HEAL_MS) < nowMs;
        if (since !== undefined && !isBroken && this.answers(node.id, i) && !this.world.isPaused(node.id))
          claim(
            nowMs - since <= DOUBTED_MS_MAX,
            () => `${node.id} doubts t${i}, which answers, since ${nowMs - since}`,
          );
        if (nowMs < RECOVERED_MS) continue;
        claim(node.standing(i) === 'well', () => `${node.id}: t${i} is not well: ${node.opinions.targets[i]?.reason}`);
      }
    }
    if (nowMs < RECOVERED_MS) return;
    for (const { id, gossip } of this.#nodes.values()) {
      const [left] = gossip.standing(1);
      claim(
        left === undefined,
        () => `${id} believes still that ${left?.peer} calls ${left?.target} out: ${JSON.stringify(left)}`,
      );
    }
    for (let i = 0; this.hasProbes && i < this.targetCount; i += 1) {
      const probers = [...this.#nodes.values()].filter(({ probing }) => probing[i]).length;
      claim(probers === Math.min(PROBERS, this.#nodes.size), () => `t${i} is probed by ${probers}`);
    }
  }
}
