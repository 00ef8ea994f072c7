/**
 * What calls come to, for whoever may see it: operators see all, members of a team the calls of their services and by their applications, since these
 * were made: an id may have been another team's before. What a consumer of weir.yaml has called is for operators, whoever has made an application of its name;
 * and where calls of an application went behind a route of another team is that team's.
 *
 *   GET /v1/insight/series     a chart of all calls, of a route, a service or a consumer
 *   GET /v1/insight/top        who has the most of what in the last minutes
 *   GET /v1/insight/calls      the latest calls one by one
 *   GET /v1/insight/spend      what models took and cost (spend.ts)
 *   GET /v1/insight/doctor     timeouts by cause, with the change that would cure each, and advice on calls and answers
 *   GET /v1/live               what happens, as events (text/event-stream)
 */
import type { DoctorReport } from '@weir/proto/events/doctor.js';
import { timerNames } from '@weir/proto/http/failures.js';
import * as z from 'zod';
import type { CallFilter, KeptCall } from '../../insight/call-log.js';
import type { Insight } from '../../insight/insight.js';
import { type Point, stepMs, steps } from '../../insight/point.js';
import { pointsSince } from '../../insight/since.js';
import { topKinds, topMeasures, topOf, topOfEach } from '../../insight/top.js';
import type { RegistryView } from '../../registry/registry.js';
import { type ApiRoute, apiRoute, type Caller } from './api-route.js';
import { LiveEvents, type LiveSources } from './live-events.js';
import { missing, refusal } from './problems.js';
import { spendRoute } from './spend.js';

export interface InsightSources extends LiveSources {
  readonly insight: Insight;
  readonly registry: Pick<RegistryView, 'get' | 'number'>;
  /** Whether weir.yaml in force has a consumer of that id; true also where nobody knows what is in force. */
  readonly isOperators: (consumerId: string) => boolean;
  /** Of all nodes that answer; null: none does. */
  readonly doctor: () => Promise<DoctorReport | null>;
  readonly wallMs: () => number;
}

const text = z.string().min(1).max(256);
const wall = z.coerce.number().int().nonnegative();
const POINTS_MAX = 1_500;
const WINDOWS = { '5m': 300_000, '15m': 900_000, '1h': 3_600_000, '6h': 21_600_000, '24h': 86_400_000 } as const;

export function insightRoutes(sources: InsightSources): readonly ApiRoute[] {
  return [series(sources), top(sources), calls(sources), spendRoute(sources), doctor(sources), live(sources)];
}

function series({ insight, wallMs, ...seen }: InsightSources): ApiRoute {
  return apiRoute({
    ...{ method: 'GET', path: '/v1/insight/series', name: 'getSeries', area: 'insight', needs: 'signed-in' },
    summary: 'A chart of calls: requests, errors, timeouts, bytes, latency by second, minute or hour',
    query: z.strictObject({
      of: z
        .string()
        .regex(/^(all|(route|service|consumer):.{0,256})$/)
        .default('all')
        .describe('`all`, `route:ID`, `service:ID` or `consumer:ID`.'),
      step: z
        .enum(steps)
        .default('1m')
        .describe('Seconds are kept for ten minutes, minutes for a day, hours for a month.'),
      from: wall.optional().describe('Unix milliseconds; left out: as far back as is kept.'),
      to: wall.optional().describe('Unix milliseconds, not part of it; left out: now.'),
    }),
    async handle({ query: { of, step, from, to }, caller }) {
      const bornWallMs = seenSince(of, caller, seen);
      if (bornWallMs === null) return missing;
      const window = { fromMs: from ?? 0, toMs: to ?? wallMs() + stepMs[step], bornWallMs };
      const points: readonly Point[] = pointsSince(insight.series, of, step, window).slice(-POINTS_MAX);
      return { status: 200, body: { of, step, points } };
    },
  });
}

function top({ insight, wallMs, ...seen }: InsightSources): ApiRoute {
  return apiRoute({
    ...{ method: 'GET', path: '/v1/insight/top', name: 'getTop', area: 'insight', needs: 'signed-in' },
    summary: 'The routes, services or consumers with the most requests, errors, timeouts, bytes or the worst latency',
    query: z.strictObject({
      by: z.enum(topKinds).default('route'),
      of: z
        .enum([...topMeasures, 'each'])
        .default('requests')
        .describe('`each`: a list by each of the others, in `lists`.'),
      window: z.enum(['5m', '15m', '1h', '6h', '24h']).default('1h'),
      max: z.coerce.number().int().min(1).max(100).default(10),
    }),
    async handle({ query: { by, of, window, max }, caller }) {
      const toMs = wallMs() + stepMs['1m'];
      const span = { fromMs: toMs - WINDOWS[window], toMs };
      const since = (name: string): number | null => seenSince(`${by}:${name}`, caller, seen);
      if (of === 'each') {
        const lists = topOfEach(insight.series, by, span, max, since);
        return { status: 200, body: { by, of, window, lists } };
      }
      const items = topOf(insight.series, by, of, span, max, since);
      return { status: 200, body: { by, of, window, items } };
    },
  });
}

