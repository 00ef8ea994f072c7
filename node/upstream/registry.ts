/**
 * The upstreams of a node across snapshots. Owns which of them are in use: an upstream that a new snapshot describes
 * unchanged stays the same object with the same pools, so a reload closes no connection that it need not close. One that
 * changed goes on with the opinions about the targets that it still has.
 *
 *   build ──▶ set (unchanged ones shared, new ones made) ──▶ warm ──▶ use ──▶ retireFormer: the former set's others retire
 *                                                              └──▶ discard: the new ones retire, nothing else happened
 */
import type { HealthChange, Standing } from '@weir/proto/events/health.js';
import type { TargetCounts } from '@weir/proto/events/node-status.js';
import { isSameValue } from '@weir/proto/snapshot/same-value.js';
import type { Snapshot, UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Clock, Random, Timers } from '../time/clock.js';
import { giveWay } from '../time/give-way.js';
import { atOnce, type Work } from '../time/slices.js';
import type { NameQuery } from './dns/queries.js';
import { formerTargets } from './former-targets.js';
import { HealthLog } from './health/health-log.js';
import { Lifetimes, NEVER_USED } from './lifetimes.js';
import { createLiveUpstream, identityOf, type LiveTarget, type LiveUpstream } from './live-upstream.js';
import type { HeldBytes } from './retry/held-bytes.js';
import { namesFiles } from './transport/tls-material.js';
import type { Upstreams } from './upstreams.js';

/** Targets that are connected to ahead of traffic, at most, and how long a reload waits for them. */
const WARM_TARGETS_MAX = 256;
const WARM_MS = 1000;
/** Dialled before others get their turn: all of them at once are 9 ms. */
const WARM_AT_ONCE = 32;

export interface RegistryDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly query: NameQuery;
  readonly bodies: HeldBytes;
  /** When the exchange was received that has been open for longest; Infinity when none is. */
  readonly oldestExchangeAtMs: () => number;
  /** In a cluster: hears of each change of opinion, to tell it to others. Left out or null: a node by itself. */
  readonly tellOthers?: ((change: HealthChange) => void) | null;
}

export interface TargetStats {
  readonly upstreamId: string;
  readonly targetId: string;
  /** Connections that are open, and those of them that carry nothing. */
  readonly open: number;
  readonly idle: number;
  readonly connecting: number;
  /** Requests that wait for a connection, whether in the queue or for a socket of their own. */
  readonly waiting: number;
  readonly inFlight: number;
  readonly standing: Standing;
  /** Why it is not well, empty when it is. */
  readonly reason: string;
}

export interface UpstreamStats {
  readonly upstreamId: string;
  readonly standing: Standing;
  readonly reason: string;
}

/** Upstreams of one snapshot; only the registry that made it may end what is in it. */
export interface UpstreamSet extends Upstreams {
  readonly all: readonly LiveUpstream[];
  readonly messageBytesMax: number;
  /** What they were built of, where no file stands behind it that would have to be read again. */
  readonly described: readonly UpstreamSpec[] | null;
}

export interface UpstreamRegistry {
  /** Builds the upstreams of a snapshot beside those in use. Throws, having changed nothing, when TLS files are unusable. */
  build(snapshot: Snapshot): UpstreamSet;
  /** The same, upstream by upstream; what was built ends with an error that is thrown into it. */
  building(snapshot: Snapshot): Work<UpstreamSet>;
  /**
   * Opens one connection per target that has none, of what is new in the set: what is in use already is as warm as its traffic keeps it.
   * Resolves when done or when it took too long; never rejects.
   */
  warm(set: UpstreamSet): Promise<void>;
  /** Hands on what those in use have learnt of their targets' costs. Just before `use`, as what they learn from then on is not handed on. */
  handingOn(set: UpstreamSet): Work<void>;
  /** Makes the set the one in use. What only former ones have is as it was until `retireFormer`, which may come some turns later. */
  use(set: UpstreamSet): void;
  /** Upstreams that are not in the set in use end once their work has. Before the next `building`, or that one's end with them. */
  retireFormer(): void;
  /** Ends what was built for a set that is not going to be used. */
  discard(set: UpstreamSet): void;
  /** In use. */
  live(): readonly LiveUpstream[];
  /** Of the set in use; where they are more than `max`, those that are not well, then those that have connections, then others. */
  stats(max?: number): TargetStats[];
  /** Of the upstreams as a whole, in use; where they are more than `max`, those that are not well first. */
  upstreamStats(max?: number): UpstreamStats[];
  /** How many targets are in use, and how many of them are not well. */
  counts(): TargetCounts;
  /** What changed in the opinions about all of them. */
  readonly health: HealthLog;
  /** Upstreams of former snapshots that an exchange may go to still; they are forgotten within a second of its end. */
  readonly lingering: number;
  /** Ends every connection now. */
  close(): void;
}

