/**
 * What to do with an answer of the upstream, or with its failure, once its head is there: pass it on, store it as it
 * passes, answer from the copy that it confirms, answer from the copy in its stead, or ask again. Pure.
 */
import type { CacheDirectives } from '@weir/proto/http/cache-control.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { responseDirectives } from '@weir/proto/http/targeted-cache-control.js';
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';
import type { Ask } from './ask.js';
import type { Moments } from './freshness.js';
import { confirms, freshened } from './revalidate.js';
import { isTrouble } from './statuses.js';
import { type NotStored, whyNotStored } from './storability.js';
import { type Stored, storedFrom } from './stored.js';

/** What was asked, and with what at hand. */
export interface Pending {
  readonly ask: Ask;
  readonly asked: CacheDirectives;
  /** The copy whose validators were sent, or null. */
  readonly validated: Stored | null;
  /** The copy that may stand in, or null, and until when. */
  readonly standIn: Stored | null;
  readonly standsInUntilMs: number;
}

export type Receipt =
  /** The copy is as good as new: it is the answer, and takes the old one's place unless it may not be stored any more. */
  | { readonly kind: 'confirmed'; readonly stored: Stored; readonly why: NotStored | null }
  /** Passes on, and is stored on the way. */
  | { readonly kind: 'store'; readonly stored: Stored }
  | { readonly kind: 'pass'; readonly why: NotStored | 'not-modified' }
  /** The copy in its stead. */
  | { readonly kind: 'stale'; readonly stored: Stored }
  /** A 304 to a question that it does not answer: once more, without conditions. */
  | { readonly kind: 'ask-again' };

export function receive(
  pending: Pending,
  status: number,
  headers: HeaderList,
  moments: Moments,
  spec: CacheSpec,
): Receipt {
  const { ask, asked, validated } = pending;
  if (status === 304) {
    if (validated === null) return { kind: 'pass', why: 'not-modified' };
    if (!confirms(validated, headers, moments.receivedWallMs)) return { kind: 'ask-again' };
    return { kind: 'confirmed', ...freshened(ask, asked, validated, headers, moments, spec) };
  }
  if (isTrouble(status) && standsIn(pending, moments.receivedAtMs)) return { kind: 'stale', stored: pending.standIn };
  const said = responseDirectives(headers, spec.targets, spec.surrogate);
  const stored = storedFrom(status, headers, said, moments, spec);
  const why = whyNotStored(ask, asked, status, headers, said, stored.reuse, spec);
  return why === null ? { kind: 'store', stored } : { kind: 'pass', why };
}

/** Whether the copy may be the answer now, for want of another: the upstream failed, or has not answered in time. */
export function standsIn(pending: Pending, nowMs: number): pending is Pending & { readonly standIn: Stored } {
  return pending.standIn !== null && nowMs <= pending.standsInUntilMs;
}
