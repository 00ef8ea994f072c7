/**
 * What would realise an advice, as changes of the config: a setting of a route that is there, or a new route that clients may then use. They are
 * written as weir.yaml has them, so that a person can read them and a program carry them out. Pure.
 */
import type { Change } from '@weir/proto/events/doctor.js';
import type { RewriteSpec, RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import type { PagePart } from './burst-patterns.js';
import { filledShape } from './path-shape.js';

export type Routes = ReadonlyMap<string, RouteSpec>;

export function words(text: string): Change {
  return { kind: 'advice', text };
}

export function setting(routeId: string, path: string, from: string, to: string): Change {
  return { kind: 'config', path: `routes[id=${routeId}].${path}`, from, to };
}

/** Routes of services are changed in their service, and weir.yaml can't name them. */
export const isManaged = (routeId: string): boolean => routeId.includes('@');

function newRoute(id: string, fields: Flow): Change {
  return { kind: 'config', path: `routes[id=${id}]`, from: 'none', to: flow(fields) };
}

/** The list that the items of this route are of. Null: they can't be put together, or go where a list can't be named. */
export function listOf({ match: { path }, action }: RouteSpec): string | null {
  if (action.kind !== 'proxy' || path.kind !== 'template') return null;
  const [, list] = /^((?:\/[^{}*/]+)+)\/\{[^{}]+\}$/.exec(path.template) ?? [];
  return list === undefined ? null : rewritten(list, action.rewrite);
}

/** The upstream knows the list by the path that it is asked by. */
function rewritten(path: string, rewrite: RewriteSpec | null): string | null {
  if (rewrite === null) return path;
  if (rewrite.kind === 'path' || !path.startsWith(`${rewrite.prefix}/`)) return null;
  const rest = path.slice(rewrite.prefix.length);
  return rewrite.kind === 'strip-prefix' ? rest : `${rewrite.with === '/' ? '' : rewrite.with}${rest}`;
}

export function takesGet({ match: { methods } }: Pick<RouteSpec, 'match'>): boolean {
  return methods.length === 0 || methods.includes('GET');
}

export function batchRoute(route: RouteSpec, routes: Routes): Change | null {
  const id = `batch-${route.id}`;
  const path = `/batch/${route.id}`;
  if (!isNewRoute(id, path, routes)) return null;
  const match = { ...hostOf([route]), path, methods: ['POST'] };
  return newRoute(id, { match, batch: { routes: [route.id] } });
}

/** A composition of these parts; null: weir.yaml can't have it. */
export function pageRoute(parts: readonly PagePart[], slots: number, routes: Routes): Change | null {
  const asked = parts.flatMap(({ routeId }) => routes.get(routeId) ?? []);
  const fits = asked.every((route) => route.action.kind === 'proxy' && takesGet(route) && !isManaged(route.id));
  if (!fits || asked.length < parts.length) return null;
  // One that is named twice, or as no expression can name it, can't be passed on.
  const isPassable = ({ query }: PagePart): boolean =>
    new Set(query.map(([name]) => name)).size === query.length &&
    query.every(([name]) => /^[A-Za-z_]\w{0,63}$/.test(name));
  if (!parts.every(isPassable)) return null;
  const names = partNames(parts);
  const name = [...new Set(parts.map(({ routeId }) => routeId))]
    .join('-')
    .slice(0, NAME_LENGTH_MAX)
    .replace(/[^A-Za-z0-9]+$/, '');
  const id = `page-${name}`;
  const slotNames = Array.from({ length: slots }, (_, slot) => (slot === 0 ? '{id}' : `{id${slot + 1}}`));
  const path = ['/pages', name, ...slotNames].join('/');
  if (!isNewRoute(id, path, routes)) return null;
  const composed = parts.map((part, index): [string, Flow] => [names[index] ?? '', partOf(part, slotNames)]);
  const match = { ...hostOf(asked), path, methods: ['GET'] };
  return newRoute(id, { match, compose: { parts: Object.fromEntries(composed) } });
}

/** An id has 64 characters at most. */
const NAME_LENGTH_MAX = 48;

function isNewRoute(id: string, path: string, routes: Routes): boolean {
  if (routes.has(id) || id.length > 64) return false;
  return ![...routes.values()].some(({ match }) => match.path.kind !== 'prefix' && pathOf(match.path) === path);
}

const pathOf = (path: Exclude<RouteSpec['match']['path'], { kind: 'prefix' }>): string =>
  path.kind === 'exact' ? path.path : path.template;

/** Where all are asked under the same names, so is what is made of them. */
function hostOf(routes: readonly RouteSpec[]): { readonly host?: readonly string[] } {
  const [first, ...others] = routes.map(({ match }) => match.hosts);
  const isOne = first !== undefined && first.length > 0 && others.every((hosts) => hosts.join() === first.join());
  return isOne ? { host: first } : {};
}

function partOf({ routeId, shape, slots, query }: PagePart, slotNames: readonly string[]): Flow {
  const path = filledShape(
    shape,
    slots.map((slot) => slotNames[slot] ?? ''),
  );
  if (query.length === 0) return { route: routeId, path };
  // What a client has of its own in the query it goes on to say: no value of anybody stands in the config.
  const filled = query.map(([name, slot]): [string, string] => [
    name,
    slot === null ? `{.request.query.${name}}` : (slotNames[slot] ?? ''),
  ]);
  return { route: routeId, path, query: Object.fromEntries(filled) };
}

/** Names that expressions know as something else. */
const RESERVED: ReadonlySet<string> = new Set(['request', 'item', 'status', 'errors', '__proto__']);

/** As the routes are called, as far as parts may be. */
function partNames(parts: readonly PagePart[]): readonly string[] {
  const taken = new Set<string>();
  return parts.map(({ routeId }) => {
    const plain = routeId.replace(/[^A-Za-z0-9_]/g, '_').slice(0, NAME_LENGTH_MAX);
    const base = /^[A-Za-z_]/.test(plain) && !RESERVED.has(plain) ? plain : `part_${plain}`;
    let name = base;
    for (let next = 2; taken.has(name); next += 1) name = `${base}_${next}`;
    taken.add(name);
    return name;
  });
}

/** What a proposal consists of. */
export type Flow = string | readonly Flow[] | { readonly [name: string]: Flow | undefined };

const PLAIN = /^[A-Za-z/][A-Za-z0-9/_.-]*$/;
const NOT_TEXT = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** In one line of YAML. */
export function flow(value: Flow): string {
  if (typeof value === 'string') return PLAIN.test(value) && !NOT_TEXT.test(value) ? value : JSON.stringify(value);
  if (isList(value)) return `[${value.map(flow).join(', ')}]`;
  const members = Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [`${flow(name)}: ${flow(member)}`],
  );
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

const isList = (value: Exclude<Flow, string>): value is readonly Flow[] => Array.isArray(value);
