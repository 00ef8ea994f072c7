/**
 * A node of the simulation: the real Presence, gossip and opinions of a node, and traffic that picks targets as a balancer
 * would. Its own network may be broken, or it may lie. Only tests import this file.
 */
import { Presence } from '@weir/proto/cluster/presence.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { decodeOnce, skewedClock } from '@weir/proto/cluster/testing/world.js';
import type { HealthChange } from '@weir/proto/events/health.js';
import { makeTarget } from '../../pipeline/testing/specs.js';
import type { Epoch } from '../../upstream/health/standing.js';
import { outcome, outlierSpec, probeSpec } from '../../upstream/health/testing/outcomes.js';
import { createUpstreamOpinions, type UpstreamOpinions } from '../../upstream/health/upstream-health.js';
import { type GossipUpstream, HealthGossip } from '../health-gossip.js';
import type { HealthScenario } from './health-scenario.js';
import { timersOf } from './members.js';
import { WorldBus } from './world-bus.js';

/** Between two requests of a node, on average. */
const REQUEST_MS = 120;
const PROBE_MS = 1_000;
/** Made once: a failure costs more than all that is done about it here. */
const [good, bad] = [outcome('good', 0), outcome('bad', 0)];

export class SimulatedNode {
  readonly id: string;
  readonly opinions: UpstreamOpinions;
  readonly gossip: HealthGossip;
  readonly presence: Presence;
  readonly probing: boolean[];
  readonly #scenario: HealthScenario;
  readonly #now: () => number;

  constructor(id: string, incarnation: number, scenario: HealthScenario) {
    this.id = id;
    this.#scenario = scenario;
    const { world, targetCount, hasProbes, plant } = scenario;
    const bus = new WorldBus(id, world);
    world.join(bus);
    const skewed = skewedClock(world);
    this.#now = skewed;
    const clock = {
      nowMs: skewed,
      wallMs: skewed,
      after: (delayMs: number, run: () => void) => {
        let isCancelled = false;
        world.after(id, delayMs, () => isCancelled || run());
        return () => {
          isCancelled = true;
        };
      },
    };
    this.presence = new Presence({
      ...{ bus, clock, subjects: new Subjects('c1'), role: 'node', random: world.random },
      life: { id, incarnation, session: incarnation },
      report: () => ({ snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0 }),
      warn: () => {},
      decode: decodeOnce,
    });
    if (plant?.hearsNoMisses === true) this.presence.onMissed = () => () => {};
    const specs = Array.from({ length: targetCount }, (_, i) => makeTarget({ id: `t${i}:80` }).spec);
    const outlier = { ...outlierSpec, consecutiveFailures: 3, ejectionMs: 1_500, ejectionMaxMs: 3_000 };
    const spec = { id: 'up', targets: specs, probe: hasProbes ? probeSpec : null, outlier, breaker: null };
    const onChange = (change: HealthChange): void => {
      scenario.changed(this, change);
      this.gossip.changed(change);
    };
    this.opinions = createUpstreamOpinions(spec, clock, onChange, (warning) => this.gossip.changed(warning));
    this.probing = specs.map(() => true);
    const upstream: GossipUpstream = {
      spec: { id: 'up' },
      targets: this.opinions.targets.map((health, i) => ({
        ...{ upstreamId: 'up', spec: health.spec, health },
        probes: hasProbes ? this.#switchOf(i) : null,
      })),
    };
    const upstreams = [upstream];
    const reports = plant?.reports?.();
    this.gossip = new HealthGossip({
      ...{ presence: this.presence, clock, timers: timersOf(clock), upstreams: () => upstreams },
      ...(reports === undefined ? {} : { reports }),
    });
    this.gossip.refresh();
    this.#request();
    if (hasProbes) for (let i = 0; i < targetCount; i += 1) this.#probe(i, world.random() * PROBE_MS);
  }

  nowMs(): number {
    return this.#now();
  }

  standing(index: number) {
    return this.opinions.targets[index]?.standing(this.#now());
  }

  #switchOf(index: number) {
    return {
      set: (isOn: boolean) => {
        this.probing[index] = isOn;
      },
      hurry: () => this.#scenario.world.after(this.id, 5, () => this.#endProbe(index)),
      stop: () => {},
    };
  }

  #probe(index: number, delayMs: number): void {
    this.#scenario.world.after(this.id, delayMs, () => {
      if (this.probing[index] === true) this.#endProbe(index);
      this.#probe(index, PROBE_MS);
    });
  }

  #endProbe(index: number): void {
    if (this.probing[index] !== true) return;
    const isGood = this.#scenario.answers(this.id, index);
    this.opinions.targets[index]?.probed({ isGood, why: 'silent', status: 0, tookMs: 1 }, this.#now());
  }

  /** What is on trial first, then any that is well, and in panic any at all. */
  #request(): void {
    const { world, targetCount } = this.#scenario;
    world.after(this.id, REQUEST_MS * 2 * world.random(), () => this.#request());
    const all = Array.from({ length: targetCount }, (_, i) => i);
    const on = (standing: string): number[] => all.filter((i) => this.standing(i) === standing);
    const trials = on('trial');
    const well = on('well');
    const index = world.pick(trials.length > 0 ? trials : well.length > 0 ? well : all);
    const health = this.opinions.targets[index];
    if (health === undefined) return;
    const epoch: Epoch = health.begin(this.#now());
    world.after(this.id, 2 + world.random() * 30, () => {
      const isGood = this.#scenario.answers(this.id, index);
      this.#scenario.asked();
      const endedAtMs = this.#now();
      const times = { startedAtMs: endedAtMs - 10, endedAtMs };
      health.end(epoch, isGood ? { ...good, ...times, headAtMs: endedAtMs } : { ...bad, ...times });
    });
  }
}
