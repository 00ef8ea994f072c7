/**
 * The contract of a service as its callers see it: OpenAPI 3.1 with the gateway's address, its ways to authenticate, and the answers that the
 * gateway itself gives. Operations that no route serves are left out, and those that routes have beside are put in. Pure.
 */
import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  member,
  objectAt,
  textAt,
} from '@weir/proto/contract/json-value.js';
import type { Design, Plan, Service } from '../model/entities.js';
import { httpMethods } from './contract.js';
import { derivedDocument } from './derive.js';
import { readContract } from './read.js';
import { upgraded } from './upgrade.js';

/** What of a service stands in its contract. */
export type ExportedService = Pick<
  Service,
  'name' | 'description' | 'basePath' | 'access' | 'plans' | 'deprecation' | 'stage'
>;

export interface GatewayFacts {
  /** Where clients reach it, without the base path: `https://api.example.com`. */
  readonly urls: readonly string[];
  /** Where a key may stand, in the words of `apiKey.in`: `header:x-api-key`, `bearer`. */
  readonly keyPlaces: readonly string[];
  /** Name of the version that callers ask for; empty: there is one. */
  readonly version: string;
}

/** `document`: of a service that is described elsewhere (prompts); left out: the design's own, or one made from its routes. */
export function exportedContract(
  service: ExportedService,
  design: Design,
  gateway: GatewayFacts,
  document?: JsonObject,
): JsonObject {
  const own =
    document ??
    (design.contract === '' ? derivedDocument(design.routes, service.name, service.description) : served(design));
  return withGateway(upgraded(own), service, design, gateway);
}

/** The design's document with the operations that it has routes for. */
function served(design: Design): JsonObject {
  const { contract } = readContract(design.contract);
  if (contract === null) return derivedDocument(design.routes, '', '');
  const held = new Set(design.routes.flatMap((route) => operationIn(route) ?? []));
  const others = design.routes.filter((route) => operationIn(route) === null);
  const isServed = new Set(
    contract.operations
      .filter(({ id, operationId }) => held.has(id) || held.has(operationId))
      .map(({ method, path }) => `${method} ${path}`),
  );
  const paths: Record<string, Json> = {};
  for (const [path, item] of Object.entries(objectAt(contract.document, 'paths'))) {
    if (!isObject(item)) continue;
    const kept = Object.entries(item).filter(([key]) => !isMethod(key) || isServed.has(`${key.toUpperCase()} ${path}`));
    if (kept.some(([key]) => isMethod(key)) || member(item, '$ref') !== undefined)
      paths[path] = Object.fromEntries(kept);
  }
  const added = objectAt(derivedDocument(others, '', ''), 'paths');
  for (const [path, item] of Object.entries(added)) paths[path] ??= item;
  return { ...contract.document, paths };
}

const isMethod = (key: string): boolean => httpMethods.some((method) => method.toLowerCase() === key);

function operationIn(route: unknown): string | null {
  if (typeof route !== 'object' || route === null || !('contract' in route)) return null;
  const { contract } = route;
  if (typeof contract === 'string') return contract;
  const operation: unknown =
    typeof contract === 'object' && contract !== null ? Reflect.get(contract, 'operation') : null;
  return typeof operation === 'string' ? operation : null;
}

function withGateway(
  document: JsonObject,
  service: ExportedService,
  design: Design,
  gateway: GatewayFacts,
): JsonObject {
  const { security: _, servers: __, ...rest } = document;
  const components = objectAt(document, 'components');
  const schemes = service.access === 'key' ? schemesOf(gateway.keyPlaces) : {};
  const own = objectAt(components, 'securitySchemes');
  const problems = new Problems(components);
  const ways: readonly JsonObject[] = Object.keys(schemes).map((name) => ({ [name]: [] }));
  const paths = mapValues(objectAt(document, 'paths'), (item) =>
    mapValues(item, (operation, key) => {
      if (!isMethod(key) || !isObject(operation)) return operation;
      const asked = combined(ways, member(operation, 'security') ?? member(document, 'security'));
      const isDeprecated = service.deprecation !== null || member(operation, 'deprecated') === true;
      const { security: ___, servers: ____, deprecated: _____, ...kept } = operation;
      return {
        ...kept,
        ...(isDeprecated ? { deprecated: true } : {}),
        ...(asked === null ? {} : { security: asked }),
        responses: { ...objectAt(operation, 'responses'), ...problems.for(operation, service, design) },
      };
    }),
  );
  const isSecured = Object.keys(schemes).length > 0;
  return {
    ...rest,
    info: infoOf(document, service, gateway),
    servers: gateway.urls.map((url) => ({
      url: `${url.replace(/\/+$/, '')}${service.basePath === '/' ? '' : service.basePath}`,
    })),
    ...(isSecured ? { security: ways } : {}),
    paths,
    components: {
      ...components,
      ...(isSecured || Object.keys(own).length > 0 ? { securitySchemes: { ...own, ...schemes } } : {}),
      ...problems.components(),
    },
    ...(service.plans.length === 0 ? {} : { 'x-weir-plans': service.plans.map(planOf) }),
    ...(service.deprecation === null ? {} : { 'x-weir-deprecation': deprecationOf(service.deprecation) }),
  };
}

