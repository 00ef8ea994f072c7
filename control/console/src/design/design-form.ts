/**
 * What the form shows of upstreams and routes, and how a change in it goes back into the design: only what was changed is written, in the
 * shortest form that weir.yaml has for it, and what the form doesn't know stays. Pure.
 */
import { isMapping } from './design-yaml.js';

export interface UpstreamRow {
  readonly id: string;
  /** One address a line. */
  readonly targets: readonly string[];
}

export interface RouteRow {
  readonly id: string;
  readonly path: string;
  readonly methods: readonly string[];
  /** Empty: the only one, or none. */
  readonly upstream: string;
  /** Limit of the whole, `5s`; empty: the default. */
  readonly total: string;
}

export function upstreamRow(written: unknown): UpstreamRow {
  if (typeof written === 'string') return { id: '', targets: [written] };
  const { id, targets } = fieldsOf(written);
  return {
    id: textOf(id),
    targets: (Array.isArray(targets) ? targets : targets === undefined ? [] : [targets]).map(urlOf),
  };
}

/** Targets that were there before keep what else is said of them (weights, labels). */
export function withUpstream(written: unknown, { id, targets }: UpstreamRow): unknown {
  const before = fieldsOf(written);
  // Each is used once: the same address may stand there twice, with other weights.
  const known: unknown[] = Array.isArray(before['targets']) ? [...before['targets']] : [];
  const kept = targets
    .map((url) => url.trim())
    .filter((url) => url !== '')
    .map((url) => {
      const at = known.findIndex((target) => urlOf(target) === url);
      return at < 0 ? url : known.splice(at, 1)[0];
    });
  return { ...withText(before, 'id', id), targets: kept };
}

export function routeRow(written: unknown): RouteRow {
  const { id, match, upstream, timeouts } = fieldsOf(written);
  const { path, methods } = fieldsOf(match);
  return {
    id: textOf(id),
    path: typeof match === 'string' ? match : textOf(path) || '/*',
    methods: (Array.isArray(methods) ? methods : methods === undefined ? [] : [methods]).map(textOf),
    upstream: textOf(upstream),
    total: textOf(fieldsOf(timeouts)['total']),
  };
}

export function withRoute(written: unknown, row: RouteRow): unknown {
  const before = fieldsOf(written);
  const { match } = before;
  const { path: _path, methods: _methods, ...others } = fieldsOf(match);
  const methods = row.methods.map((method) => method.trim().toUpperCase()).filter((method) => method !== '');
  const isPlain = methods.length === 0 && Object.keys(others).length === 0;
  const newMatch = isPlain ? row.path : { path: row.path, ...(methods.length === 0 ? {} : { methods }), ...others };
  const { total: _total, ...timers } = fieldsOf(before['timeouts']);
  const timeouts = row.total.trim() === '' ? timers : { ...timers, total: row.total.trim() };
  const { timeouts: _timeouts, ...rest } = withText(withText(before, 'id', row.id), 'upstream', row.upstream);
  return { ...rest, match: newMatch, ...(Object.keys(timeouts).length === 0 ? {} : { timeouts }) };
}

export function replaced<T>(list: readonly T[], index: number, value: T): readonly T[] {
  return list.map((item, at) => (at === index ? value : item));
}

export function without<T>(list: readonly T[], index: number): readonly T[] {
  return list.filter((_, at) => at !== index);
}

/** An empty text is none. */
function withText(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  value: string,
): Readonly<Record<string, unknown>> {
  const { [name]: _, ...rest } = fields;
  if (value.trim() === '') return rest;
  return name in fields ? { ...fields, [name]: value.trim() } : { [name]: value.trim(), ...rest };
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';

function urlOf(target: unknown): string {
  return typeof target === 'string' ? target : textOf(fieldsOf(target)['url']);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMapping(value) ? value : {};
}
