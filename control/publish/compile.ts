/**
 * From a sound config to the snapshot that nodes run: inheritance is resolved, defaults that depend on other settings
 * are filled in, keys and passwords are hashed. Pure: hashes, version and time are passed in.
 */

import type { Rewrite } from '@weir/proto/config/action.js';
import type { WeirConfig } from '@weir/proto/config/document.js';
import type { Gateway } from '@weir/proto/config/gateway.js';
import type { Route } from '@weir/proto/config/route.js';
import type { Upstream } from '@weir/proto/config/upstream.js';
import { snapshotFormat } from '@weir/proto/snapshot/codec.js';
import type { ContractSpec } from '@weir/proto/snapshot/contract.js';
import type {
  ActionSpec,
  MatchSpec,
  RewriteSpec,
  RouteSpec,
  RouteTimeouts,
  Snapshot,
  UpstreamSpec,
} from '@weir/proto/snapshot/snapshot.js';
import {
  type AiOfServices,
  aiRouteParts,
  aiTimeouts,
  compileAi,
  compileAiRoute,
  hasAiTimeouts,
  providerUpstream,
} from './compile-ai.js';
import { compileCached } from './compile-cache.js';
import { compileAuth, compileConsumer, compileLimit, type Hashing } from './compile-callers.js';
import { compileBatchRoute, compileCoalesce, compileComposeRoute, composeRouteParts } from './compile-compose.js';
import { compileContracts, compileMock } from './compile-contract.js';
import { compileGateway } from './compile-gateway.js';
import { compileManagedAi, joinedAi } from './compile-managed-ai.js';
import { compileMcpRoute, mcpRouteParts } from './compile-mcp.js';
import { compileConversions, compileMask, compileOptimize } from './compile-optimize.js';
import { compileEdits, compileRouteResilience } from './compile-resilience.js';
import { effectiveTimeouts } from './compile-timeouts.js';
import { compileUpstream } from './compile-upstream.js';
import { knownRoutes } from './known-routes.js';
import type { ManagedService } from './managed/managed-config.js';
import type { Merged } from './managed/merge-managed.js';
import { routeIds, upstreamIds } from './names.js';
import { ofTeam } from './of-team.js';

export interface CompileContext extends Hashing {
  readonly version: number;
  readonly createdWallMs: number;
  /** What the registry adds; left out: there is none. */
  readonly managed?: Merged & { readonly number: number };
}

/** `config` has passed parsing and lint; nothing in here can fail. */
export function compileSnapshot(config: WeirConfig, context: CompileContext): Snapshot {
  const consumers = new Set(config.consumers.map(({ id }) => id));
  const { managed } = context;
  const parts =
    managed === undefined ? noManagedParts : managedParts(managed, { config, consumers, sha256Hex: context.sha256Hex });
  const teams = managed?.consumers ?? [];
  const { gateway, upstreams, routes, contracts } = knownServed(config, parts, consumers, context);
  return {
    format: snapshotFormat,
    version: context.version,
    createdWallMs: context.createdWallMs,
    ...(managed === undefined ? {} : { registry: managed.number }),
    ...(managed === undefined || managed.secrets.length === 0 ? {} : { secrets: managed.secrets }),
    ...{ gateway, upstreams, routes },
    consumers: [
      ...config.consumers.map((consumer) => compileConsumer(consumer, context)),
      ...teams.map(({ spec }) => spec),
    ],
    contracts,
    ai: compileAi(
      config.ai,
      () => [...config.consumers, ...teams.map(({ spec: { id }, team }) => ({ id, team }))],
      parts.ai,
    ),
  };
}

type Served = Pick<Snapshot, 'gateway' | 'upstreams' | 'routes' | 'contracts'>;

/** By what the services come to: the very lists of the snapshot before, for as long as these and the config are the same, whatever keys come and go. */
const servedKnown = new WeakMap<ManagedParts, { readonly config: WeirConfig; readonly served: Served }>();

function knownServed(
  config: WeirConfig,
  parts: ManagedParts,
  consumers: ReadonlySet<string>,
  { sha256Hex }: Pick<CompileContext, 'sha256Hex'>,
): Served {
  const known = servedKnown.get(parts);
  if (known?.config === config) return known.served;
  const served = compileServed(config, parts, consumers, sha256Hex);
  if (parts !== noManagedParts) servedKnown.set(parts, { config, served });
  return served;
}

