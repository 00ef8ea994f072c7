/**
 * Which targets an attempt may go to, before any policy chooses among them. In this order:
 *
 * 1. **Priority groups.** A group can take all traffic as long as 1 of 1.4 of its targets is well (Envoy's
 *    overprovisioning factor of 140 %); below that, what it cannot take spills over to the next worse group, by draw.
 * 2. **Trial.** A target that may be tried once gets the next request that may be risked: a first attempt of a method
 *    that can be repeated, or one in sixteen of the others (or an upstream of POSTs would never get a target back). It
 *    must be given one: a policy that goes by cost would shun it for ever. Groups that are not needed are left alone.
 * 3. **Zone.** Of the group, the targets of this node's zone, by the same factor: while 1 of 1.4 of them is well all
 *    traffic stays in the zone, below that a proportionate part does. Nothing is known here of how nodes are spread over
 *    zones, so a zone that has nodes is taken to have the targets for them.
 * 4. **Panic.** When the groups together cannot take all traffic, nor the zone alone, and of the chosen group less than a
 *    share is well, the opinions are set aside and all of it is used: the few that are well would go down under the load.
 * 5. **Another target.** What this exchange has tried is left out as long as any other is well, in another zone or
 *    group if need be.
 *
 * When all of the best group is well and nothing was tried, which is nearly always, nothing is looked at: that they are
 * all well stays so until an opinion changes. Time alone makes nobody ill.
 */

import { isIdempotent } from '@weir/proto/http/methods.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import type { Attempt } from '../../pipeline/exchange.js';
import type { Health } from '../health/standing.js';
import type { Candidates, Draws } from './policy.js';

/** What is looked at of a target. */
export interface TargetView {
  readonly spec: { readonly id: string; readonly priority: number; readonly zone: string | null };
  readonly health: Pick<Health, 'standing'>;
}

export interface EligibilityRules {
  /** 0: never. */
  readonly panicShare: number;
  /** Null: all zones alike. */
  readonly zone: string | null;
}

export const OVERPROVISIONING = 1.4;

/** Share of the requests that can't be repeated which may be the one attempt at a target on trial. */
export const TRIAL_RISK = 1 / 16;

const GROUP_DRAW = 1;
const ZONE_DRAW = 2;
const TRIAL_DRAW = 3;

const OUT = 0;
const TRIAL = 1;
const WELL = 2;

const NOTHING_TRIED: readonly Attempt[] = [];

interface Group {
  readonly all: readonly number[];
  /** Those of this node's zone; empty without a zone. */
  readonly zone: readonly number[];
}

/** The tried ones are left out, or not: a name for the flag at its call. */
type Which = 'untried' | 'any';

export class Eligibility implements Candidates {
  count = 0;
  readonly positions: Int32Array;
  /** How the last selection came about. */
  spilledOver = false;
  panicked = false;
  readonly #targets: readonly TargetView[];
  readonly #panicShare: number;
  readonly #groups: readonly Group[];
  /** The candidates of nearly every pick: the best group, or what of it is in this zone. */
  readonly #usual: readonly number[];
  readonly #standings: Uint8Array;
  readonly #member: Uint8Array;
  /** How many groups, from the best on, it takes to carry all traffic. */
  #groupsNeeded = 0;
  readonly #changes: () => number;
  /** As of this change all of the best group was well. */
  #wellAtChange = Number.NaN;
  /** What was selected last is `#usual`, so it need not be written again. */
  #isUsual = false;

  /** `changes`: how often an opinion about any of them has changed; NaN where nobody knows. */
  constructor(targets: readonly TargetView[], rules: EligibilityRules, changes: () => number = () => Number.NaN) {
    this.#changes = changes;
    this.#targets = targets;
    this.#panicShare = rules.panicShare;
    this.#groups = groupsOf(targets, rules.zone);
    const best = this.#groups[0];
    this.#usual = best === undefined ? [] : best.zone.length > 0 ? best.zone : best.all;
    this.positions = new Int32Array(targets.length);
    this.#standings = new Uint8Array(targets.length);
    this.#member = new Uint8Array(targets.length);
  }

  has(position: number): boolean {
    return this.#member[position] === 1;
  }

