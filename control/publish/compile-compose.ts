/** The part of the snapshot that says of which requests an answer is composed; see compile.ts for the rest. Pure. */
import type { Batch } from '@weir/proto/config/batch.js';
import type { Coalesce } from '@weir/proto/config/coalesce.js';
import type { BodyTemplate, Compose, ComposePart } from '@weir/proto/config/compose.js';
import { parametersOf } from '@weir/proto/config/path-pattern.js';
import { bodyLimitDefault, type Route } from '@weir/proto/config/route.js';
import { type Reads, readsOfAll } from '@weir/proto/optimize/compose-plan.js';
import type { Query } from '@weir/proto/optimize/expression.js';
import { queriesOf, type Template } from '@weir/proto/optimize/template.js';
import type { BatchRouteSpec, CoalesceSpec, ComposeRouteSpec, PartSpec } from '@weir/proto/snapshot/compose.js';
import type { AuthSpec, RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { hostOf } from './takes-path.js';

/** `ids`: of the routes, by position. */
export function compileComposeRoute(
  compose: Compose,
  route: Route,
  routes: readonly Route[],
  ids: readonly string[],
): ComposeRouteSpec {
  const { parts, merge, errors, maxAnswer } = compose;
  const reads = readsOfAll([...parts.flatMap(queriesOfPart), ...(merge === undefined ? [] : [merge.query])]);
  const asked = parts.map((part) => routes[ids.indexOf(part.route)]);
  return {
    kind: 'compose',
    parts: parts.map((part, index) => compilePart(part, asked[index])),
    merge: merge?.query ?? null,
    errorsField: errors,
    mergesErrors: merge !== undefined && readsOfAll([merge.query]).errors,
    answerBytesMax: maxAnswer,
    varies: fieldsIn(reads),
    isPrivate: dependsOnCaller(route, asked, reads),
  };
}

export function compileBatchRoute(batch: Batch): BatchRouteSpec {
  const { routes = null, prefix = '/', max, concurrency, timeout = 0, maxAnswer } = batch;
  return {
    ...{ kind: 'batch', routes, prefix, requestsMax: max, concurrency, timeoutMs: timeout, answerBytesMax: maxAnswer },
  };
}

export function compileCoalesce(coalesce: Coalesce | undefined, { match }: Route): CoalesceSpec | null {
  if (coalesce === undefined) return null;
  const { url, query, separator, repeat, items, key, window, max, maxAnswer, ignore } = coalesce;
  const [parameter = ''] = parametersOf(match.path);
  return {
    ...{ path: url, query, separator: repeat ? '' : separator, parameter, items, key, windowMs: window },
    ...{ itemsMax: max, answerBytesMax: maxAnswer, ignores: ignore },
  };
}

/**
 * Parts get the caller's credentials, so nothing of them is hidden here; they retry, hedge and fall back by themselves, by the routes that
 * they name. So do the requests of a batch.
 */
export function composeRouteParts(route: Route, auth: readonly AuthSpec[]): Partial<RouteSpec> {
  return {
    auth: auth.map((one) => ({ ...one, hide: false })),
    bodyBytesMax: route.bodyLimit === bodyLimitDefault ? COMPOSE_BODY_BYTES : route.bodyLimit,
    ...{ websocket: null, retry: null, hedge: null, protectBytes: 0, fallback: [], async: null },
  };
}

/** It is read as a whole. */
const COMPOSE_BODY_BYTES = 1024 * 1024;

function compilePart(part: ComposePart, asked: Route | undefined): PartSpec {
  const { name, when, forEach, timeout = 0, ifFails, maxAnswer } = part;
  return {
    ...{ name, needs: needsOf(part), when: when?.query ?? null, timeoutMs: timeout },
    ...{ onFailure: ifFails, answerBytesMax: maxAnswer },
    each: forEach === undefined ? null : { in: forEach.in.query, max: forEach.max, concurrency: forEach.concurrency },
    call: {
      ...{ route: part.route, method: part.method, host: part.host ?? hostOf(asked), path: part.path },
      query: Object.entries(part.query).flatMap(([parameter, value]) =>
        // A list of templates holds lists; a template holds texts and places.
        (isListOfTemplates(value) ? value : [value]).map((template) => [parameter, template] as const),
      ),
      headers: part.headers,
      body: part.body ?? null,
    },
  };
}

function isListOfTemplates(value: Template | readonly Template[]): value is readonly Template[] {
  return Array.isArray(value[0]);
}

export function needsOf(part: ComposePart): string[] {
  return [...new Set([...part.needs, ...readsOfAll(queriesOfPart(part)).parts])];
}

export function queriesOfPart({ path, query, headers, body, when, forEach }: ComposePart): Query[] {
  const templates = [
    path,
    ...Object.values(query).flatMap((value) => (isListOfTemplates(value) ? value : [value])),
    ...headers.map(([, value]) => value),
    ...(body === undefined ? [] : templatesIn(body)),
  ];
  return [
    ...templates.flatMap(queriesOf),
    ...[when, forEach?.in].flatMap((one) => (one === undefined ? [] : [one.query])),
  ];
}

function templatesIn(body: BodyTemplate): Template[] {
  switch (body.kind) {
    case 'value':
      return [];
    case 'text':
      return [body.template];
    case 'list':
      return body.items.flatMap(templatesIn);
    case 'object':
      return body.fields.flatMap(([, value]) => templatesIn(value));
  }
}

/** Request fields that an expression looks at: an answer that was made of one is another's where that has another value. */
function fieldsIn({ request, whole }: Reads): string[] {
  if (whole || request.some((path) => path.length === 0 || (path[0] === 'headers' && path.length === 1))) return ['*'];
  const names = request.flatMap(([member, name]) => (member === 'headers' && name !== undefined ? [name] : []));
  return [...new Set(names.map((name) => name.toLowerCase()))];
}

/** A part whose route asks who the caller is answers that caller; who else may have the whole, the cache of this route can't know. */
function dependsOnCaller(route: Route, asked: readonly (Route | undefined)[], { request }: Reads): boolean {
  if (route.cache?.key.byConsumer ?? route.auth.length > 0) return false;
  return asked.some((one) => (one?.auth.length ?? 0) > 0) || request.some(([member]) => member === 'consumer');
}