function compileServed(
  config: WeirConfig,
  parts: ManagedParts,
  consumers: ReadonlySet<string>,
  sha256Hex: (text: string) => string,
): Served {
  const upstreams = upstreamIds(config.upstreams);
  const byId = new Map(config.upstreams.map((upstream, index) => [upstreams[index], upstream]));
  const ids = routeIds(config.routes);
  const { contracts, held } = compileContracts(config);
  const around = { config, ids, consumers, sha256Hex, upstream: (id: string) => byId.get(id) };
  const known = knownRoutes({ config, consumers, sha256Hex });
  return {
    gateway: compileGateway(config.gateway, [...config.routes, ...parts.written]),
    upstreams: [
      ...config.upstreams.map((upstream, index) => compileUpstream(upstream, upstreams[index] ?? '')),
      ...(config.ai?.providers ?? [])
        .map((provider) => providerUpstream(provider))
        .map((upstream) => compileUpstream(upstream, upstream.id ?? '')),
      ...parts.upstreams,
    ],
    routes: [
      ...config.routes.map((route, index) => {
        const target = isMadeOfOthers(route) ? '' : (route.upstream ?? upstreams[0] ?? '');
        const [id, contract] = [ids[index] ?? '', held[index] ?? null];
        const make = (): RouteSpec => compileWhole(route, id, target, { ...around, contract });
        // What these come to depends on other routes as well.
        return isMadeOfOthers(route) || route.mcp !== null
          ? make()
          : known.route(route, { id, target, contract }, make);
      }),
      ...parts.routes,
    ],
    contracts: [...contracts, ...parts.contracts],
  };
}

interface Around {
  readonly config: WeirConfig;
  /** Of all routes of weir.yaml. */
  readonly ids: readonly string[];
  /** Ids of the operator's own. */
  readonly consumers: ReadonlySet<string>;
  readonly upstream: (id: string) => Upstream | undefined;
  readonly sha256Hex: (text: string) => string;
  /** What the route is held to. */
  readonly contract: RouteSpec['contract'];
}

function compileWhole(
  route: Route,
  id: string,
  target: string,
  { config, ids, consumers, upstream, sha256Hex, contract }: Around,
): RouteSpec {
  const optimize = compileOptimize(route.optimize);
  const timeoutsAt = (asked: string): RouteTimeouts => {
    const ofUpstream = hasAiTimeouts(route) ? aiTimeouts : upstream(asked)?.timeouts;
    return effectiveTimeouts(config.gateway.timeouts, ofUpstream, route.timeouts);
  };
  return {
    ...compileRoute(route, id, compileAction(route, target, config, ids), timeoutsAt(target)),
    ...compileRouteResilience(route, timeoutsAt),
    ...compileCached(route, config.gateway, consumers),
    contract,
    coalesce: compileCoalesce(route.coalesce, route),
    ...(route.ai === null ? {} : aiRouteParts(route)),
    ...(route.mcp === null ? {} : mcpRouteParts(route, route.auth.map(compileAuth))),
    ...(isMadeOfOthers(route) ? composeRouteParts(route, route.auth.map(compileAuth)) : {}),
    ...(optimize === undefined ? {} : { optimize }),
    ...compileConversions(route, sha256Hex),
    ...compileMask(route),
  };
}

interface ManagedParts {
  readonly upstreams: readonly UpstreamSpec[];
  readonly routes: readonly RouteSpec[];
  readonly contracts: readonly ContractSpec[];
  readonly written: readonly Route[];
  readonly ai: AiOfServices;
}

const noAi: AiOfServices = { providers: [], spaces: [], prices: [] };
const noManagedParts: ManagedParts = { upstreams: [], routes: [], contracts: [], written: [], ai: noAi };

/** What services come to with one gateway around them; a service that did not change is what it was. */
const compiledServices = new WeakMap<Gateway, WeakMap<ManagedService, ManagedParts>>();

type Common = Pick<Around, 'config' | 'consumers' | 'sha256Hex'>;

function knownParts({ gateway }: WeirConfig): WeakMap<ManagedService, ManagedParts> {
  const known = compiledServices.get(gateway) ?? new WeakMap<ManagedService, ManagedParts>();
  compiledServices.set(gateway, known);
  return known;
}

/** What compileSnapshot would have to do for services that are new to it, ahead of it and one at a time, for whoever has others to serve meanwhile. */
export function* compilingServices(
  config: WeirConfig,
  services: readonly ManagedService[],
  sha256Hex: CompileContext['sha256Hex'],
): Generator<void, void> {
  if (allCompiled.get(services) === config.gateway) return;
  const known = knownParts(config);
  const common = { config, sha256Hex, consumers: new Set(config.consumers.map(({ id }) => id)) };
  for (const service of services) {
    if (known.has(service)) continue;
    known.set(service, compileService(service, common));
    yield;
  }
  allCompiled.set(services, config.gateway);
}

/** Lists of which each service is known with that gateway. */
const allCompiled = new WeakMap<readonly ManagedService[], Gateway>();

/** Of lists of services that stay the same while keys come and go. */
const joinedParts = new WeakMap<
  readonly ManagedService[],
  { readonly config: WeirConfig; readonly parts: ManagedParts }
>();

function managedParts({ services }: Merged, common: Common): ManagedParts {
  const known = joinedParts.get(services);
  if (known?.config === common.config) return known.parts;
  const parts = partsOf(services, common);
  joinedParts.set(services, { config: common.config, parts });
  return parts;
}

