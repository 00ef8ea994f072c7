/**
 * A service's design from its contract: a route for each operation, in the words of weir.yaml, an upstream from `servers`, and what a person should know
 * before it is published. Paths are relative to the base path of the service; each route says what its upstream is asked for, so that it
 * does not matter where the service lies. Pure.
 */
import { routeSchema } from '@weir/proto/config/route.js';
import { pointerTo } from '@weir/proto/contract/json-value.js';
import type { Design } from '../model/entities.js';
import type { Contract, Operation, Server } from './contract.js';
import { type ContractFault, ContractFaults, shown } from './contract-faults.js';
import { readDesignExtensions } from './design-extensions.js';
import { readTemplate, routePathOf, shapeOf } from './path-template.js';
import { unenforced } from './unenforced.js';

export interface DesignSummary {
  readonly title: string;
  readonly version: string;
  readonly dialect: Contract['dialect'];
  readonly operations: readonly OperationSummary[];
  /** Where requests go; empty: nowhere yet, and examples answer. */
  readonly upstream: string;
}

export interface OperationSummary {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly isDeprecated: boolean;
}

export interface DesignedContract {
  readonly design: Design;
  readonly summary: DesignSummary;
  /** Errors: there is something that no route can be made of, and the design is without it. */
  readonly faults: readonly ContractFault[];
}

/** `text`: the document as JSON, which the design keeps. */
export function designOf(contract: Contract, text = JSON.stringify(contract.document)): DesignedContract {
  const faults = new ContractFaults();
  const upstreams = new Upstreams(contract.servers, faults);
  const routes = contract.operations.flatMap((operation) => routeOf(operation, upstreams, faults));
  unenforced(contract, faults);
  const mock = upstreams.list.length === 0;
  if (mock) {
    const cure = 'add servers: [{ url: https://… }], or an upstream to the design';
    faults.warn('/servers', 'the contract names no server, so its examples answer until there is an upstream', cure);
  }
  return {
    design: {
      contract: text,
      upstreams: upstreams.list,
      routes: withoutClashes(routes, faults),
      validate: 'refuse',
      mock,
    },
    summary: {
      ...{ title: contract.title, version: contract.version, dialect: contract.dialect },
      operations: contract.operations.map(({ id, method, path, summary, isDeprecated }) => ({
        id,
        method,
        path,
        summary,
        isDeprecated,
      })),
      upstream: upstreams.list[0]?.targets[0] ?? '',
    },
    faults: faults.all(() => new Map()),
  };
}

/** A route as a person would write it. */
export interface DesignedRoute {
  readonly id: string;
  readonly match: { readonly path: string; readonly methods: readonly string[] };
  readonly upstream?: string;
  readonly rewrite?: { readonly path: string };
  readonly contract?: { readonly operation: string };
  readonly [more: string]: unknown;
}

interface MadeRoute {
  readonly route: DesignedRoute;
  readonly operation: Operation;
  readonly shape: string;
}

function routeOf(operation: Operation, upstreams: Upstreams, faults: ContractFaults): MadeRoute[] {
  const segments = readTemplate(operation.path);
  const routePath = segments === null ? null : routePathOf(segments);
  if (segments === null || routePath === null) {
    faults.error(
      operation.pointer,
      `no route can have the path ${shown(operation.path)}`,
      'percent-encode what is no letter, digit or one of -._~',
    );
    return [];
  }
  if (segments.some(({ kind }) => kind === 'mixed'))
    faults.warn(
      operation.pointer,
      'a parameter is a part of a segment of the path, and is not looked at',
      'give it a segment of its own: /{name}/',
    );
  const upstream = upstreams.of(operation);
  const route: DesignedRoute = {
    id: operation.id,
    match: { path: routePath.path, methods: [operation.method] },
    ...(upstream === null ? {} : { upstream: upstream.id, rewrite: { path: `${upstream.prefix}${routePath.path}` } }),
    contract: { operation: operation.id },
    ...readDesignExtensions(operation, faults),
  };
  const read = routeSchema.safeParse(route);
  if (!read.success) {
    const [issue] = read.error.issues;
    const where = issue?.path.map(String) ?? [];
    faults.error(
      operation.pointer,
      `no route can be made of the operation ${operation.id}: ${where.join('.')} ${issue?.message ?? ''}`,
      'correct what is named',
    );
    return [];
  }
  return [{ route, operation, shape: `${operation.method} ${shapeOf(readTemplate(routePath.path) ?? [])}` }];
}

/** `/a/{x}:start` and `/a/{x}:stop` are one route, which takes both as they come. */
function withoutClashes(made: readonly MadeRoute[], faults: ContractFaults): DesignedRoute[] {
  const byShape = new Map<string, MadeRoute[]>();
  for (const one of made) byShape.set(one.shape, [...(byShape.get(one.shape) ?? []), one]);
  return [...byShape.values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    if (alike.length === 1) return [first.route];
    const names = alike.map(({ operation }) => operation.id).join(', ');
    const message = `one route takes ${shown(names)}, and their requests are not held to the contract`;
    faults.warn(first.operation.pointer, message, 'tell them apart by whole segments of the path');
    const { contract: _, ...route } = first.route;
    return [route];
  });
}

interface DesignedUpstream {
  readonly id: string;
  readonly targets: readonly string[];
}

/** Of several servers the first is taken: they are places to choose from, not ones to share requests out to. */
class Upstreams {
  readonly list: DesignedUpstream[] = [];
  readonly #servers: readonly Server[];
  readonly #faults: ContractFaults;

  constructor(servers: readonly Server[], faults: ContractFaults) {
    this.#servers = servers;
    this.#faults = faults;
    if (servers.length > 1)
      faults.warn(
        pointerTo('/servers', 1),
        `the first of ${servers.length} servers is taken`,
        'put the one that is meant first',
      );
  }

  of(operation: Operation): { readonly id: string; readonly prefix: string } | null {
    const [server] = operation.servers.length > 0 ? operation.servers : this.#servers;
    const url = server === undefined ? null : urlOf(server.url);
    if (server === undefined || url === null) {
      if (server !== undefined && /^[a-z]/i.test(server.url))
        this.#faults.warn(
          '/servers',
          `${shown(server.url)} is no address that requests can go to`,
          'write https://api.example.com',
        );
      return null;
    }
    const known = this.list.find(({ targets }) => targets[0] === url.origin);
    const id = known?.id ?? (this.list.length === 0 ? 'main' : `main-${this.list.length + 1}`);
    if (known === undefined) this.list.push({ id, targets: [url.origin] });
    return { id, prefix: url.pathname.replace(/\/+$/, '') };
  }
}

function urlOf(text: string): URL | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  return /[{}%]/.test(url.pathname) ? null : url;
}

/**
 * Routes of a design as a config has them: those that name an operation say whose, how requests are held to it, and whether its
 * examples answer. What a route says itself stays.
 */
export function routesHeld(design: Pick<Design, 'routes' | 'validate' | 'mock'>, contractId: string): unknown[] {
  return design.routes.map((route) => {
    const written = typeof route === 'object' && route !== null && 'contract' in route ? route.contract : undefined;
    if (written === undefined || typeof route !== 'object') return route;
    const stated = typeof written === 'string' ? { operation: written } : written;
    const held = {
      of: contractId,
      validate: design.validate,
      ...(design.mock ? { mock: true } : {}),
      ...(stated as object),
    };
    return { ...route, contract: held };
  });
}
