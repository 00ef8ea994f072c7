/**
 * Which hits are the same for everybody, and until when (pipeline/reusable.ts). Pure but for the closures that it gives away.
 *
 * What a chain does above the cache must come to nothing for such a hit, so a route whose layers ask who the client is, count it,
 * or write into its answer, offers none; chain.test.ts holds the list of those layers against this file. Where each request is to be
 * written down, in a log or a trace, each goes the whole way.
 */
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';
import type { RouteSpec, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { Reusable } from '../pipeline/reusable.js';
import { atOnce, ofList, type Work } from '../time/slices.js';
import type { RouteCache } from './route-cache.js';
import type { Entry } from './store/l1.js';
import { ageMs } from './stored.js';

/** Longer bodies gain nothing by a shorter way. */
const BODY_BYTES_MAX = 16 * 1024;
const NO_BODY = new Uint8Array(0);

/** Whether answers may be offered at all: which route takes a request does not depend on its fields or its caller, and nobody reads of each. */
export function offersReuse(snapshot: Pick<Snapshot, 'gateway' | 'routes'>): boolean {
  return atOnce(offeringReuse(snapshot));
}

/** The same, route by route. */
export function* offeringReuse({ gateway, routes }: Pick<Snapshot, 'gateway' | 'routes'>): Work<boolean> {
  const isWrittenDown = gateway.accessLog.enabled || (gateway.tracing !== null && gateway.tracing.sample > 0);
  return isWrittenDown ? false : yield* matchingByPath(routes);
}

const matchingByPath = ofList(function* (routes: Snapshot['routes']): Work<boolean> {
  for (const { match } of routes) {
    if (match.headers.length > 0 || match.cookies !== undefined || match.share !== undefined) return false;
    yield;
  }
  return true;
});

/** Whether the hits of a route are the same for all plain requests. */
export function isAlikeForAll(route: RouteSpec, { key, bypass }: CacheSpec): boolean {
  const { responseHeaders: edits, shown } = route;
  const editsAnswers = edits.remove.length + edits.set.length + edits.add.length > 0;
  const asksWho = route.auth.length > 0 || route.limits.length > 0 || route.addresses !== null || key.byConsumer;
  const looksAtFields = key.headers.length + key.cookies.length + bypass.headers.length + bypass.cookies.length > 0;
  const writesIntoAnswers = editsAnswers || route.cors !== null || shown.serverTiming || shown.attempts;
  const isMadeSmaller = route.optimize !== undefined;
  const isChanged = writesIntoAnswers || isMadeSmaller || route.contract !== null || route.async !== null;
  return !asksWho && !looksAtFields && !key.byDevice && !isChanged;
}

/** Of a fresh hit, whole; null: others may get another answer. `key`: of the request. */
export function reusableHit(
  route: RouteCache,
  entry: Entry,
  key: string,
  ttlMs: number,
  nowMs: number,
): Reusable | null {
  const { stored, body } = entry;
  // Under its own key, and not under that of a variant, it is the answer whatever the fields.
  if (!route.isAlikeForAll || entry.at !== key || stored.vary.length > 0) return null;
  if (stored.status !== 200 || ttlMs <= 0 || body.bytes > BODY_BYTES_MAX || body.pieces.length > 1) return null;
  const { node, observer } = route;
  const { seq } = node.marks;
  // Age and what is left of the freshness are told in whole seconds.
  const untilMs = nowMs + Math.min(1000 - (ageMs(stored, nowMs) % 1000), ttlMs % 1000 || 1000);
  return {
    untilMs,
    body: body.pieces[0] ?? NO_BODY,
    isGood: () => node.marks.seq === seq && node.gate.isOpen && node.l1.holds(entry),
    used: () => observer.reused(stored.status, body.bytes),
  };
}
