/**
 * How much of the log of the registry somebody may take, by GCRA: it is the audit as well, and gives up its oldest entries when it is full. A program of
 * a developer that has gone wild is told to wait long before it has pushed out what others have done. Pure: time is passed in.
 *
 *   user   1,000 at once, then one each 30 s     2,880 a day: of 200,000 entries, 69 days
 *   team   2,000 at once, then one each 15 s     all its members together, whoever they are
 *
 * An entry counts for one, and for one more for each 8 KiB of it. Operators are not counted: they move whole registries.
 */

export interface Asker {
  /** Empty: nobody that is known; those are bounded where they sign in. */
  readonly userId: string;
  readonly teamIds: Iterable<string>;
}

export interface Rule {
  readonly burst: number;
  readonly everyMs: number;
}

const ofUser: Rule = { burst: 1_000, everyMs: 30_000 };
const ofTeam: Rule = { burst: 2_000, everyMs: 15_000 };
const BYTES_OF_ONE = 8 * 1024;
/** Users and teams that are remembered; beyond it the one that was silent for longest is forgotten. */
const KEYS_MAX = 20_000;

export function unitsOf(bytes: number): number {
  return 1 + Math.floor(bytes / BYTES_OF_ONE);
}

export interface Rules {
  readonly user: Rule;
  readonly team: Rule;
}

export class WriteRates {
  /** How often one of them, or their team, had taken all that there was for it. */
  readonly refused = { user: 0, team: 0 };
  readonly #rules: Rules;
  /** When all that was taken is paid for; in the order of the last takings. */
  readonly #paidAtMs = new Map<string, number>();

  constructor(rules: Rules = { user: ofUser, team: ofTeam }) {
    this.#rules = rules;
  }

  /** Zero: it may, and has taken its part. Else how long to wait, and nothing is taken. */
  take({ userId, teamIds }: Asker, units: number, nowMs: number): number {
    const { user, team } = this.#rules;
    const asked: (readonly [string, Rule])[] = [...teamIds].map((id) => [`team ${id}`, team]);
    if (userId !== '') asked.push([`user ${userId}`, user]);
    const waitsMs = asked.map(([key, rule]) => this.#waitMs(key, rule, units, nowMs));
    const waitMs = Math.max(0, ...waitsMs);
    if (waitMs > 0) this.refused[asked[waitsMs.indexOf(waitMs)]?.[1] === user ? 'user' : 'team'] += 1;
    else for (const [key, { everyMs }] of asked) this.#take(key, units * everyMs, nowMs);
    return waitMs;
  }

  #waitMs(key: string, { burst, everyMs }: Rule, units: number, nowMs: number): number {
    const debtMs = Math.max(0, (this.#paidAtMs.get(key) ?? 0) - nowMs);
    // What is larger than all that may be taken at once would wait for ever.
    const taken = Math.min(units, burst);
    return Math.max(0, debtMs - (burst - taken) * everyMs);
  }

  #take(key: string, costMs: number, nowMs: number): void {
    const paidAtMs = Math.max(nowMs, this.#paidAtMs.get(key) ?? 0) + costMs;
    this.#paidAtMs.delete(key);
    for (const [oldest, untilMs] of this.#paidAtMs) {
      if (untilMs > nowMs && this.#paidAtMs.size < KEYS_MAX) break;
      this.#paidAtMs.delete(oldest);
    }
    this.#paidAtMs.set(key, paidAtMs);
  }
}