export function createUpstreamRegistry(deps: RegistryDeps): UpstreamRegistry {
  let current: UpstreamSet = setOf([], { described: null, messageBytesMax: 0 });
  const life = new Lifetimes(deps.timers, deps.oldestExchangeAtMs);
  const health = new HealthLog();
  const onHealthChange = (change: HealthChange): void => {
    health.tell(change);
    deps.tellOthers?.(change);
  };
  const messageBytesMax = (): number => current.messageBytesMax;
  const upstreamDeps = { ...deps, onHealthChange, messageBytesMax, warnOthers: deps.tellOthers ?? null };

  function* building(snapshot: Snapshot): Work<UpstreamSet> {
    const { messageBytes } = snapshot.gateway.limits;
    if (snapshot.upstreams === current.described) return { ...current, messageBytesMax: messageBytes };
    const all: LiveUpstream[] = [];
    try {
      for (const spec of snapshot.upstreams) {
        const known = current.get(spec.id);
        const same = known !== undefined && isLive(known) && isDescribedBy(known, spec);
        const upstream = same ? known : createLiveUpstream(spec, upstreamDeps);
        all.push(upstream);
        // It probes and resolves already, so whoever closes all of them before the last is built closes it too.
        life.begin([upstream]);
        yield;
      }
    } catch (error) {
      life.retireAllBut(current.all, all, NEVER_USED);
      throw error;
    }
    const described = snapshot.upstreams.some(({ tls }) => namesFiles(tls)) ? null : snapshot.upstreams;
    return setOf(all, { described, messageBytesMax: messageBytes }, current);
  }

  return {
    building,
    build: (snapshot) => atOnce(building(snapshot)),
    warm: (set) => warmTargets(newIn(set, current), deps.timers),
    handingOn: (set) => handingOn(set, current, deps.clock),
    use(set) {
      if (set.all !== current.all) takeOver(set, current);
      current = set;
    },
    retireFormer() {
      life.retireAllBut(current.all, life.alive(), deps.clock.nowMs());
      health.retain((upstreamId, targetId) => isTargetOf(current, upstreamId, targetId));
    },
    discard: (set) => life.retireAllBut(current.all, set.all, NEVER_USED),
    live: () => current.all,
    stats(max = Number.POSITIVE_INFINITY) {
      const nowMs = deps.clock.nowMs();
      const told = new Foremost<LiveTarget>(max);
      for (const { targets } of current.all)
        for (const target of targets) told.add(target, rankOfTarget(target, nowMs));
      return told.all().map((target) => statsOf(target, nowMs));
    },
    upstreamStats(max = Number.POSITIVE_INFINITY) {
      const nowMs = deps.clock.nowMs();
      const told = new Foremost<LiveUpstream>(max);
      for (const upstream of current.all) told.add(upstream, upstream.health.standing(nowMs) === 'well' ? 2 : 0);
      return told.all().map((upstream) => upstreamStatsOf(upstream, nowMs));
    },
    counts: () => countsOf(current.all, deps.clock.nowMs()),
    health,
    get lingering() {
      return life.lingering;
    },
    close: () => life.close(),
  };
}

/** `targetId` null: any of that upstream. */
function isTargetOf(set: UpstreamSet, upstreamId: string, targetId: string | null): boolean {
  const targets = set.get(upstreamId)?.targets;
  return targets?.some(({ spec }) => targetId === null || spec.id === targetId) ?? false;
}

/**
 * What was found out about a target does not become untrue because its upstream is described otherwise. What the former one finds out from now
 * on is not what is thought of its namesake.
 */
function takeOver(set: UpstreamSet, former: UpstreamSet): void {
  for (const upstream of former.all) if (set.get(upstream.spec.id) !== upstream) upstream.fallSilent();
  for (const upstream of set.all) {
    const known = formerOf(upstream, former);
    if (known !== null) upstream.opinions.adopt(known.opinions);
  }
}

function* handingOn(set: UpstreamSet, former: UpstreamSet, clock: Clock): Work<void> {
  if (set.all === former.all) return;
  for (const upstream of set.all) {
    const known = formerOf(upstream, former);
    if (known === null) continue;
    if (isReachedAlike(upstream.spec, known.spec)) adoptLoads(upstream, known, clock.nowMs());
    yield;
  }
}

/** Another one that has its name. */
function formerOf(upstream: LiveUpstream, former: UpstreamSet): LiveUpstream | null {
  const known = former.get(upstream.spec.id);
  return known !== undefined && known !== upstream && isLive(known) ? known : null;
}

/** What answers take, over another protocol, has to be learnt anew. */
function isReachedAlike(one: UpstreamSpec, other: UpstreamSpec): boolean {
  return one.protocol === other.protocol && isSameValue(one.tls, other.tls);
}

