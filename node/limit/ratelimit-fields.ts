/**
 * The RateLimit-Policy and RateLimit fields (draft-ietf-httpapi-ratelimit-headers-10): structured lists (RFC 9651) of
 * policy names, with the quota `q` and its window `w` on the one, what remains `r` and the time to the full quota `t`
 * on the other. Times are whole seconds, rounded up, so that a client which waits them out is not early.
 *
 *   RateLimit-Policy: "consumer";q=100;w=60, "address";q=10;w=1
 *   RateLimit: "consumer";r=42;t=35, "address";r=9;t=1
 */
import type { LimitSpec } from '@weir/proto/snapshot/snapshot.js';
import type { LimitVerdict } from './limiter-store.js';

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
    .map((spec, i) => `"${names[i]}";q=${Math.floor(spec.requests)};w=${Math.max(1, wholeSeconds(spec.periodMs))}`)
    .join(', ');
}

export function rateLimitField(names: readonly string[], verdicts: readonly LimitVerdict[]): string {
  let field = '';
  for (let i = 0; i < verdicts.length; i += 1) {
    const verdict = verdicts[i];
    if (verdict === undefined) continue;
    if (field !== '') field += ', ';
    field += `"${names[i]}";r=${verdict.remaining};t=${wholeSeconds(verdict.resetMs)}`;
  }
  return field;
}

/** Milliseconds as whole seconds, rounded up. */
export function wholeSeconds(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000));
}
