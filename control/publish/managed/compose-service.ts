/**
 * What one service comes to on nodes: upstreams and routes of its live releases, under ids and paths that are no other's, with the limits
 * and consumers of its plans and the fields of its deprecation. Pure.
 *
 *   live [{3, 90 %, v1}, {4, 10 %, v1}, {5, v2}], versions by path, base path /shop
 *     /shop/v1/orders   shop@3/orders   share 0 to 90
 *     /shop/v1/orders   shop@4/orders   share 90 to 100
 *     /shop/v2/orders   shop@5/orders
 *
 * With versions by header the first of `live` is for whoever names none.
 */
import { type Auth, authSchema } from '@weir/proto/config/auth.js';
import type { ContractEntry } from '@weir/proto/config/contract.js';
import { type Finding, findError } from '@weir/proto/config/faults.js';
import type { Limit } from '@weir/proto/config/limits.js';
import type { Route } from '@weir/proto/config/route.js';
import type { PathMatchSpec, ShareSpec, ValueMatchSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Design, LiveRelease, Service } from '../../model/entities.js';
import { groupOf } from './consumers-of.js';
import { lifeFields } from './life-fields.js';
import { type NamedRoute, type NamedUpstream, readDesign, readPlan } from './read-design.js';

/** What of weir.yaml and the registry a design may name. */
export interface ManagedWorld {
  /** Virtual models that weir.yaml defines. */
  readonly models: ReadonlySet<string>;
  readonly prompts: ReadonlySet<string>;
  readonly guards: ReadonlySet<string>;
  hasSecret(teamId: string, name: string): boolean;
}

export interface Composed {
  readonly upstreams: readonly NamedUpstream[];
  readonly routes: readonly NamedRoute[];
  /** Of releases whose routes are held to one: `SERVICE@RELEASE`. */
  readonly contracts: readonly ContractEntry[];
  /** `TEAM/NAME` of secrets that nodes need for it. */
  readonly secrets: readonly string[];
  /** Paths are those of the design, behind `release N` where there are several. With an error nothing of the service is served. */
  readonly findings: readonly Finding[];
}

/** A release that is served, or a draft that would be. */
export interface Served extends LiveRelease {
  readonly design: Design;
}

export function composeService(service: Service, served: readonly Served[], world: ManagedWorld): Composed {
  const plans = service.access === 'open' ? [] : service.plans;
  const plansRead = plans.map((plan, i) => ({ plan, ...readPlan(plan, ['plans', i]) }));
  const shared: Shared = {
    service,
    auth: authOf(service),
    world,
    limits: plansRead.flatMap(({ plan, limits }) => limits.map((limit) => planLimit(service.id, plan.id, limit))),
  };
  const upstreams = new Map<string, NamedUpstream>();
  const routes: NamedRoute[] = [];
  const contracts: ContractEntry[] = [];
  const secrets = new Set<string>();
  const findings: Finding[] = plansRead.flatMap((each) => each.findings);
  if (shared.limits.length > PLAN_LIMITS_MAX)
    findings.push(
      findError(['plans'], `more than ${PLAN_LIMITS_MAX} limits, all plans together`, 'remove some of them'),
    );
  for (const [index, live] of served.entries()) {
    const read = readDesign(live.design, service.teamId);
    findings.push(...read.findings, ...missingNames(read.routes, world));
    for (const name of read.secrets) {
      secrets.add(`${service.teamId}/${name}`);
      if (!world.hasSecret(service.teamId, name))
        findings.push(
          findError(
            [],
            `team ${service.teamId} has no secret ${name} that this control can open`,
            'set it, or take it out of the design',
          ),
        );
    }
    const ids = upstreamIdsOf(service.id, live.release, read.upstreams, upstreams);
    for (const upstream of read.upstreams) {
      const id = ids.get(upstream.id) ?? upstream.id;
      upstreams.set(id, { ...upstream, id });
    }
    if (read.contract !== null && read.routes.some(({ contract }) => contract !== undefined))
      contracts.push({ id: `${service.id}@${live.release}`, document: read.contract });
    const place = placeOf(service, served, index);
    for (const route of read.routes) routes.push(placed(route, live.release, ids, place, shared));
  }
  return { upstreams: [...upstreams.values()], routes, contracts, secrets: [...secrets], findings };
}

/** So that a route has fifty at most, its own with them. */
const PLAN_LIMITS_MAX = 30;

interface Shared {
  readonly service: Service;
  readonly auth: readonly Auth[];
  readonly limits: readonly Limit[];
  readonly world: ManagedWorld;
}

/** Where the routes of one release lie. */
interface Place {
  readonly prefix: string;
  readonly headers: readonly ValueMatchSpec[];
  readonly share: ShareSpec | null;
}

function placeOf({ id, basePath, versioning }: Service, served: readonly Served[], index: number): Place {
  const { name = '', share = 100 } = served[index] ?? {};
  const ofName = served.filter((other) => other.name === name);
  const before = served.slice(0, index).filter((other) => other.name === name);
  const from = before.reduce((sum, other) => sum + other.share, 0);
  const isDefault = served[0]?.name === name;
  return {
    prefix: versioning.by === 'path' ? `${basePath}/${name}` : basePath,
    headers:
      versioning.by === 'header' && !isDefault ? [{ name: versioning.header, op: 'equals', values: [name] }] : [],
    share: ofName.length < 2 ? null : { from, to: from + share, by: 'caller', of: name === '' ? id : `${id} ${name}` },
  };
}

