/**
 * Drives the budgets that nodes of a cluster keep together, in a worker: tells what this node has reserved and spent, hears the others,
 * and tells on what it knows to a node that has just come. The machine is proto/cluster/shared-spends.ts. Made when the first budget is.
 *
 * A node by itself has no presence: it counts alone, and tells nobody. Where the bus is away nothing is told, so nothing is taken for
 * heard, and each node goes on with its part of what was left.
 */
import type { MemberView } from '@weir/proto/cluster/member.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import { lifeOf, tellAgainInMs } from '@weir/proto/cluster/shared-rates.js';
import { SharedSpends, SPEND_TELL_MS, type SpendLimit } from '@weir/proto/cluster/shared-spends.js';
import { type SpendCount, type SpendCounts, spendCountsMax } from '@weir/proto/events/spend-counts.js';
import { boundedKeys } from '../limit/local-limiter.js';
import { LIMIT_ID_LENGTH } from '../limit/shared-limiter.js';
import type { Clock, Timer, Timers } from '../time/clock.js';

export interface ClusterSpendsParts {
  readonly presence: Pick<Presence, 'bus' | 'hear' | 'life' | 'members' | 'nodes' | 'onChange' | 'tell'> | null;
  readonly clock: Clock;
  readonly timers: Timers;
}

export interface ClusterSpendsCounts {
  readonly members: number;
  readonly keys: number;
  readonly told: number;
  readonly heard: number;
  readonly unsent: number;
  readonly forgotten: number;
}

/** Budgets of all snapshots since the node began. */
const BUDGETS_MAX = 10_000;

export class ClusterSpends {
  members = 1;
  readonly #parts: ClusterSpendsParts;
  readonly #budgets = boundedKeys<SharedSpends>(BUDGETS_MAX);
  readonly #timer: Timer;
  readonly #ends: (() => void)[] = [];
  readonly #counted = { told: 0, heard: 0, unsent: 0 };
  /** What is told on, message by message, one with each tick. */
  #relayed: SpendCounts[] = [];
  #isOver = false;

  constructor(parts: ClusterSpendsParts) {
    this.#parts = parts;
    const { presence, timers } = parts;
    this.#timer = timers.create(() => this.#tick());
    if (presence === null) return;
    this.#ends.push(
      presence.hear('spend', (message) => this.#hear(message)),
      presence.onChange((member, from) => this.#changed(member, from !== null)),
    );
    this.members = presence.nodes();
    this.#timer.arm(SPEND_TELL_MS);
  }

  wallMs(): number {
    return this.#parts.clock.wallMs();
  }

  /** The same each time, while a snapshot has it. */
  budget(id: string, limit: SpendLimit, keys: number): SharedSpends {
    const known = this.#budgets.get(id);
    known?.use(limit);
    if (known !== undefined) return known;
    const made = new SharedSpends(limit, keys);
    this.#budgets.set(id, made);
    return made;
  }

  counts(): ClusterSpendsCounts {
    let [keys, forgotten] = [0, 0];
    for (const budget of this.#budgets.values()) {
      keys += budget.size;
      forgotten += budget.forgotten;
    }
    return { ...this.#counted, members: this.members, keys, forgotten };
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.cancel();
    for (const end of this.#ends) end();
  }

  #tick(): void {
    const { presence, clock } = this.#parts;
    if (presence === null) return;
    this.members = presence.nodes();
    let told = 0;
    if (this.members > 1 && presence.bus.state().isConnected) {
      told = this.#tell(presence, clock.nowMs());
      this.#relay(presence);
    }
    const pauseMs = tellAgainInMs(this.members, told);
    for (const budget of this.#budgets.values()) budget.pauseMs = pauseMs;
    this.#timer.arm(pauseMs);
  }

  /** Of all budgets, as much as fits into a message; the rest the next time. */
  #tell({ life: { id, incarnation }, tell }: Pick<Presence, 'life' | 'tell'>, nowMs: number): number {
    const wallMs = this.wallMs();
    const said: { readonly of: SharedSpends; readonly counts: readonly SpendCount[] }[] = [];
    let room = spendCountsMax;
    for (const budget of this.#budgets.values()) {
      const counts = budget.tell(wallMs, nowMs, room);
      room -= counts.length;
      if (counts.length > 0) said.push({ of: budget, counts });
    }
    if (said.length === 0) return 0;
    const counts = said.flatMap((one) => one.counts);
    const own = { id, incarnation, of: id, ofIncarnation: incarnation };
    if (!this.#sent({ kind: 'spend', ...own, counts }, tell)) for (const { of, counts: its } of said) of.untell(its);
    return counts.length;
  }

  #sent(message: SpendCounts, tell: Presence['tell']): boolean {
    const { presence } = this.#parts;
    const isSent = tell.call(presence, message) === 'sent';
    this.#counted[isSent ? 'told' : 'unsent'] += 1;
    return isSent;
  }

  #relay({ tell }: Pick<Presence, 'tell'>): void {
    const [next] = this.#relayed;
    if (next !== undefined && this.#sent(next, tell)) this.#relayed.shift();
  }

  #hear(message: SpendCounts): void {
    this.#counted.heard += 1;
    const { presence, clock } = this.#parts;
    const life = lifeOf({ id: message.of, incarnation: message.ofIncarnation });
    if (presence === null || life === lifeOf(presence.life)) return;
    const [wallMs, nowMs] = [clock.wallMs(), clock.nowMs()];
    for (const count of message.counts) this.#budgets.get(budgetIdOf(count[0]))?.hearOne(life, count, wallMs, nowMs);
  }

  #changed({ life, standing, heartbeat }: MemberView, isKnown: boolean): void {
    if (heartbeat.role !== 'node') return;
    this.members = this.#parts.presence?.nodes() ?? 1;
    if (standing === 'dead' || standing === 'left')
      for (const budget of this.#budgets.values()) budget.forgetHeld(lifeOf(life));
    else if (standing === 'alive') this.#greet(isKnown);
  }

  /**
   * Somebody has come, or come back. Each tells its own; what is known of others, its own earlier lives among them, is told by the two
   * whose names come first: one of them is there nearly always, and hearing it twice changes nothing.
   */
  #greet(isKnown: boolean): void {
    const { presence } = this.#parts;
    if (presence === null) return;
    for (const budget of this.#budgets.values()) budget.tellAgain();
    const others = presence
      .members()
      .filter(({ standing, heartbeat }) => standing === 'alive' && heartbeat.role === 'node');
    const before = others.filter(({ life }) => life.id < presence.life.id).length;
    if (before >= RELAYERS || (isKnown && this.#relayed.length > 0)) return;
    this.#relayed = this.#known(presence.life);
  }

  #known({ id, incarnation }: Presence['life']): SpendCounts[] {
    const byLife = new Map<string, SpendCount[]>();
    for (const budget of this.#budgets.values()) {
      for (const [life, count] of budget.known(this.wallMs())) {
        const counts = byLife.get(life) ?? [];
        byLife.set(life, counts);
        counts.push(count);
      }
    }
    return [...byLife].flatMap(([life, counts]) => {
      const [of = '', ofIncarnation = ''] = life.split(' ');
      const head = { kind: 'spend', id, incarnation, of, ofIncarnation: Number(ofIncarnation) } as const;
      const pieces = Array.from({ length: Math.ceil(counts.length / spendCountsMax) }, (_, i) => i * spendCountsMax);
      return pieces.map((from) => ({ ...head, counts: counts.slice(from, from + spendCountsMax) }));
    });
  }
}

const RELAYERS = 2;

const budgetIdOf = (key: string): string => key.slice(0, LIMIT_ID_LENGTH);
