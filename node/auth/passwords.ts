/**
 * Checks passwords, and bounds what that may cost. A check takes tens of milliseconds of CPU by design; a flood of wrong
 * passwords must not take the node with it. So few are checked at a time, few wait, and beyond that the answer is
 * `busy` (503). The same credential is checked once however often it comes at the same time.
 *
 * Good ones are remembered for a while under a keyed hash of name, password and stored hash: neither the memory of the
 * process nor a heap dump holds the password, and a changed password is forgotten by being another key. Wrong ones are
 * not remembered; there is no end to them.
 */
import { boundedKeys } from '../limit/local-limiter.js';

export type PasswordVerdict = 'right' | 'wrong' | 'busy';

export interface PasswordFunctions {
  /** Slow; resolves off the event loop's thread. */
  scryptVerify(password: string, hash: string): Promise<boolean>;
  /** A MAC with a key that only this process has. */
  keyedHash(text: string): string;
  nowMs(): number;
}

export interface PasswordBounds {
  /** Checks at the same time; each occupies a thread of the pool that DNS and files use as well. */
  readonly checking: number;
  readonly waiting: number;
  readonly remembered: number;
  readonly rememberMs: number;
}

export const passwordBounds: PasswordBounds = { checking: 2, waiting: 32, remembered: 10_000, rememberMs: 5 * 60_000 };

export type CheckPassword = (
  username: string,
  password: string,
  hash: string,
) => PasswordVerdict | Promise<PasswordVerdict>;

export function createPasswordCheck(
  functions: PasswordFunctions,
  bounds: PasswordBounds = passwordBounds,
): CheckPassword {
  /** Until when a credential is known to be good. Owned here, as are the two below. */
  const goodUntilMs = boundedKeys<number>(bounds.remembered);
  const underway = new Map<string, Promise<PasswordVerdict>>();
  const waiting: (() => void)[] = [];
  let checking = 0;

  const place = (): Promise<void> | null => {
    if (checking < bounds.checking) {
      checking += 1;
      return Promise.resolve();
    }
    return waiting.length < bounds.waiting ? new Promise((resolve) => waiting.push(resolve)) : null;
  };
  const release = (): void => {
    // The place is handed on, so `checking` stays as it is where someone waits.
    const next = waiting.shift();
    if (next === undefined) checking -= 1;
    else next();
  };
  const check = async (id: string, password: string, hash: string, placed: Promise<void>): Promise<PasswordVerdict> => {
    await placed;
    try {
      const isRight = await functions.scryptVerify(password, hash);
      if (isRight) goodUntilMs.set(id, functions.nowMs() + bounds.rememberMs);
      return isRight ? 'right' : 'wrong';
    } finally {
      underway.delete(id);
      release();
    }
  };

  return (username, password, hash) => {
    // Lengths first: no two triples read the same.
    const id = functions.keyedHash(`${username.length}:${password.length}:${username}${password}${hash}`);
    const untilMs = goodUntilMs.get(id);
    if (untilMs !== undefined && functions.nowMs() < untilMs) return 'right';
    const same = underway.get(id);
    if (same !== undefined) return same;
    const placed = place();
    if (placed === null) return 'busy';
    const checked = check(id, password, hash, placed);
    underway.set(id, checked);
    return checked;
  };
}
