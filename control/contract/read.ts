/**
 * An OpenAPI document of 3.0 or 3.1, JSON or YAML, from a stranger: read as a whole, with every fault in it, its place and its cure.
 * Nothing is fetched, nothing is run, and the work is bounded by what document-text.ts lets in. Pure, and never throws.
 *
 *   text ─▶ document-text   bytes, depth, values, keys ─▶ plain values
 *        ─▶ references      within the document, chains that end
 *        ─▶ read-schemas    keywords, patterns, circles
 *        ─▶ read-operation  parameters, bodies, responses
 */

import {
  isObject,
  type Json,
  type JsonObject,
  kindOf,
  listAt,
  member,
  objectAt,
  pointerTo,
  textAt,
} from '@weir/proto/contract/json-value.js';
import { checkExamples } from './check-examples.js';
import { type Contract, type Dialect, httpMethods, type Operation } from './contract.js';
import { type ContractFault, ContractFaults, shown } from './contract-faults.js';
import { readText } from './document-text.js';
import { routeIdOf } from './operation-ids.js';
import { namesIn, readTemplate, shapeOf } from './path-template.js';
import { type OperationContext, readOperation } from './read-operation.js';
import { Schemas } from './read-schemas.js';
import { readServers } from './read-servers.js';
import { References } from './references.js';

export interface ReadContract {
  /** Null where there is an error. */
  readonly contract: Contract | null;
  /** In the order of the document. */
  readonly faults: readonly ContractFault[];
}

/** A gateway has ten thousand routes at most, and one service is not all of it. */
export const operationsMax = 2_000;

export function readContract(text: string): ReadContract {
  const read = readText(text);
  if (!read.ok) return { contract: null, faults: read.faults };
  const faults = new ContractFaults();
  const contract = contractOf(read.value, faults);
  if (contract !== null && !faults.hasErrors) checkExamples(contract, faults);
  return { contract: faults.hasErrors ? null : contract, faults: faults.all(read.lines) };
}

function contractOf(document: JsonObject, faults: ContractFaults): Contract | null {
  const dialect = dialectOf(document, faults);
  if (dialect === null) return null;
  const info = objectAt(document, 'info');
  if (textAt(info, 'title') === '') faults.warn('/info', 'the contract has no title', 'add info.title');
  const references = new References(document, faults);
  const schemas = new Schemas(dialect, references, faults);
  const context: OperationContext = { references, schemas, faults, security: member(document, 'security') ?? null };
  const operations = operationsOf(document, context);
  const named = objectAt(objectAt(document, 'components'), 'schemas');
  for (const [name, schema] of Object.entries(named)) schemas.check(schema, pointerTo('/components/schemas', name));
  if (operations.length === 0 && !faults.hasErrors)
    faults.error('/paths', 'the contract has no operation', 'add a path with a method');
  const version = member(info, 'version');
  return {
    dialect,
    title: textAt(info, 'title'),
    description: textAt(info, 'description'),
    version: typeof version === 'number' ? String(version) : textAt(info, 'version'),
    tags: listAt(document, 'tags').flatMap((tag) => textAt(tag, 'name') || []),
    servers: readServers(listAt(document, 'servers'), '/servers', faults),
    operations,
    unrunnable: schemas.unrunnable,
    document,
  };
}

