/**
 * What could be better about how clients call: items that are asked for one by one, and calls that come together like those of a page. What
 * helps depends on whether the client asks for all at once, which can be put together on the way to the upstream, or waits for each, so that
 * only a request for all of them spares it the waiting. Pure.
 */
import type { Advice, AdviceKind } from '@weir/proto/events/advice.js';
import type { Change } from '@weir/proto/events/doctor.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import type { ItemsSeen, PageSeen } from './burst-patterns.js';
import { type PatternCount, routesOf } from './pattern-store.js';
import { batchRoute, flow, isManaged, listOf, pageRoute, type Routes, setting, takesGet, words } from './proposals.js';
import { about, measure, msInWords, nothingSaved } from './saving.js';

/** Seen fewer times, it may be chance. */
export const TIMES_MIN = 5;
/** Of different clients, or about different things: what one client does with one thing is no habit. */
export const DISTINCT_MIN = 3;

/** `perMinute`: what a count of one among the calls that were followed is in a minute of all traffic. */
export function adviseOnCalls(count: PatternCount, routes: Routes, perMinute: number): readonly Advice[] {
  const { pattern, times, distinct } = count;
  if (times < TIMES_MIN || distinct < DISTINCT_MIN) return [];
  const advice =
    pattern.kind === 'page' ? onPage(pattern, count, routes, perMinute) : onItems(pattern, count, routes, perMinute);
  return advice === null ? [] : [advice];
}

function onItems(pattern: ItemsSeen, count: PatternCount, routes: Routes, perMinute: number): Advice | null {
  const route = routes.get(pattern.routeId);
  if (route === undefined || route.action.kind !== 'proxy' || !takesGet(route)) return null;
  const list = listOf(route);
  if (!pattern.isTogether) return inBatch(pattern, count, route, routes, perMinute);
  // Already on: whoever asks at once is helped.
  if (route.coalesce !== null) return null;
  return list === null
    ? inBatch(pattern, count, route, routes, perMinute)
    : putTogether(pattern, count, { route, list }, perMinute);
}

function putTogether(
  { shape }: ItemsSeen,
  count: PatternCount,
  { route, list }: { readonly route: RouteSpec; readonly list: string },
  perMinute: number,
): Advice | null {
  if (count.askedAfter >= count.asked) return null;
  return {
    ...base('coalesce', [route.id], shape, count),
    evidence: [
      `${each(count)} items are asked for at the same time, one by one: GET ${shape}`,
      `this needs an upstream that answers GET ${list}?ids=1,2 with the list of them; \`query\`, \`items\` and \`key\` say how it names them`,
    ],
    changes: [setting(route.id, 'coalesce', 'none', flow({ url: list }))],
    saving: {
      ...nothingSaved,
      upstreamRequests: measure(count.asked * perMinute, count.askedAfter * perMinute),
      waitMs: wait(count),
    },
  };
}

function inBatch(
  { shape }: ItemsSeen,
  count: PatternCount,
  route: RouteSpec,
  routes: Routes,
  perMinute: number,
): Advice {
  const standing = [...routes.values()].find(
    ({ action }) => action.kind === 'batch' && takes(action.routes, [route.id]),
  );
  return {
    ...base('batch', [route.id], shape, count),
    evidence: [
      `${each(count)} items are asked for one after the other, which takes ${msInWords(count.spanMs / count.times)}: GET ${shape}`,
      'clients have to be changed: to one POST with all of them, or to ask for all at once',
    ],
    changes: [
      newOrStanding(standing, isManaged(route.id) ? null : batchRoute(route, routes), 'send them as one batch'),
    ],
    saving: {
      ...nothingSaved,
      clientRequests: measure(count.calls * perMinute, count.times * perMinute),
      waitMs: wait(count),
    },
  };
}

function onPage(pattern: PageSeen, count: PatternCount, routes: Routes, perMinute: number): Advice | null {
  const ids = routesOf(pattern);
  // A route that was dropped, or answers by itself, is no part of anything.
  if (!ids.every((id) => routes.get(id)?.action.kind === 'proxy')) return null;
  const standing = [...routes.values()].find(
    ({ action }) => action.kind === 'compose' && takes([...action.parts.map(({ call }) => call.route)], ids),
  );
  return {
    ...base('composition', ids, pattern.parts.map(({ shape }) => shape).join(' '), count),
    evidence: [
      `${each(count)} calls come together: ${pattern.parts.map(({ shape }) => `GET ${shape}`).join(', ')}`,
      `from the first to the last answer they take ${msInWords(count.spanMs / count.times)}, the longest of them ${msInWords(count.spanAfterMs / count.times)}`,
      'clients have to ask for the new address; what `merge` makes of the parts is yours to say',
    ],
    changes: [
      newOrStanding(standing, pageRoute(pattern.parts, pattern.values.length, routes), 'make one answer of them'),
    ],
    saving: {
      ...nothingSaved,
      clientRequests: measure(count.calls * perMinute, count.times * perMinute),
      waitMs: wait(count),
    },
  };
}

/** Null: any. */
function takes(taken: readonly string[] | null, wanted: readonly string[]): boolean {
  return taken === null || wanted.every((id) => taken.includes(id));
}

function newOrStanding(standing: RouteSpec | undefined, made: Change | null, what: string): Change {
  if (standing !== undefined)
    return words(`${what}: the route ${standing.id} takes them, and these clients do not use it`);
  return made ?? words(`${what}: docs/optimize.md tells how; this config can't be written from here`);
}

function base(kind: AdviceKind, routes: readonly string[], subject: string, { times }: PatternCount) {
  return { kind, routes, subject, certainty: 'likely' as const, seen: Math.round(times) };
}

const each = ({ calls, times }: PatternCount): string => about(calls / times);

const wait = ({ spanMs, spanAfterMs, times }: PatternCount) => measure(spanMs / times, spanAfterMs / times);
