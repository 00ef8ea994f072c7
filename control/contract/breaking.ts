/**
 * What a later contract breaks for those who call by the earlier one: operation by operation, each difference with how grave it is, where it stands,
 * and what to do instead. Requests may ask for less and answers may give more; the other way round is breaking. Pure.
 *
 *   breaking   a caller that kept to the earlier contract fails by the later one
 *   risky      one may, if it relied on what was said of answers
 *   fine       something new, or something that has been given up gently
 */
import { isList, isObject, type Json, member } from '@weir/proto/contract/json-value.js';
import { SchemaDiff } from './breaking-schemas.js';
import type { Body, Contract, Media, Operation, Parameter, ResponseOf } from './contract.js';
import { shown } from './contract-faults.js';
import { namesIn, readTemplate, shapeOf } from './path-template.js';

export type Severity = 'breaking' | 'risky' | 'fine';

export interface ContractChange {
  readonly severity: Severity;
  /** JSON pointer: into the later document, of what is gone into the earlier one. */
  readonly where: string;
  readonly what: string;
  /** Empty: nothing need be done. */
  readonly cure: string;
}

const CHANGES_MAX = 1_000;

/** The grave ones first, and in the order of the documents among themselves. */
export function contractChanges(before: Contract, after: Contract): ContractChange[] {
  const changes = new Changes();
  const schemas = new SchemaDiff(before, after, changes.add);
  const later = new Map(after.operations.map((operation) => [keyOf(operation), operation]));
  const paths = new Set(after.operations.map(({ path }) => shapeOf(readTemplate(path) ?? [])));
  const known = new Set<string>();
  for (const operation of before.operations) {
    const key = keyOf(operation);
    known.add(key);
    const next = later.get(key);
    if (next === undefined) gone(operation, paths, changes);
    else new OperationDiff(operation, next, schemas, changes).run();
  }
  for (const [key, operation] of later)
    if (!known.has(key)) changes.add('fine', operation.pointer, `${nameOf(operation)} is new`, '');
  return changes.all();
}

class Changes {
  readonly #found: ContractChange[] = [];
  readonly #seen = new Set<string>();

  readonly add = (severity: Severity, where: string, what: string, cure: string): void => {
    // What several operations refer to differs once.
    const key = `${where} ${what}`;
    if (this.#found.length >= CHANGES_MAX || this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#found.push({ severity, where, what, cure });
  };

  all(): ContractChange[] {
    const order: readonly Severity[] = ['breaking', 'risky', 'fine'];
    return order.flatMap((severity) => this.#found.filter((change) => change.severity === severity));
  }
}

/** Parameters of a path may be called something else: callers don't see their names. */
const keyOf = ({ method, path }: Operation): string => `${method} ${shapeOf(readTemplate(path) ?? [])}`;

const nameOf = ({ method, path }: Operation): string => `${method} ${shown(path)}`;

function gone(operation: Operation, paths: ReadonlySet<string>, changes: Changes): void {
  const hasPath = paths.has(shapeOf(readTemplate(operation.path) ?? []));
  const what = hasPath
    ? `${nameOf(operation)} is gone`
    : `the path ${shown(operation.path)} is gone, and ${operation.method} with it`;
  const cure = operation.isDeprecated
    ? 'it was deprecated: make sure that nobody calls it any more'
    : 'keep it, mark it deprecated, and take it away in a version of its own';
  changes.add('breaking', operation.pointer, what, cure);
}

class OperationDiff {
  readonly #before: Operation;
  readonly #after: Operation;
  readonly #schemas: SchemaDiff;
  readonly #changes: Changes;

  constructor(before: Operation, after: Operation, schemas: SchemaDiff, changes: Changes) {
    this.#before = before;
    this.#after = after;
    this.#schemas = schemas;
    this.#changes = changes;
  }

  run(): void {
    if (!this.#before.isDeprecated && this.#after.isDeprecated)
      this.#changes.add('fine', this.#after.pointer, `${nameOf(this.#after)} is deprecated`, '');
    this.#parameters();
    this.#body(this.#before.body, this.#after.body);
    this.#responses();
    this.#security();
  }

  #parameters(): void {
    const later = new Map(
      this.#after.parameters.map((parameter) => [this.#parameterKey(parameter, this.#after), parameter]),
    );
    const known = new Set<string>();
    for (const parameter of this.#before.parameters) {
      const key = this.#parameterKey(parameter, this.#before);
      known.add(key);
      const next = later.get(key);
      if (next === undefined)
        this.#changes.add(
          'risky',
          parameter.pointer,
          `${nameOfParameter(parameter)} is gone`,
          'go on taking it, and ignore it',
        );
      else this.#parameter(parameter, next);
    }
    for (const [key, parameter] of later) {
      if (known.has(key)) continue;
      const name = nameOfParameter(parameter);
      if (parameter.isRequired)
        this.#changes.add(
          'breaking',
          parameter.pointer,
          `${name} is new, and required`,
          'make it optional, with a default',
        );
      else this.#changes.add('fine', parameter.pointer, `${name} is new`, '');
    }
  }

