/**
 * Controls that roll out revisions and hosts that follow them, with the real machines of both in a bad world: messages and answers
 * of the server are lost, late and cut off; controls and hosts crash, hosts with or without their disk; workers refuse, or apply
 * late; old announcements come again. Checked as time passes:
 *
 *   1. never back    what a host runs falls to an earlier version only where that was rolled back, or tried out until a newer one came
 *   2. one content   a version is the same bytes wherever it runs, and was rolled out
 *   3. one story     versions of the log of rollouts never fall, and each is of one revision
 *   4. convergence   a stated time after the healing all controls know one record that is over, and all hosts and their workers
 *                    run what it says, or have said why not
 */

import { createHash } from 'node:crypto';
import type { KeptEntry } from '@weir/control/cluster/signed-entries.js';
import { loadText } from '@weir/control/publish/load-config.js';
import { LATE_AFTER_MS } from '@weir/control/rollout/progress.js';
import { forAll, isOver } from '@weir/control/rollout/rollout.js';
import { READ_EVERY_MS } from '@weir/deploy/cluster/announcement-reader.js';
import { drawFates } from '@weir/proto/cluster/testing/fates.js';
import { claim, World } from '@weir/proto/cluster/testing/world.js';
import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import type { RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import { decodeMessage } from '@weir/proto/events/wire.js';
import { openFrame } from '@weir/proto/signing/signed-frame.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { SimulatedControl } from './simulated-control.js';
import { type Disk, SimulatedHost } from './simulated-host.js';
import { keys } from './simulated-keys.js';
import { SERVER, WorldBlobs, WorldLog } from './world-store.js';

export type RolloutPlant = 'no compare and set' | 'follows what is older' | 'hears of no rollback';

export const CLUSTER = 'c1';
export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const HEAL_MS = 20_000;
/** Hosts that lack the latest read it; who says nothing of it is late; what comes of that is announced and applied. */
const CONVERGED_AFTER_MS = READ_EVERY_MS + LATE_AFTER_MS + 10_000;
const SLICE_MS = 25;
/**
 * A world that has been one for so long is over: by then all that controls do again and again has come round, and messages that were on
 * their way have arrived. Every tenth one goes on to its end, so that what comes apart once more by a later timer is seen as well.
 */
const SETTLED_AFTER_MS = 6_000;
const WHOLE_EVERY = 10;
const RESUME_EVERY_MS = 2_000;
const canary: RolloutPlan = { sharePermille: 300, label: '', bakeMs: 1_000, exchangesMin: 5, unjudged: ['latency'] };

/** Ids are thirty-two hexadecimal digits. */
export const revisionId = (number: number): string => number.toString(16).padStart(32, '0');

export interface SimulatedRevision {
  readonly number: number;
  readonly id: string;
  readonly text: string;
  readonly plan: RolloutPlan | null;
  readonly author: string;
  readonly reason: string;
}

let compiled: Snapshot | null = null;
/** Compiled once: the compiler is not what is tried here. */
function baseSnapshot(): Snapshot {
  const text = 'version: 1\nroutes: [{ id: all, match: /*, respond: { status: 200, body: ok } }]\n';
  if (compiled === null) {
    const loaded = loadText(text, { environment: {}, version: 1, createdWallMs: 0 });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
    compiled = loaded.snapshot;
  }
  return compiled;
}

export class RolloutScenario {
  readonly world: World;
  readonly plant: RolloutPlant | null;
  readonly rolloutLog: WorldLog;
  readonly announcementLog = new WorldLog();
  readonly blobs = new WorldBlobs();
  readonly seen = { records: 0, rolledBack: 0, applied: 0, refused: 0, late: 0, replayed: 0 };
  readonly snapshot = baseSnapshot();
  /** What is on the disks of controls. */
  readonly kept = new Map<string, KeptEntry>();
  revision: SimulatedRevision | null = null;
  readonly disks = new Map<string, Disk>();
  readonly #controls = new Map<string, SimulatedControl>();
  readonly #hosts = new Map<string, SimulatedHost>();
  readonly #controlIds: readonly string[];
  readonly #hostIds: readonly string[];
  readonly #ran = new Map<string, number>();
  readonly #checked = new Map<string, SimulatedHost['sync']['inForce']>();
  readonly #isWhole: boolean;
  readonly #records: RolloutRecord[] = [];
  readonly #hashes = new Map<number, string>();
  #session = 0;

  constructor(seed: number, plant: RolloutPlant | null = null) {
    this.plant = plant;
    this.#isWhole = seed % WHOLE_EVERY === 0;
    this.world = new World(seed, { loss: 0, doubling: 0, delayMaxMs: 0 });
    const { world } = this;
    world.terms = { loss: world.random() * 0.3, doubling: world.random() * 0.2, delayMaxMs: world.between(1, 800) };
    this.rolloutLog = new WorldLog(plant !== 'no compare and set');
    this.#controlIds = Array.from({ length: world.between(1, 3) }, (_, i) => `c${i}`);
    this.#hostIds = Array.from({ length: world.between(2, 4) }, (_, i) => `h${i}`);
  }

  get isHealed(): boolean {
    return this.world.nowMs >= HEAL_MS;
  }

  async run(): Promise<void> {
    const { world } = this;
    const all = [...this.#controlIds, ...this.#hostIds];
    for (const id of all) this.#start(id, false);
    drawFates(
      world,
      all,
      HEAL_MS,
      { crash: (id) => this.#crash(id), restart: (id, disk) => this.#start(id, disk) },
      {
        steady: [SERVER],
      },
    );
    this.#revise();
    this.#replay();
    world.at(HEAL_MS, () => this.#resume());
    const endMs = HEAL_MS + CONVERGED_AFTER_MS;
    let apartAtMs = HEAL_MS;
    for (let untilMs = SLICE_MS; untilMs <= endMs; untilMs += SLICE_MS) {
      const { events } = world;
      world.run(untilMs, () => {});
      if (world.events === events) continue;
      // Until all promises that were kept in it have been read.
      await new Promise((resolve) => setImmediate(resolve));
      this.#readRecords();
      for (const host of this.#hosts.values()) this.#checkHost(host);
      if (!this.isHealed || this.#whatIsApart() !== null) apartAtMs = untilMs;
      if (!this.#isWhole && untilMs - apartAtMs >= SETTLED_AFTER_MS) break;
    }
    const apart = this.#whatIsApart();
    claim(apart === null, () => `after ${world.nowMs - HEAL_MS} ms: ${apart}`);
  }

  /** Whether the workers of that host refuse, or say nothing in time and apply it all the same. */
  fateOfDelivery(): 'applied' | 'refused' | 'late' {
    const draw = this.world.random();
    const fate = this.isHealed || draw < 0.85 ? 'applied' : draw < 0.93 ? 'refused' : 'late';
    this.seen[fate] += 1;
    return fate;
  }

  isBad(version: number): boolean {
    const record = this.#records.find(({ target }) => target.version === version);
    return record !== undefined && record.target.revision % 3 === 0;
  }

  #start(id: string, keepsDisk: boolean): void {
    if (this.world.isUp(id)) return;
    this.#session += 1;
    if (this.#controlIds.includes(id)) {
      this.#controls.set(id, new SimulatedControl(id, this.#session, this));
      return;
    }
    if (!keepsDisk) this.disks.delete(id);
    // What was not on disk yet is not fallen behind.
    this.#ran.set(id, this.disks.get(id)?.version ?? 0);
    this.#hosts.set(id, new SimulatedHost(id, this.#session, this));
  }

  #crash(id: string): void {
    this.#controls.get(id)?.end();
    this.#hosts.get(id)?.end();
    this.#controls.delete(id);
    this.#hosts.delete(id);
    this.world.crash(id);
  }

  /** Somebody applies another config at one of the controls. */
  #revise(): void {
    const { world } = this;
    if (this.isHealed) return;
    const number = (this.revision?.number ?? 0) + 1;
    const plan = world.random() < 0.5 ? canary : null;
    this.revision = { number, id: revisionId(number), text: `${number}`, plan, author: 'ada', reason: '' };
    const controls = [...this.#controls.values()];
    if (controls.length > 0 && world.random() < 0.7) world.pick(controls).rollouts.own(revisionId(number));
    if (controls.length > 0 && world.random() < 0.2)
      void world.pick(controls).rollouts.command(world.pick(['promote', 'abort', 'pause'] as const), 'ada');
    world.at(world.nowMs + world.between(500, 5_000), () => this.#revise());
  }

  /** Whoever has paused the last one comes back to it: a pause waits for people, for ever. */
  #resume(): void {
    const { world } = this;
    const [control] = [...this.#controls.values()].filter(({ rollouts }) => rollouts.record()?.stage === 'paused');
    void control?.rollouts.command('resume', 'ada');
    world.at(world.nowMs + RESUME_EVERY_MS, () => this.#resume());
  }

  /** Somebody has kept an old announcement, and sends it again. */
  #replay(): void {
    const { world } = this;
    const old = this.announcementLog.records;
    const hosts = [...this.#hosts.values()];
    if (old.length > 0 && hosts.length > 0) {
      this.seen.replayed += 1;
      world.pick(hosts).hear(world.pick(old).bytes);
    }
    if (!this.isHealed) world.at(world.nowMs + world.between(200, 2_000), () => this.#replay());
  }

  #readRecords(): void {
    for (const { number, bytes } of this.rolloutLog.records.slice(this.seen.records)) {
      this.seen.records += 1;
      const opened = openFrame(bytes, { cluster: CLUSTER, purpose: 'rollout', place: number }, keys);
      const decoded = opened.ok ? decodeMessage(opened.body) : null;
      const message = decoded?.ok === true && decoded.message.kind === 'rollout' ? decoded.message : null;
      // Without compare and set records stand at places that they were not made for: nobody can read them.
      claim(message !== null, () => `what stands at ${number} of the log is not read`);
      const before = this.#records.at(-1);
      const { target, stage } = message;
      claim(target.version >= (before?.target.version ?? 0), () => `a rollout of ${target.version} behind a later one`);
      const known = this.#records.find((one) => one.target.version === target.version)?.target;
      claim(known === undefined || known.hash === target.hash, () => `version ${target.version} is rolled out twice`);
      claim(known === undefined || known.revision === target.revision, () => `${target.version} is of two revisions`);
      if (stage === 'rolledBack') this.seen.rolledBack += 1;
      this.#records.push(message);
    }
  }

  #checkHost({ id, sync }: SimulatedHost): void {
    const { inForce } = sync;
    if (inForce === null || this.#checked.get(id) === inForce) return;
    this.#checked.set(id, inForce);
    const { version, hash } = inForce.announced;
    const known = this.#hashes.get(version) ?? hash;
    claim(known === hash, () => `${id} runs other bytes as version ${version}`);
    this.#hashes.set(version, hash);
    const isRolledOut = this.#records.some(({ target }) => target.version === version && target.hash === hash);
    claim(isRolledOut, () => `${id} runs version ${version}, which nobody has rolled out`);
    const ran = this.#ran.get(id) ?? 0;
    // A canary that a newer revision has overtaken was never meant for all.
    const last = this.#records.findLast(({ target }) => target.version === ran);
    const isMeantForAll = last?.stage === 'everywhere' || last?.stage === 'done';
    claim(version >= ran || !isMeantForAll, () => `${id} goes back from ${ran} to ${version}`);
    this.#ran.set(id, version);
  }

  /** Null: all know one record that is over, and run what it says. */
  #whatIsApart(): string | null {
    const record = this.#records.at(-1);
    if (record === undefined) return 'nothing was rolled out';
    if (!isOver(record)) return `the last rollout is ${record.stage}: ${record.why}`;
    if (record.target.revision !== this.revision?.number) return 'the last revision was not rolled out';
    for (const { id, rollouts } of this.#controls.values())
      if (rollouts.record()?.target.hash !== record.target.hash) return `${id} knows another record`;
    const { version } = forAll(record);
    for (const { id, sync, workers } of this.#hosts.values()) {
      if (sync.report?.state === 'refused') continue;
      const running = sync.inForce?.announced.version;
      if (running !== version) return `${id} runs ${running}, not ${version}`;
      if (workers !== version) return `the workers of ${id} run ${workers}, not ${version}`;
    }
    return null;
  }
}