function partsOf(services: readonly ManagedService[], common: Common): ManagedParts {
  const known = knownParts(common.config);
  const all: { upstreams: UpstreamSpec[]; routes: RouteSpec[]; contracts: ContractSpec[]; written: Route[] } = {
    ...{ upstreams: [], routes: [], contracts: [], written: [] },
  };
  const ais: AiOfServices[] = [];
  for (const service of services) {
    const parts = known.get(service) ?? compileService(service, common);
    known.set(service, parts);
    all.upstreams.push(...parts.upstreams);
    all.routes.push(...parts.routes);
    all.contracts.push(...parts.contracts);
    all.written.push(...parts.written);
    if (parts.ai.spaces.length > 0) ais.push(parts.ai);
  }
  return { ...all, ai: joinedAi(ais) };
}

function compileService(service: ManagedService, common: Common): ManagedParts {
  const byId = new Map(service.upstreams.map((upstream) => [upstream.id, upstream]));
  const { contracts, held } = compileContracts(service);
  const config = { ...common.config, contracts: [...service.contracts] };
  const around = { ...common, config, ids: [], upstream: (id: string) => byId.get(id) };
  const { upstreams, ...ai } = compileManagedAi(service.ais);
  return ofTeam(service.service.basePath, {
    upstreams: [...service.upstreams, ...upstreams].map((upstream) => compileUpstream(upstream, upstream.id)),
    routes: service.routes.map((route, index) =>
      compileWhole(route, route.id, route.upstream ?? '', { ...around, contract: held[index] ?? null }),
    ),
    contracts,
    written: service.routes,
    ai,
  });
}

type ResilientParts = keyof ReturnType<typeof compileRouteResilience>;

function compileRoute(
  route: Route,
  id: string,
  action: ActionSpec,
  timeouts: RouteTimeouts,
): Omit<RouteSpec, 'match' | 'cache' | 'coalesce' | 'contract' | ResilientParts> {
  const { request, response } = route.headers;
  return {
    id,
    action,
    timeouts,
    requestHeaders: compileEdits(request),
    responseHeaders: compileEdits(response),
    cors:
      route.cors === undefined
        ? null
        : {
            origins: route.cors.origins,
            methods: route.cors.methods,
            headers: route.cors.headers,
            exposeHeaders: route.cors.exposeHeaders,
            credentials: route.cors.credentials,
            maxAgeS: Math.floor(route.cors.maxAge / 1000),
          },
    addresses: route.addresses ?? null,
    auth: route.auth.map(compileAuth),
    limits: route.limits.map((limit) => compileLimit(limit, route.auth.length > 0)),
    bodyBytesMax: route.bodyLimit,
    websocket: websocketOf(route),
  };
}

/** It asks other routes, and no upstream. */
const isMadeOfOthers = ({ compose, batch }: Route): boolean => compose !== undefined || batch !== undefined;

function websocketOf({ websocket }: Route): RouteSpec['websocket'] {
  return websocket === null ? null : { idleMs: websocket.idle, origins: websocket.origins ?? null };
}

function compileAction(route: Route, upstream: string, config: WeirConfig, ids: readonly string[]): ActionSpec {
  const mock = compileMock(route, config.contracts);
  if (mock !== null) return mock;
  if (route.ai !== null) return compileAiRoute(route.ai, config.gateway.timeouts, route);
  if (route.mcp !== null) return compileMcpRoute(route.mcp, route, config, ids);
  if (route.compose !== undefined) return compileComposeRoute(route.compose, route, config.routes, ids);
  if (route.batch !== undefined) return compileBatchRoute(route.batch);
  if (route.redirect !== undefined)
    return { kind: 'redirect', status: route.redirect.status, location: route.redirect.to };
  if (route.respond === undefined)
    return { kind: 'proxy', upstream, rewrite: compileRewrite(route.rewrite, route.match) };
  const { status, headers, body } = route.respond;
  return { kind: 'respond', status, headers: headers.flat(), body };
}

function compileRewrite(rewrite: Rewrite | undefined, match: MatchSpec): RewriteSpec | null {
  if (rewrite === undefined) return null;
  if (rewrite.path !== undefined) return { kind: 'path', template: rewrite.path };
  const { stripPrefix, replacePrefix } = rewrite;
  if (replacePrefix !== undefined) {
    return { kind: 'replace-prefix', prefix: replacePrefix.from ?? prefixOf(match), with: replacePrefix.with };
  }
  if (stripPrefix === undefined || stripPrefix === false) return null;
  return { kind: 'strip-prefix', prefix: stripPrefix === true ? prefixOf(match) : stripPrefix };
}

/** Lint has seen to it that the route matches a prefix where this is asked for. */
function prefixOf(match: MatchSpec): string {
  return match.path.kind === 'prefix' ? match.path.prefix : '/';
}
