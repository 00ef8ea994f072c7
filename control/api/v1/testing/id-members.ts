/**
 * Where a route takes an id in its query or its body, at any depth: found in its schemas, so that a member which is new, or lies within another one,
 * is a place that a test has to say something of. Only tests import this file.
 */
import type { ApiRoute } from '../api-route.js';
import { type JsonSchema, jsonSchemaOf } from '../schemas.js';

export interface IdMember {
  readonly where: 'query' | 'body';
  /** `service`, `teamId`; `[]` is any entry of a list. */
  readonly path: readonly string[];
}

/** By its name, or by its form: what `nameId` and `drawnId` make. */
const NAMES = /^(of|route|consumer|service|application|team|user|owner|key|subscription|token)$|^id$|Ids?$/;
const FORMS: readonly string[] = ['^[a-z0-9][a-z0-9-]{0,62}$', '^[A-Za-z0-9_-]{1,64}$'];

export function idMembersOf({ query, body }: Pick<ApiRoute, 'query' | 'body'>): readonly IdMember[] {
  const within = (where: IdMember['where'], schema: ApiRoute['body']): IdMember[] =>
    schema === undefined ? [] : found(jsonSchemaOf(schema, 'input'), []).map((path) => ({ where, path }));
  const unique = new Map([...within('query', query), ...within('body', body)].map((one) => [nameOf(one), one]));
  return [...unique.values()];
}

/** `body.service.teamId` */
export function nameOf({ where, path }: IdMember): string {
  return [where, ...path].join('.').replaceAll('.[]', '[]');
}

function found(schema: JsonSchema, path: readonly string[]): (readonly string[])[] {
  const { properties = {}, items, anyOf = [], pattern = '' } = schema;
  const last = path.findLast((step) => step !== '[]') ?? '';
  const isText = schema['type'] === 'string';
  const isId = isText && (NAMES.test(last) || FORMS.some((form) => String(pattern).startsWith(form)));
  return [
    ...(isId ? [path] : []),
    // As JSON Schema has them.
    ...Object.entries(properties as Record<string, JsonSchema>).flatMap(([name, each]) => found(each, [...path, name])),
    ...(typeof items === 'object' && items !== null ? found(items as JsonSchema, [...path, '[]']) : []),
    ...(anyOf as readonly JsonSchema[]).flatMap((each) => found(each, path)),
  ];
}

/** What stands there; undefined: nothing. */
export function memberAt(held: unknown, [step, ...rest]: readonly string[]): unknown {
  if (step === undefined || typeof held !== 'object' || held === null) return step === undefined ? held : undefined;
  return memberAt(Array.isArray(held) ? held[0] : Reflect.get(held, step), rest);
}

/** With that id there, in the place of what was. */
export function withMemberAt(held: unknown, [step, ...rest]: readonly string[], id: string): unknown {
  if (step === undefined) return id;
  if (step === '[]') return [withMemberAt(memberAt(held, ['[]']), rest, id)];
  const object = typeof held === 'object' && held !== null ? held : {};
  return { ...object, [step]: withMemberAt(memberAt(held, [step]), rest, id) };
}