function calls({ insight, ...sight }: InsightSources): ApiRoute {
  return apiRoute({
    ...{ method: 'GET', path: '/v1/insight/calls', name: 'listCalls', area: 'insight', needs: 'signed-in' },
    summary: 'The latest calls one by one, newest first; whoever is no operator names a service or a consumer',
    query: z.strictObject({
      route: text.optional(),
      service: text.optional(),
      consumer: text.optional(),
      status: z
        .string()
        .regex(/^([1-5]xx|[1-5]\d\d)$/)
        .optional()
        .describe('`504`, or a class: `5xx`.'),
      timer: z.enum(['any', ...timerNames]).optional(),
      trace: text.optional(),
      id: text.optional().describe('Request id.'),
      saved: z.enum(['true', 'false']).optional().describe('Answered well though something ran into a timer.'),
      slowerThanMs: z.coerce.number().nonnegative().optional(),
      from: wall.optional(),
      to: wall.optional(),
      after: z
        .string()
        .regex(/^\d{1,15}$/)
        .optional()
        .describe('`next` of the page before.'),
      max: z.coerce.number().int().min(1).max(200).default(50),
    }),
    async handle({ query, caller }) {
      const { route, service, consumer, status, timer, trace, id, saved, slowerThanMs, from, to, after, max } = query;
      const seen = [
        ...(route === undefined ? [] : [`route:${route}`]),
        ...(service === undefined ? [] : [`service:${service}`]),
        ...(consumer === undefined ? [] : [`consumer:${consumer}`]),
      ];
      if (!caller.isOperator && seen.length === 0)
        return refusal(400, 'Bad Request', 'Name a service, a route of one, or a consumer of yours.');
      // One of them is enough: the owner of a service sees who calls it, and the owner of an application what it calls.
      const since = seen.flatMap((of) => seenSince(of, caller, sight) ?? []);
      if (seen.length > 0 && since.length === 0) return missing;
      const fromMs = Math.max(from ?? 0, since.length === 0 ? 0 : Math.min(...since));
      const filter = defined({
        ...{ route, service, consumer, status, timer, trace, id, slowerThanMs, fromMs, toMs: to },
        saved: saved === undefined ? undefined : saved === 'true',
      });
      const page = insight.calls.find(filter, Number(after ?? 0), max);
      const items = page.items.map((call) => shownCall(call, caller, sight));
      return { status: 200, body: { ...page, items, kept: insight.calls.size, untold: insight.calls.untold } };
    },
  });
}

function doctor({ doctor: ask, ...seen }: InsightSources): ApiRoute {
  return apiRoute({
    ...{ method: 'GET', path: '/v1/insight/doctor', name: 'getDoctor', area: 'insight', needs: 'signed-in' },
    summary:
      'Timeouts and near-timeouts by cause, worst first, each with its evidence and the change that would cure it; and how calls could be fewer and answers smaller, with the saving that is expected',
    query: z.strictObject({ route: text.optional() }),
    async handle({ query: { route }, caller }) {
      const report = await ask();
      if (report === null) return refusal(503, 'Service Unavailable', 'No node answers now; `weir status` tells more.');
      const isAsked = (routes: readonly string[]): boolean => route === undefined || routes.includes(route);
      const cases = report.cases.filter((one) => {
        const bornWallMs = seenSince(`route:${one.route}`, caller, seen);
        return isAsked([one.route]) && bornWallMs !== null && one.firstWallMs >= bornWallMs;
      });
      const advice = (report.advice ?? []).filter(
        ({ routes }) => isAsked(routes) && routes.every((id) => seenSince(`route:${id}`, caller, seen) !== null),
      );
      return { status: 200, body: { ...report, cases, advice } };
    },
  });
}

function live(sources: InsightSources): ApiRoute {
  const events = new LiveEvents(sources);
  return apiRoute({
    ...{ method: 'GET', path: '/v1/live', name: 'getLive', area: 'insight', needs: 'operator' },
    summary: 'What happens, as server-sent events: each second `second`, and `nodes` and `registry` when they change',
    async handle({ caller }) {
      const text = events.open(() => caller.again()?.isOperator === true);
      if (text !== null) return { status: 200, contentType: 'text/event-stream', text };
      return refusal(503, 'Service Unavailable', 'Too many are looking already; ask /v1/insight/series instead.');
    },
  });
}

type Sight = Pick<InsightSources, 'registry' | 'isOperators'>;

/** Since when that is a chart of something that is theirs, in Unix milliseconds; null: it is not. Operators see what was there before, too. */
export function seenSince(of: string, caller: Caller, sight: Sight): number | null {
  if (caller.isOperator) return 0;
  const colon = of.indexOf(':');
  const [kind, name] = [of.slice(0, colon), of.slice(colon + 1)];
  if (kind === 'route')
    return name.includes('@') ? seenSince(`service:${name.slice(0, name.indexOf('@'))}`, caller, sight) : null;
  const thing =
    kind === 'service' ? sight.registry.get('service', name) : kind === 'consumer' ? own(name, sight) : null;
  return thing !== null && caller.roleIn(thing.teamId) !== null ? thing.createdWallMs : null;
}

const own = (id: string, { registry, isOperators }: Sight) =>
  isOperators(id) ? null : registry.get('application', id);

/** Whoever has made a call may know that it was made, and not which servers another team has. */
function shownCall(call: KeptCall, caller: Caller, sight: Sight): KeptCall {
  return seenSince(`route:${call.route}`, caller, sight) === null ? { ...call, upstream: '', target: '' } : call;
}

function defined(fields: { readonly [K in keyof CallFilter]: CallFilter[K] | undefined }): CallFilter {
  // What is left is what was there, of the same type.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as CallFilter;
}
