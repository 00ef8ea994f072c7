/** Shares of live releases: those of one version name add up to 100. Pure. */
import type { LiveRelease } from '../../../../model/entities.js';

/** The two releases of one name that are served side by side; null: there are none. */
export function youngestPair(
  live: readonly LiveRelease[],
): { readonly younger: LiveRelease; readonly older: LiveRelease } | null {
  for (const one of live) {
    const pair = live.filter(({ name }) => name === one.name).sort((a, b) => b.release - a.release);
    const [younger, older] = pair;
    if (younger !== undefined && older !== undefined) return { younger, older };
  }
  return null;
}

/** The older one has what is left of both. */
export function withShare(
  live: readonly LiveRelease[],
  younger: LiveRelease,
  older: LiveRelease,
  share: number,
): readonly LiveRelease[] {
  const both = younger.share + older.share;
  const bounded = Math.min(Math.max(1, Math.round(share)), both - 1);
  return live.map((one) =>
    one === younger ? { ...one, share: bounded } : one === older ? { ...one, share: both - bounded } : one,
  );
}

/** One has what both had, and the other goes. */
export function alone(live: readonly LiveRelease[], stays: LiveRelease, goes: LiveRelease): readonly LiveRelease[] {
  return live
    .filter((one) => one !== goes)
    .map((one) => (one === stays ? { ...one, share: stays.share + goes.share } : one));
}