function adoptLoads({ targets }: LiveUpstream, former: LiveUpstream, nowMs: number): void {
  const known = formerTargets(former.targets);
  targets.forEach(({ spec, load }, at) => {
    const same = known(spec, at);
    if (same !== undefined) load.adopt(same.load, nowMs);
  });
}

type Rank = 0 | 1 | 2;

/** Of many those of rank 0, then 1, then 2, each in their order; all as they stand where there are no more than `max`. Makes no more than it gives. */
class Foremost<T> {
  readonly #max: number;
  readonly #first: T[] = [];
  readonly #ranks: Readonly<Record<Rank, T[]>> = { 0: [], 1: [], 2: [] };
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(one: T, rank: Rank): void {
    this.#count += 1;
    if (this.#first.length < this.#max) this.#first.push(one);
    const alike = this.#ranks[rank];
    if (alike.length < this.#max) alike.push(one);
  }

  all(): readonly T[] {
    const { 0: first, 1: then, 2: last } = this.#ranks;
    return this.#count <= this.#max ? this.#first : [...first, ...then, ...last].slice(0, this.#max);
  }
}

function rankOfTarget(target: LiveTarget, nowMs: number): Rank {
  if (target.health.standing(nowMs) !== 'well') return 0;
  return target.inFlight > 0 || target.isConnected() ? 1 : 2;
}

function countsOf(upstreams: readonly LiveUpstream[], nowMs: number): TargetCounts {
  let [all, trial, out] = [0, 0, 0];
  for (const { targets } of upstreams)
    for (const { health } of targets) {
      all += 1;
      const standing = health.standing(nowMs);
      if (standing === 'trial') trial += 1;
      else if (standing === 'out') out += 1;
    }
  return { all, trial, out };
}

function upstreamStatsOf({ spec, health }: LiveUpstream, nowMs: number): UpstreamStats {
  return { upstreamId: spec.id, standing: health.standing(nowMs), reason: health.reason };
}

/** Of the very list that is in use, where it has the same upstreams. */
function setOf(
  all: readonly LiveUpstream[],
  of: Pick<UpstreamSet, 'described' | 'messageBytesMax'>,
  current?: UpstreamSet,
): UpstreamSet {
  if (current !== undefined && isSameList(all, current.all)) return { ...current, ...of };
  const byId = new Map(all.map((upstream) => [upstream.spec.id, upstream]));
  return { all, ...of, get: findingIn(byId) };
}

const isSameList = (one: readonly LiveUpstream[], other: readonly LiveUpstream[]): boolean =>
  one.length === other.length && one.every((upstream, at) => upstream === other[at]);

/** A closure of its own: what else is known where a set is made, the set before it, would live for as long as this one. */
const findingIn = (byId: ReadonlyMap<string, LiveUpstream>): UpstreamSet['get'] => {
  return (id) => byId.get(id);
};

/** The very same description, where no file stands behind it, need not be read: most are from one snapshot to the next. */
function isDescribedBy(known: LiveUpstream, spec: UpstreamSpec): boolean {
  return (known.spec === spec && !namesFiles(spec.tls)) || known.identity === identityOf(spec);
}

const isLive = (upstream: object): upstream is LiveUpstream => 'identity' in upstream;

function statsOf(target: LiveTarget, nowMs: number): TargetStats {
  const { upstreamId, inFlight, spec, health } = target;
  const { open, idle, connecting, waiting } = target.stats();
  const [standing, reason] = [health.standing(nowMs), health.reason];
  return { upstreamId, targetId: spec.id, inFlight, standing, reason, open, idle, connecting, waiting };
}

function newIn(set: UpstreamSet, current: UpstreamSet): readonly LiveUpstream[] {
  if (set === current) return set.all; // Asked for once it is in use: none of it is known to be warm.
  if (set.all === current.all) return [];
  return set.all.filter((upstream) => current.get(upstream.spec.id) !== upstream);
}

async function warmTargets(upstreams: readonly LiveUpstream[], timers: Timers): Promise<void> {
  const targets = upstreams.flatMap((upstream) => upstream.targets).slice(0, WARM_TARGETS_MAX);
  if (targets.length === 0) return;
  let onOver = (): void => {};
  const over = new Promise<void>((resolve) => {
    onOver = resolve;
  });
  const timeout = timers.create(onOver);
  timeout.arm(WARM_MS);
  let left = targets.length;
  const onEnd = (): void => {
    left -= 1;
    if (left > 0) return;
    timeout.cancel();
    onOver();
  };
  for (const [at, target] of targets.entries()) {
    if (at > 0 && at % WARM_AT_ONCE === 0) await giveWay();
    target.warm(onEnd);
  }
  await over;
}