  /** Sets the candidates for one attempt; `count` is 0 when there are none. */
  select(request: GatewayRequest, nowMs: number, draws: Draws): void {
    this.spilledOver = false;
    this.panicked = false;
    const tried = request.exchange.attempts;
    if (tried.length === 0 && this.#isBestGroupWell(nowMs)) this.#takeUsual();
    else this.#selectSlowly(request, tried, nowMs, draws);
  }

  #isBestGroupWell(nowMs: number): boolean {
    const changes = this.#changes();
    if (changes === this.#wellAtChange) return true;
    const best = this.#groups[0]?.all ?? [];
    for (let i = 0; i < best.length; i += 1) {
      if (this.#targets[best[i] ?? 0]?.health.standing(nowMs) !== 'well') return false;
    }
    this.#wellAtChange = changes;
    return true;
  }

  #takeUsual(): void {
    if (this.#isUsual) return;
    this.#clear();
    for (const position of this.#usual) this.#add(position);
    this.#isUsual = true;
  }

  #selectSlowly(request: GatewayRequest, tried: readonly Attempt[], nowMs: number, draws: Draws): void {
    this.#clear();
    this.#readStandings(nowMs);
    const chosen = this.#chooseGroup(request, draws);
    const group = this.#groups[chosen];
    if (group === undefined) return;
    if (tried.length === 0 && this.#takeTrials(request, draws)) return;
    if (this.#staysInZone(group, request, draws)) this.#take(group.zone, tried, 'untried');
    if (this.count === 0) this.#take(group.all, tried, 'untried');
    this.spilledOver = chosen > 0;
    if (this.count > 0) return;
    // Nothing else is left in this group: anything that is well, then what is on trial, then the same again.
    this.#takeAnywhere(tried, 'untried');
    if (this.count === 0) this.#addTrials(this.#groups.length, tried);
    if (this.count === 0) this.#takeAnywhere(tried, 'any');
  }

  #readStandings(nowMs: number): void {
    for (let i = 0; i < this.#targets.length; i += 1) {
      const standing = this.#targets[i]?.health.standing(nowMs);
      this.#standings[i] = standing === 'well' ? WELL : standing === 'trial' ? TRIAL : OUT;
    }
  }

  /** Draws the group by what each can take, and finds out whether there is panic in it. */
  #chooseGroup(request: GatewayRequest, draws: Draws): number {
    let takesAll = 0;
    for (const group of this.#groups) takesAll += this.#capacityOf(group.all);
    const draw = this.#groups.length === 1 ? 0 : draws.draw(request, GROUP_DRAW) * Math.min(1, takesAll);
    let chosen = -1;
    let upTo = 0;
    this.#groupsNeeded = 0;
    for (const group of this.#groups) {
      if (upTo < 1) this.#groupsNeeded += 1;
      upTo += this.#capacityOf(group.all);
      if (chosen === -1 && draw < upTo) chosen = this.#groupsNeeded - 1;
    }
    chosen = Math.max(0, chosen);
    const all = this.#groups[chosen]?.all ?? [];
    const isShort = this.#groups.length === 1 || takesAll < 1;
    this.panicked = isShort && this.#wellOf(all) < this.#panicShare * all.length;
    return chosen;
  }

  /** The share of all traffic that these targets can take. */
  #capacityOf(positions: readonly number[]): number {
    return Math.min(1, (OVERPROVISIONING * this.#wellOf(positions)) / Math.max(1, positions.length));
  }

  #wellOf(positions: readonly number[]): number {
    let well = 0;
    for (const position of positions) if (this.#standings[position] === WELL) well += 1;
    return well;
  }

  #staysInZone(group: Group, request: GatewayRequest, draws: Draws): boolean {
    if (group.zone.length === 0) return false;
    const capacity = this.#capacityOf(group.zone);
    // A zone that can take all traffic by itself has no part in the panic of the others.
    if (capacity >= 1) this.panicked = false;
    return capacity >= 1 || (!this.panicked && draws.draw(request, ZONE_DRAW) < capacity);
  }

  /** Makes those on trial the only candidates, if there are some and this request may be risked on them. */
  #takeTrials(request: GatewayRequest, draws: Draws): boolean {
    this.#addTrials(this.#groupsNeeded, NOTHING_TRIED);
    if (this.count === 0) return false;
    if (isIdempotent(request.method) || draws.draw(request, TRIAL_DRAW) < TRIAL_RISK) {
      this.panicked = false;
      return true;
    }
    this.#clear();
    return false;
  }

  #addTrials(groups: number, tried: readonly Attempt[]): void {
    for (let i = 0; i < groups; i += 1) {
      for (const position of this.#groups[i]?.all ?? []) {
        if (this.#standings[position] === TRIAL && !this.#wasTried(position, tried)) this.#add(position);
      }
    }
  }

  /** From the best group that has any. */
  #takeAnywhere(tried: readonly Attempt[], which: Which): void {
    for (let i = 0; i < this.#groups.length && this.count === 0; i += 1) {
      this.#take(this.#groups[i]?.all ?? [], tried, which);
      if (this.count > 0) this.spilledOver = i > 0;
    }
  }

  /** Adds those that are well, or in panic any. */
  #take(positions: readonly number[], tried: readonly Attempt[], which: Which): void {
    for (const position of positions) {
      if (!this.panicked && this.#standings[position] !== WELL) continue;
      if (which === 'untried' && this.#wasTried(position, tried)) continue;
      this.#add(position);
    }
  }

  #wasTried(position: number, tried: readonly Attempt[]): boolean {
    const id = this.#targets[position]?.spec.id;
    for (let i = 0; i < tried.length; i += 1) if (tried[i]?.targetId === id) return true;
    return false;
  }

  #add(position: number): void {
    this.#member[position] = 1;
    this.positions[this.count] = position;
    this.count += 1;
  }

  #clear(): void {
    this.count = 0;
    this.#isUsual = false;
    this.#member.fill(0);
  }
}

function groupsOf(targets: readonly TargetView[], zone: string | null): Group[] {
  const priorities = [...new Set(targets.map(({ spec }) => spec.priority))].sort((a, b) => a - b);
  return priorities.map((priority) => {
    const all = targets.flatMap(({ spec }, position) => (spec.priority === priority ? [position] : []));
    return { all, zone: zone === null ? [] : all.filter((position) => targets[position]?.spec.zone === zone) };
  });
}
