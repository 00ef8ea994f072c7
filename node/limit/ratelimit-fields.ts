/**
 * The RateLimit-Policy and RateLimit fields (draft-ietf-httpapi-ratelimit-headers-10): structured lists (RFC 9651) of
 * policy names, with the quota `q` and its window `w` on the one, what remains `r` and the time to the full quota `t`
 * on the other. Times are whole seconds, rounded up, so that a client which waits them out is not early.
 *
 *   RateLimit-Policy: "consumer";q=100;w=60, "address";q=10;w=1, "consumer-2";q=20;qu="concurrent-requests"
 *   RateLimit: "consumer";r=42;t=35, "address";r=9;t=1, "consumer-2";r=19
 *
 * What is in flight has no window. A limit that could not be asked has no item in RateLimit.
 */
import type { LimitSpec } from '@weir/proto/snapshot/snapshot.js';
import type { LimitVerdict } from './limiter.js';

/** Names by what a limit counts; a second limit by the same gets a number. They are quoted strings without escapes. */
export function policyNames(specs: readonly Pick<LimitSpec, 'by'>[]): string[] {
  const seen = new Map<string, number>();
  return specs.map(({ by }) => {
    const name = typeof by === 'string' ? by : 'header';
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}-${count}`;
  });
}

export function policyField(names: readonly string[], specs: readonly LimitSpec[]): string {
  return specs
    .map((spec, i) => {
      const quota = `"${names[i]}";q=${Math.floor(spec.requests)}`;
      if (spec.kind === 'concurrent') return `${quota};qu="concurrent-requests"`;
      return `${quota};w=${Math.max(1, wholeSeconds(spec.periodMs))}`;
    })
    .join(', ');
}

/**
 * Writes RateLimit for the limits of these names, with the verdicts in the same order. The last text of each limit is
 * kept: where there is much left of a quota, one answer says of it what the one before has said.
 */
export function compileRateLimit(
  names: readonly string[],
  specs: readonly Pick<LimitSpec, 'kind'>[],
): (verdicts: readonly (LimitVerdict | null)[]) => string {
  const items = names.map((name, i): Item => {
    const hasWindow = specs[i]?.kind !== 'concurrent';
    return { start: `"${name}";r=`, hasWindow, remaining: Number.NaN, seconds: 0, text: '' };
  });
  return (verdicts) => {
    let field = '';
    for (let i = 0; i < items.length; i += 1) {
      const item = items[i];
      const verdict = verdicts[i];
      if (item === undefined || verdict === undefined || verdict === null) continue;
      const text = textOf(item, verdict.remaining, item.hasWindow ? wholeSeconds(verdict.resetMs) : 0);
      field = field === '' ? text : `${field}, ${text}`;
    }
    return field;
  };
}

interface Item {
  readonly start: string;
  readonly hasWindow: boolean;
  remaining: number;
  seconds: number;
  text: string;
}

function textOf(item: Item, remaining: number, seconds: number): string {
  if (remaining !== item.remaining || seconds !== item.seconds) {
    item.remaining = remaining;
    item.seconds = seconds;
    item.text = item.hasWindow ? `${item.start}${remaining};t=${seconds}` : `${item.start}${remaining}`;
  }
  return item.text;
}

/** Milliseconds as whole seconds, rounded up. */
export function wholeSeconds(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000));
}