/** The first live release that has an id keeps it; one that means something else by it has its number in it. */
function upstreamIdsOf(
  serviceId: string,
  release: number,
  own: readonly NamedUpstream[],
  taken: ReadonlyMap<string, NamedUpstream>,
): ReadonlyMap<string, string> {
  return new Map(
    own.map((upstream) => {
      const id = `${serviceId}.${upstream.id}`;
      const other = taken.get(id);
      const isFree = other === undefined || JSON.stringify(other) === JSON.stringify({ ...upstream, id });
      return [upstream.id, isFree ? id : `${serviceId}@${release}.${upstream.id}`];
    }),
  );
}

function placed(
  route: NamedRoute,
  release: number,
  upstreams: ReadonlyMap<string, string>,
  { prefix, headers, share }: Place,
  { service, auth, limits, world }: Shared,
): NamedRoute {
  const { match, upstream } = route;
  const path = below(prefix, match.path);
  const { set, add } = lifeFields(service);
  const response = route.headers.response;
  return {
    ...route,
    id: `${service.id}@${release}/${route.id}`,
    match: {
      ...match,
      ...{ hosts: [...service.hosts], path, headers: [...match.headers, ...headers] },
      ...(share === null ? {} : { share }),
    },
    ...(upstream === undefined
      ? {}
      : { upstream: upstreams.get(upstream) ?? upstream, rewrite: rewriteOf(route, prefix) }),
    ...(route.contract === undefined ? {} : { contract: { ...route.contract, of: `${service.id}@${release}` } }),
    ai: aiOf(route.ai, world),
    fallback: route.fallback.map((entry) =>
      entry.upstream === undefined ? entry : { ...entry, upstream: upstreams.get(entry.upstream) ?? entry.upstream },
    ),
    auth: [...auth],
    limits: [...route.limits, ...limits],
    headers: {
      ...route.headers,
      response: { ...response, set: [...response.set, ...set], add: [...response.add, ...add] },
    },
  };
}

function below(prefix: string, path: PathMatchSpec): PathMatchSpec {
  if (path.kind === 'exact') return { kind: 'exact', path: `${prefix}${path.path}` };
  if (path.kind === 'template') return { kind: 'template', template: `${prefix}${path.template}` };
  return { kind: 'prefix', prefix: path.prefix === '/' ? prefix : `${prefix}${path.prefix}` };
}

/** The upstream sees the path that the design speaks of: where the service lies is the gateway's matter. */
function rewriteOf({ rewrite, match }: Route, prefix: string): Route['rewrite'] {
  const ownPrefix = match.path.kind === 'prefix' && match.path.prefix !== '/' ? match.path.prefix : '';
  if (rewrite?.path !== undefined) return rewrite;
  if (rewrite?.replacePrefix !== undefined) {
    const { from = ownPrefix, with: instead } = rewrite.replacePrefix;
    return { replacePrefix: { from: `${prefix}${from === '/' ? '' : from}`, with: instead } };
  }
  const strip = rewrite?.stripPrefix;
  const own = strip === true ? ownPrefix : typeof strip === 'string' && strip !== '/' ? strip : '';
  return { stripPrefix: `${prefix}${own}` };
}

/** A team asks for models by the names that the operator has given them: never for any model of any provider. */
function aiOf(ai: Route['ai'], { models }: ManagedWorld): Route['ai'] {
  if (ai === null) return null;
  return { ...ai, models: ai.models.length === 0 ? [...models] : ai.models, prompts: ai.prompts ?? [] };
}

function missingNames(routes: readonly NamedRoute[], world: ManagedWorld): Finding[] {
  return routes.flatMap(({ ai }, i) => {
    if (ai === null) return [];
    const named = [
      ...(['models', 'prompts', 'guards'] as const).flatMap((word) => (ai[word] ?? []).map((name) => ({ word, name }))),
    ];
    const unknown = named.filter(({ word, name }) => !world[word].has(name));
    const none = ai.models.length === 0 && !ai.promptsOnly && world.models.size === 0;
    return [
      ...unknown.map(({ word, name }) =>
        findError(
          ['routes', i, 'ai', word],
          `the gateway has no ${word.slice(0, -1)} ${name}`,
          `there is ${[...world[word]].join(', ') || 'none'}`,
        ),
      ),
      ...(none
        ? [
            findError(
              ['routes', i, 'ai'],
              'the gateway has no models',
              'the operator names them in weir.yaml, under ai.models',
            ),
          ]
        : []),
    ];
  });
}

function authOf({ id, kind, access, plans }: Service): readonly Auth[] {
  if (access === 'open') return [];
  // Clients of models send their key as a bearer. Elsewhere Authorization may be the user's own, for the upstream.
  const places = kind === 'rest' ? ['header:x-api-key'] : ['bearer', 'header:x-api-key'];
  const consumers = plans.map((plan) => `@${groupOf(id, plan.id)}`);
  return authSchema.parse([{ apiKey: { in: places, consumers } }]);
}

/** One for all routes of the service, for those alone who have the plan. */
function planLimit(serviceId: string, planId: string, limit: Limit): Limit {
  const group = groupOf(serviceId, planId);
  return { ...limit, consumers: [`@${group}`], scope: group };
}