function infoOf(document: JsonObject, { name, description }: ExportedService, { version }: GatewayFacts): JsonObject {
  const info = objectAt(document, 'info');
  const said = textAt(info, 'description') || description;
  return {
    ...info,
    title: name || textAt(info, 'title') || 'API',
    version: version || textAt(info, 'version') || '1',
    ...(said === '' ? {} : { description: said }),
  };
}

// Written by control as JSON, so it is.
const planOf = ({ id, name, limits, approval }: Plan): JsonObject => ({ id, name, limits: limits as Json, approval });

function deprecationOf({ sinceWallMs, sunsetWallMs, link }: NonNullable<Service['deprecation']>): JsonObject {
  const dateOf = (wallMs: number): string => new Date(wallMs).toISOString();
  return {
    since: dateOf(sinceWallMs),
    ...(sunsetWallMs === null ? {} : { sunset: dateOf(sunsetWallMs) }),
    ...(link === '' ? {} : { link }),
  };
}

/** Each by itself is enough: a key, or a token that the application signs (`jwt` of docs/services.md, public keys). */
function schemesOf(keyPlaces: readonly string[]): Record<string, JsonObject> {
  const description = 'A key of an application that is subscribed to this service.';
  const ofKeys = keyPlaces.map((place): readonly [string, JsonObject] => {
    if (place === 'bearer') return ['gatewayBearer', { type: 'http', scheme: 'bearer', description }];
    const name = place.replace('header:', '');
    return [`gatewayKey-${name}`, { type: 'apiKey', in: 'header', name, description }];
  });
  return { ...Object.fromEntries(ofKeys), gatewayToken: TOKEN_SCHEME };
}

const TOKEN_SCHEME: JsonObject = {
  ...{ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  description:
    'A token that a subscribed application signs itself, by a key whose public half it has registered: its id as `iss`, the `kid` of that key, and a short `exp`.',
};

/** What the gateway asks for, and what the service behind it asks for besides; null: nobody says anything. */
function combined(ways: readonly JsonObject[], own: Json | undefined): Json | null {
  const theirs = isList(own) ? own.filter(isObject) : [];
  if (theirs.length === 0) return null;
  return ways.length === 0 ? theirs : ways.flatMap((way) => theirs.map((their) => ({ ...way, ...their })));
}

const mapValues = (object: Json, map: (value: Json, key: string) => Json): JsonObject =>
  isObject(object) ? Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)])) : {};

const told: Readonly<Record<string, string>> = {
  '400': 'The request does not fit the contract; `faults` says where.',
  '401': 'The key, or the token, is missing, unknown or expired.',
  '403': 'The application is not subscribed to this service.',
  '410': 'The service is retired; `Link` names what follows it.',
  '413': 'The request body is too large.',
  '415': 'The request body is of a type that is not taken.',
  '429': 'The plan allows no more for now; Retry-After says when.',
  '504': 'The service did not answer in time; the document says which timer fired.',
};

/** Answers of the gateway itself, where the contract says nothing of their status. */
class Problems {
  readonly #components: JsonObject;
  readonly #used = new Set<string>();
  readonly #prefix: string;

  constructor(components: JsonObject) {
    this.#components = components;
    const names = [...Object.keys(objectAt(components, 'responses')), ...Object.keys(objectAt(components, 'schemas'))];
    let prefix = 'Gateway';
    while (names.some((name) => name.startsWith(prefix))) prefix = `${prefix}_`;
    this.#prefix = prefix;
  }

  for(operation: JsonObject, { access, plans, stage }: ExportedService, { validate }: Design): JsonObject {
    const hasBody = member(operation, 'requestBody') !== undefined;
    const hasInput = hasBody || listAt(operation, 'parameters').length > 0;
    const isHeld = validate === 'refuse';
    const statuses = [
      ...(isHeld && hasInput ? ['400'] : []),
      ...(access === 'key' ? ['401', '403'] : []),
      ...(stage === 'deprecated' || stage === 'retired' ? ['410'] : []),
      ...(isHeld && hasBody ? ['413', '415'] : []),
      ...(plans.some(({ limits }) => limits.length > 0) ? ['429'] : []),
      '504',
    ].filter((status) => member(member(operation, 'responses'), status) === undefined);
    for (const status of statuses) this.#used.add(status);
    return Object.fromEntries(
      statuses.map((status) => [status, { $ref: `#/components/responses/${this.#prefix}${status}` }]),
    );
  }

  components(): JsonObject {
    const schema = { $ref: `#/components/schemas/${this.#prefix}Problem` };
    const responses = [...this.#used]
      .sort()
      .map((status) => [
        `${this.#prefix}${status}`,
        { description: told[status] ?? '', content: { 'application/problem+json': { schema } } },
      ]);
    return {
      responses: { ...objectAt(this.#components, 'responses'), ...Object.fromEntries(responses) },
      schemas: { ...objectAt(this.#components, 'schemas'), [`${this.#prefix}Problem`]: problemSchema },
    };
  }
}

/** RFC 9457, with the members of docs/problems.md. */
const problemSchema: JsonObject = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { type: 'string', description: 'urn:weir:problem:CODE' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    requestId: { type: 'string' },
    hint: { type: 'string', description: 'What to change.' },
    timer: { type: 'string', description: 'The timer that fired.' },
    limitMs: { type: 'number' },
    elapsedMs: { type: 'number' },
    faults: {
      type: 'array',
      items: {
        type: 'object',
        required: ['where', 'what'],
        properties: { where: { type: 'string' }, what: { type: 'string' } },
      },
    },
  },
};