  #parameterKey(parameter: Parameter, { path }: Operation): string {
    if (parameter.in === 'path') return `path ${namesIn(readTemplate(path) ?? []).indexOf(parameter.name)}`;
    return `${parameter.in} ${parameter.in === 'header' ? parameter.name.toLowerCase() : parameter.name}`;
  }

  #parameter(before: Parameter, after: Parameter): void {
    const name = nameOfParameter(after);
    if (!before.isRequired && after.isRequired)
      this.#changes.add('breaking', after.pointer, `${name} is required now`, 'leave it optional');
    if (before.isRequired && !after.isRequired)
      this.#changes.add('fine', after.pointer, `${name} need not be sent any more`, '');
    if (before.style !== after.style || before.explode !== after.explode || before.isJson !== after.isJson)
      this.#changes.add(
        'breaking',
        after.pointer,
        `${name} is written in another style`,
        'keep the style, or give the new one a name of its own',
      );
    if (before.allowsEmpty && !after.allowsEmpty)
      this.#changes.add('breaking', after.pointer, `${name} may not be empty any more`, 'go on taking it empty');
    this.#schemas.compare(before.schema ?? true, after.schema ?? true, `${after.pointer}/schema`, 'request', name);
  }

  #body(before: Body | null, after: Body | null): void {
    if (after === null) {
      if (before !== null)
        this.#changes.add(
          'risky',
          before.pointer,
          'the request has no body any more',
          'go on taking one, and ignore it',
        );
      return;
    }
    const isNewlyRequired = after.isRequired && before?.isRequired !== true;
    if (isNewlyRequired)
      this.#changes.add('breaking', after.pointer, 'the request needs a body now', 'leave the body optional');
    if (before === null) {
      if (!isNewlyRequired) this.#changes.add('fine', after.pointer, 'the request may have a body', '');
      return;
    }
    if (before.isRequired && !after.isRequired)
      this.#changes.add('fine', after.pointer, 'the request need not have a body any more', '');
    this.#content(before.content, after.content, 'request', 'the body');
  }

  #content(before: readonly Media[], after: readonly Media[], direction: 'request' | 'response', what: string): void {
    for (const media of before) {
      const next = after.find(({ type }) => type === media.type);
      if (next !== undefined) {
        this.#schemas.compare(media.schema ?? true, next.schema ?? true, `${next.pointer}/schema`, direction, what);
        continue;
      }
      const wider = after.find(({ type }) => type === '*/*' || type === media.type.replace(/\/.*$/, '/*'));
      if (wider !== undefined && direction === 'request') continue;
      this.#changes.add(
        'breaking',
        media.pointer,
        `${what} can't be ${shown(media.type)} any more`,
        'keep the type beside the new one',
      );
    }
    for (const media of after)
      if (!before.some(({ type }) => type === media.type))
        this.#changes.add('fine', media.pointer, `${what} may be ${shown(media.type)}`, '');
  }

  #responses(): void {
    const later = new Map(this.#after.responses.map((response) => [response.status, response]));
    const known = new Set<string>();
    for (const response of this.#before.responses) {
      known.add(response.status);
      const next = later.get(response.status) ?? later.get(`${response.status[0] ?? ''}XX`);
      if (next === undefined) this.#statusGone(response);
      else this.#response(response, next);
    }
    for (const [status, response] of later) {
      if (known.has(status)) continue;
      // Who knows the classes of statuses knows a new failure; a new success may be read by nobody.
      const isSuccess = /^2/.test(status);
      const severity = isSuccess ? 'risky' : 'fine';
      this.#changes.add(
        severity,
        response.pointer,
        `there may be answers of ${status}`,
        isSuccess ? 'answer as before, unless the caller asks for the new one' : '',
      );
    }
  }

  #statusGone({ status, pointer }: ResponseOf): void {
    const isSuccess = /^2/.test(status);
    const severity = isSuccess ? 'breaking' : status === 'default' ? 'fine' : 'risky';
    this.#changes.add(
      severity,
      pointer,
      `there are no answers of ${status} any more`,
      severity === 'fine' ? '' : 'keep the status, or move to a version of its own',
    );
  }

  #response(before: ResponseOf, after: ResponseOf): void {
    const what = `the answer of ${before.status}`;
    for (const { name } of before.headers)
      if (!after.headers.some((header) => header.name.toLowerCase() === name.toLowerCase()))
        this.#changes.add('risky', after.pointer, `${what} has no field ${shown(name)} any more`, 'keep sending it');
    this.#content(before.content, after.content, 'response', what);
  }

  #security(): void {
    const [before, after] = [alternativesIn(this.#before.security), alternativesIn(this.#after.security)];
    const at = this.#after.pointer;
    if (before === null && after === null) return;
    if (before === null || after === null) {
      if (after !== null)
        this.#changes.add(
          'breaking',
          at,
          `${nameOf(this.#after)} needs credentials now`,
          'leave it open beside, with {} among its requirements',
        );
      else this.#changes.add('fine', at, `${nameOf(this.#after)} needs no credentials any more`, '');
      return;
    }
    // Each way in that there was must still be one: it is if some way of now asks for no more.
    const lost = [...before].filter(
      (way) => ![...after].some((now) => now.split(' ').every((part) => way.split(' ').includes(part))),
    );
    if (lost.length > 0)
      this.#changes.add(
        'breaking',
        at,
        `${nameOf(this.#after)} does not take ${shown(lost.join(' or '))} any more`,
        'keep it beside the new one',
      );
    for (const way of after)
      if (!before.has(way) && lost.length === 0)
        this.#changes.add('fine', at, `${nameOf(this.#after)} takes ${shown(way)}`, '');
  }
}

const nameOfParameter = ({ in: place, name }: Parameter): string => `the ${place} parameter ${shown(name)}`;

/** Each way as its schemes and scopes, sorted; null: nothing is asked for. */
function alternativesIn(security: Json | null): ReadonlySet<string> | null {
  if (!isList(security) || security.length === 0) return null;
  const ways = new Set<string>();
  for (const way of security) {
    if (!isObject(way)) continue;
    const names = Object.keys(way).sort();
    if (names.length === 0) return null;
    const parts = names.flatMap((name) => {
      const scopes = member(way, name);
      return [name, ...(isList(scopes) ? scopes.map((scope) => `${name}:${String(scope)}`) : [])];
    });
    ways.add(parts.join(' '));
  }
  return ways.size === 0 ? null : ways;
}
