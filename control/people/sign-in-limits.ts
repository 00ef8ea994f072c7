/**
 * How often somebody may try to sign in, by GCRA (as limits of routes are): each try takes its place before the password is looked at, so that
 * a thousand at once are no way around it, and one that was right gives it back. Pure: time is passed in.
 *
 *   address and login   5 at once, then one a minute          one who guesses at one account
 *   address             30 at once, then one each 10 s        one who tries many accounts
 *   login               20 at once, then one each 30 s        many addresses that guess at one account
 *
 * The last is not asked of an address from which this login has signed in before: a stranger can keep newcomers of an account waiting, and
 * never its user at the usual desk. Nobody is locked out: what is refused says when to come again, and nothing has to be unlocked.
 *
 * Of IPv6, a /64 is one address, for it is what one customer has.
 */

export interface Attempt {
  readonly from: string;
  readonly login: string;
  /** It has signed in from there before. */
  readonly isKnown: boolean;
}

interface Rule {
  readonly burst: number;
  readonly everyMs: number;
}

const ofPair: Rule = { burst: 5, everyMs: 60_000 };
const ofAddress: Rule = { burst: 30, everyMs: 10_000 };
const ofLogin: Rule = { burst: 20, everyMs: 30_000 };

/** In each of the three. Beyond it the oldest is forgotten, and may try as one who comes for the first time. */
const KEYS_MAX = 10_000;

export class SignInLimits {
  readonly #pairs = new Counted(ofPair);
  readonly #addresses = new Counted(ofAddress);
  readonly #logins = new Counted(ofLogin);

  /** Zero: it may be tried, and has taken its place. Else how long to wait, and nothing is taken. */
  take(attempt: Attempt, nowMs: number): number {
    const asked = this.#asked(attempt);
    const waitMs = Math.max(...asked.map(([counted, key]) => counted.waitMs(key, nowMs)));
    if (waitMs === 0) for (const [counted, key] of asked) counted.take(key, nowMs);
    return waitMs;
  }

  /** It was right. */
  giveBack(attempt: Attempt, nowMs: number): void {
    for (const [counted, key] of this.#asked(attempt)) counted.giveBack(key, nowMs);
  }

  #asked({ from, login, isKnown }: Attempt): readonly (readonly [Counted, string])[] {
    const address = networkOf(from);
    return [
      [this.#pairs, `${address} ${login}`],
      [this.#addresses, address],
      ...(isKnown ? [] : [[this.#logins, login] as const]),
    ];
  }
}

class Counted {
  /** When all that was taken is paid for. */
  readonly #paidAtMs = new Map<string, number>();
  readonly #rule: Rule;

  constructor(rule: Rule) {
    this.#rule = rule;
  }

  waitMs(key: string, nowMs: number): number {
    const { burst, everyMs } = this.#rule;
    const debtMs = (this.#paidAtMs.get(key) ?? 0) - nowMs;
    return Math.max(0, debtMs - (burst - 1) * everyMs);
  }

  take(key: string, nowMs: number): void {
    const paidAtMs = Math.max(nowMs, this.#paidAtMs.get(key) ?? 0) + this.#rule.everyMs;
    // Set anew, so that the order of the map is that of the last try.
    this.#paidAtMs.delete(key);
    this.#forget(nowMs);
    this.#paidAtMs.set(key, paidAtMs);
  }

  giveBack(key: string, nowMs: number): void {
    const paidAtMs = this.#paidAtMs.get(key);
    if (paidAtMs === undefined) return;
    const before = paidAtMs - this.#rule.everyMs;
    if (before <= nowMs) this.#paidAtMs.delete(key);
    else this.#paidAtMs.set(key, before);
  }

  #forget(nowMs: number): void {
    for (const [key, paidAtMs] of this.#paidAtMs) {
      if (paidAtMs > nowMs && this.#paidAtMs.size < KEYS_MAX) return;
      this.#paidAtMs.delete(key);
    }
  }
}

/** `2001:db8:0:1::/64` of `2001:db8::1:0:0:0:7`; an IPv4 address is itself. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.toLowerCase().split('%', 1)[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const all = [...left, ...Array.from({ length: gap }, () => '0'), ...right];
  return `${all
    .slice(0, 4)
    .map((part) => Number.parseInt(part, 16).toString(16))
    .join(':')}::/64`;
}
