/** What a service makes, as somebody would have written it in weir.yaml: shown before it is published, and compared with what is served. Pure. */

import { formatPathPattern } from '@weir/proto/config/path-pattern.js';
import type { ShareSpec } from '@weir/proto/snapshot/snapshot.js';
import { stringify } from 'yaml';
import type { Service } from '../../model/entities.js';
import type { Composed, Served } from './compose-service.js';
import { groupOf } from './consumers-of.js';
import { lifeFields } from './life-fields.js';
import { isBudget, type NamedRoute, usualBudget } from './read-design.js';

type Written = Readonly<Record<string, unknown>>;

/** `composed` is of these, and without errors. */
export function yamlOfService(service: Service, served: readonly Served[], composed: Composed): string {
  const upstreams = new Map<string, Written>();
  const routes: Written[] = [];
  const rest = composed.routes.values();
  for (const { design, release } of served) {
    const own = new Map(design.upstreams.map((written, i) => [i, fieldsOf(written)]));
    for (const written of own.values()) {
      const id = idOf(service.id, release, String(written['id'] ?? ''), composed);
      upstreams.set(id, { ...written, id });
    }
    for (const written of design.routes) {
      const { value } = rest.next();
      if (value !== undefined) routes.push(writtenRoute(service, fieldsOf(written), value));
    }
  }
  const lines = { ...writtenAi(served), upstreams: [...upstreams.values()], routes };
  return stringify(lines, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** With the service's own names: of several releases each is told by itself, for they know nothing of each other. */
function writtenAi(served: readonly Served[]): Written {
  const all = served.flatMap(({ release, design: { ai } }) => (ai === undefined ? [] : [{ release, ai }]));
  const [first, ...others] = all;
  if (first === undefined) return {};
  const isOne = others.every(({ ai }) => JSON.stringify(ai) === JSON.stringify(first.ai));
  if (isOne) return { ai: first.ai };
  return Object.fromEntries(all.map(({ release, ai }) => [`ai of release ${release}`, ai]));
}

function idOf(serviceId: string, release: number, id: string, { upstreams }: Composed): string {
  const own = `${serviceId}@${release}.${id}`;
  return upstreams.some((upstream) => upstream.id === own) ? own : `${serviceId}.${id}`;
}

function writtenRoute(service: Service, written: Written, route: NamedRoute): Written {
  const { match, upstream, rewrite, fallback, auth } = route;
  const { path: _, headers, ...matched } = typeof written['match'] === 'string' ? {} : fieldsOf(written['match']);
  const tests = {
    ...fieldsOf(headers),
    ...Object.fromEntries(
      match.headers.slice(Object.keys(fieldsOf(headers)).length).map(({ name, values }) => [name, values[0]]),
    ),
  };
  const [rates, budgets] = planLimits(service);
  const limits = [...listOf(written['limits']), ...rates];
  const fields = headersWith(service, fieldsOf(written['headers']));
  return {
    ...written,
    id: route.id,
    match: {
      ...(match.hosts.length === 0 ? {} : { host: match.hosts }),
      path: formatPathPattern(match.path),
      ...matched,
      ...(Object.keys(tests).length === 0 ? {} : { headers: tests }),
      ...(match.share === undefined ? {} : { share: writtenShare(match.share) }),
    },
    ...(upstream === undefined ? {} : { upstream, rewrite }),
    ...(fallback.length === 0 ? {} : { fallback: writtenFallback(written['fallback'], fallback) }),
    ...(auth.length === 0 ? {} : { auth: auth.map(writtenAuth) }),
    ...(limits.length === 0 ? {} : { limits }),
    ...(route.ai === null || budgets.length === 0 ? {} : { ai: { ...fieldsOf(written['ai']), limits: budgets } }),
    ...(Object.keys(fields).length === 0 ? {} : { headers: fields }),
  };
}

function writtenAuth({ apiKey, jwt }: NamedRoute['auth'][number]): Written {
  return apiKey === undefined
    ? { jwt: { consumers: jwt?.consumers, hide: true } }
    : { apiKey: { in: placesOf(apiKey.in), consumers: apiKey.consumers } };
}

function writtenShare({ from, to, by, of }: ShareSpec): Written {
  return { percent: to - from, from, by: typeof by === 'string' ? by : `header:${by.header}`, of };
}

function writtenFallback(written: unknown, fallback: NamedRoute['fallback']): unknown[] {
  return listOf(written).map((entry, i) => {
    const upstream = fallback[i]?.upstream;
    return upstream === undefined ? entry : { ...fieldsOf(entry), upstream };
  });
}

function placesOf(
  places: readonly ({ readonly header: string } | { readonly query: string } | 'bearer')[] = [],
): string[] {
  return places.map((place) =>
    place === 'bearer' ? place : 'header' in place ? `header:${place.header}` : `query:${place.query}`,
  );
}

/** Rates, and budgets of models. */
function planLimits({ id, access, plans }: Service): readonly [rates: readonly unknown[], budgets: readonly unknown[]] {
  if (access === 'open') return [[], []];
  const [rates, budgets]: [unknown[], unknown[]] = [[], []];
  for (const plan of plans) {
    const group = groupOf(id, plan.id);
    const reach = { consumers: [`@${group}`], scope: group };
    for (const limit of plan.limits) {
      if (isBudget(limit)) budgets.push({ ...usualBudget, ...fieldsOf(limit), ...reach });
      else rates.push({ ...(typeof limit === 'string' ? { rate: limit } : fieldsOf(limit)), ...reach });
    }
  }
  return [rates, budgets];
}

function headersWith(service: Service, written: Written): Written {
  const { set, add } = lifeFields(service);
  if (set.length + add.length === 0) return written;
  const response = fieldsOf(written['response']);
  return {
    ...written,
    response: {
      ...response,
      set: { ...fieldsOf(response['set']), ...Object.fromEntries(set) },
      ...(add.length === 0 ? {} : { add: { ...fieldsOf(response['add']), ...Object.fromEntries(add) } }),
    },
  };
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function fieldsOf(value: unknown): Written {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Written) : {}; // Such it is.
}
