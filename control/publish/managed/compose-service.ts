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
import type { AiRoute } from '@weir/proto/config/ai.js';
import type { Budget } from '@weir/proto/config/ai-budgets.js';
import { type Auth, authSchema } from '@weir/proto/config/auth.js';
import type { ContractEntry } from '@weir/proto/config/contract.js';
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { Limit } from '@weir/proto/config/limits.js';
import type { Route } from '@weir/proto/config/route.js';
import type { PathMatchSpec, ShareSpec, ValueMatchSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Design, LiveRelease, Service } from '../../model/entities.js';
import { lintUnpriced } from '../lint-ai-budgets.js';
import { type ManagedAi, placeAi, routeIn, withBudgets, withNames } from './compose-ai.js';
import { groupOf } from './consumers-of.js';
import { lifeFields } from './life-fields.js';
import { type NamedRoute, type NamedUpstream, readDesign, readPlan } from './read-design.js';

/** What of weir.yaml and the registry a design may name. */
export interface ManagedWorld {
  /** Virtual models that weir.yaml defines. */
  readonly models: ReadonlySet<string>;
  readonly prompts: ReadonlySet<string>;
  readonly guards: ReadonlySet<string>;
  /** What the first live release of a service of that team has of its own; null: there is no such thing. */
  aiOf(teamId: string, serviceId: string): ManagedAi | null;
  hasSecret(teamId: string, name: string): boolean;
}

export interface Composed {
  readonly upstreams: readonly NamedUpstream[];
  readonly routes: readonly NamedRoute[];
  /** Of releases whose routes are held to one: `SERVICE@RELEASE`. */
  readonly contracts: readonly ContractEntry[];
  /** Of releases that have names of models and prompts of their own. */
  readonly ais: readonly ManagedAi[];
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
    limits: plansRead.flatMap(({ plan, limits }) => limits.map((limit) => ofPlan(service.id, plan.id, limit))),
    budgets: plansRead.flatMap(({ plan, budgets }) => budgets.map((budget) => ofPlan(service.id, plan.id, budget))),
  };
  const upstreams = new Map<string, NamedUpstream>();
  const routes: NamedRoute[] = [];
  const contracts: ContractEntry[] = [];
  const ais: ManagedAi[] = [];
  const placedAis = placeAi(service, served, service.teamId);
  const secrets = new Set<string>();
  const findings: Finding[] = plansRead.flatMap((each) => each.findings);
  if (shared.limits.length + shared.budgets.length > PLAN_LIMITS_MAX)
    findings.push(
      findError(['plans'], `more than ${PLAN_LIMITS_MAX} limits, all plans together`, 'remove some of them'),
    );
  for (const [index, live] of served.entries()) {
    const read = readDesign(live.design, service.teamId);
    const own = placedAis[index] ?? null;
    const named =
      own === null
        ? null
        : withNames(
            own,
            read.routes.map(({ ai }) => ai),
            { service, world },
          );
    if (named !== null) ais.push(named.ai);
    // Budgets of money over models whose price nobody can know.
    if (read.ai !== null) findings.push(...lintUnpriced({ ...read.ai, limits: shared.budgets }, []));
    findings.push(...read.findings, ...(named?.findings ?? []), ...missingNames(read.routes, own, world));
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
    for (const route of read.routes) routes.push(placed(route, live.release, ids, place, { ...shared, own }));
  }
  if (shared.budgets.length > 0 && routes.every(({ ai }) => ai === null))
    findings.push(findWarning(['plans'], 'budgets are of models, and no route of the service asks any', 'remove them'));
  return { upstreams: [...upstreams.values()], routes, contracts, ais, secrets: [...secrets], findings };
}

/** So that a route has fifty at most, its own with them. */
const PLAN_LIMITS_MAX = 30;

interface Shared {
  readonly service: Service;
  readonly auth: readonly Auth[];
  readonly limits: readonly Limit[];
  readonly budgets: readonly Budget[];
  readonly world: ManagedWorld;
}

type Around = Shared & { readonly own: ManagedAi | null };

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
  { service, auth, limits, budgets, own, world }: Around,
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
    ai: route.ai === null ? null : withBudgets(aiOf(route.ai, own, world), budgets),
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

/** A team asks for models of its own, or by the names that the operator has given: never for any model of the operator's providers. */
function aiOf(ai: AiRoute, own: ManagedAi | null, world: ManagedWorld): AiRoute {
  if (own !== null) return routeIn(ai, own, world);
  return { ...ai, models: ai.models.length === 0 ? [...world.models] : ai.models, prompts: ai.prompts ?? [] };
}

function missingNames(routes: readonly NamedRoute[], own: ManagedAi | null, world: ManagedWorld): Finding[] {
  const guards = new Set([...world.guards, ...(own?.guards ?? []).map(({ id }) => id)]);
  const prompts = own === null ? world.prompts : new Set(own.prompts.map(({ id }) => id));
  return routes.flatMap(({ ai }, i) => {
    if (ai === null) return [];
    const path = ['routes', i, 'ai'];
    const none = own === null && ai.models.length === 0 && !ai.promptsOnly && world.models.size === 0;
    return [
      // Of its own, its names of models have been looked at.
      ...(own === null ? unknownIn('model', ai.models, world.models, path) : []),
      ...unknownIn('prompt', ai.prompts ?? [], prompts, path),
      ...unknownIn('guard', ai.guards, guards, path),
      ...(none ? [findError(path, 'the gateway has no models', NO_MODELS)] : []),
    ];
  });
}

const NO_MODELS = 'name providers of your own under ai.providers; or the operator names models in weir.yaml';

function unknownIn(what: string, names: readonly string[], known: ReadonlySet<string>, path: Path): Finding[] {
  const cure = `there is ${[...known].join(', ') || 'none'}`;
  return names
    .filter((name) => !known.has(name))
    .map((name) => findError([...path, `${what}s`], `the gateway has no ${what} ${name}`, cure));
}

/** Where its callers may put their key, in the words of `apiKey.in`. A token that they sign goes as a bearer in any case. */
export function keyPlacesOf({ kind }: Pick<Service, 'kind'>): readonly string[] {
  // Clients of models send their key as a bearer. Elsewhere Authorization may be the user's own, for the upstream.
  return kind === 'rest' ? ['header:x-api-key'] : ['bearer', 'header:x-api-key'];
}

function authOf(service: Service): readonly Auth[] {
  const { id, access, plans } = service;
  if (access === 'open') return [];
  const places = keyPlacesOf(service);
  const consumers = plans.map((plan) => `@${groupOf(id, plan.id)}`);
  // A key first: it is known without a signature.
  return authSchema.parse([{ apiKey: { in: places, consumers } }, { jwt: { consumers, hide: true } }]);
}

/** One for all routes of the service, for those alone who have the plan. */
function ofPlan<T extends object>(
  serviceId: string,
  planId: string,
  limit: T,
): T & { consumers: string[]; scope: string } {
  const group = groupOf(serviceId, planId);
  return { ...limit, consumers: [`@${group}`], scope: group };
}