function dialectOf(document: JsonObject, faults: ContractFaults): Dialect | null {
  const stated = member(document, 'openapi');
  // YAML takes 3.1 for a number.
  const version = typeof stated === 'number' ? String(stated) : stated;
  if (typeof version === 'string' && /^3\.0(?:\.\d+)?(?:-\w+)?$/.test(version)) return '3.0';
  if (typeof version === 'string' && /^3\.1(?:\.\d+)?(?:-\w+)?$/.test(version)) {
    const schemas = textAt(document, 'jsonSchemaDialect');
    if (schemas !== '' && !/2020-12|spec\.openapis\.org\/oas\/3\.1/.test(schemas))
      faults.warn(
        '/jsonSchemaDialect',
        `schemas are read as JSON Schema 2020-12, not as ${shown(schemas)}`,
        'remove it',
      );
    return '3.1';
  }
  if (member(document, 'swagger') !== undefined)
    faults.error('/swagger', 'this is Swagger 2.0', 'convert it to OpenAPI 3, with swagger2openapi for one');
  else if (version === undefined) faults.error('', 'this is no OpenAPI document', 'it begins with `openapi: 3.1.0`');
  else
    faults.error(
      '/openapi',
      `OpenAPI ${shown(typeof version === 'string' ? version : JSON.stringify(version))} is not known here`,
      'write it in 3.0 or 3.1',
    );
  return null;
}

function operationsOf(document: JsonObject, context: OperationContext): Operation[] {
  const { faults, references } = context;
  const paths = member(document, 'paths');
  if (paths !== undefined && !isObject(paths)) {
    faults.error('/paths', `\`paths\` must be an object, not ${kindOf(paths)}`, 'write /path: { get: … }');
    return [];
  }
  const operations: Operation[] = [];
  const shapes = new Map<string, string>();
  const ids = new Ids(faults);
  for (const [path, written] of Object.entries(paths ?? {})) {
    if (path.startsWith('x-')) continue;
    const at = pointerTo('/paths', path);
    const segments = readTemplate(path);
    if (segments === null) {
      faults.error(
        at,
        `${shown(path)} is no path`,
        'write one such as /pets/{id}, beginning with a slash and without a query',
      );
      continue;
    }
    const names = namesIn(segments);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined)
      faults.error(at, `the parameter {${shown(twice)}} is in the path twice`, 'give each a name of its own');
    const shape = shapeOf(segments);
    const other = shapes.get(shape);
    if (other !== undefined)
      faults.error(
        at,
        `this path takes the same requests as ${shown(other)}`,
        'put the operations of both under one path',
      );
    shapes.set(shape, path);
    const item = references.follow(written, at);
    if (item === null) continue;
    if (!isObject(item.value)) {
      faults.error(
        item.pointer,
        `a path must be described by an object, not ${kindOf(item.value)}`,
        'write { get: … }',
      );
      continue;
    }
    for (const method of httpMethods) {
      const operation = member(item.value, method.toLowerCase());
      if (operation === undefined) continue;
      const pointer = pointerTo(item.pointer, method.toLowerCase());
      if (operations.length >= operationsMax) {
        faults.error(
          pointer,
          `the contract has more than ${operationsMax} operations`,
          'split it into several services',
        );
        return operations;
      }
      if (!isObject(operation)) {
        faults.error(pointer, `an operation must be an object, not ${kindOf(operation)}`, 'write { responses: … }');
        continue;
      }
      const id = ids.idOf(operation, method, path, pointer);
      operations.push(readOperation({ id, method, path, names, item, operation, pointer }, context));
    }
  }
  return operations;
}

class Ids {
  readonly #faults: ContractFaults;
  readonly #stated = new Map<string, string>();
  readonly #taken = new Set<string>();

  constructor(faults: ContractFaults) {
    this.#faults = faults;
  }

  idOf(operation: Json, method: string, path: string, pointer: string): string {
    const stated = textAt(operation, 'operationId');
    const at = pointerTo(pointer, 'operationId');
    const earlier = this.#stated.get(stated);
    if (stated !== '' && earlier !== undefined)
      this.#faults.error(
        at,
        `the operationId ${shown(stated)} is that of ${earlier}, too`,
        'give each operation an id of its own',
      );
    if (stated === '')
      this.#faults.warn(pointer, 'the operation has no operationId', 'add one: it becomes the id of the route');
    this.#stated.set(stated, pointer);
    const id = routeIdOf(stated === '' ? `${method.toLowerCase()}${path}` : stated, this.#taken);
    this.#taken.add(id);
    return id;
  }
}
