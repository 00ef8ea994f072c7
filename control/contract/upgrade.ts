/** A document of OpenAPI 3.0 as one of 3.1: what the two say in different words is said in those of 3.1. Pure. */
import { isList, isObject, type Json, type JsonObject, member } from '@weir/proto/contract/json-value.js';
import { keywordKinds } from './read-schemas.js';

/** Of 3.1 already: as it is. */
export function upgraded(document: JsonObject): JsonObject {
  if (String(member(document, 'openapi')).startsWith('3.1')) return document;
  return { ...(walked(document, []) as JsonObject), openapi: '3.1.1' }; // An object comes out of one.
}

/** Values that may look like a part of a contract, and are none. */
const opaque = new Set(['example', 'examples', 'default', 'enum', 'const', 'x-weir-cache']);

function walked(value: Json, path: readonly string[]): Json {
  if (isList(value)) return value.map((item) => walked(item, path));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (opaque.has(key) || key.startsWith('x-')) return [key, item];
      if (key === 'schema') return [key, schemaOf31(item)];
      const isNamed = path.length === 1 && path[0] === 'components' && key === 'schemas';
      if (isNamed && isObject(item)) return [key, mapped(item, schemaOf31)];
      return [key, walked(item, [...path.slice(0, 1), key].slice(0, 2))];
    }),
  );
}

const mapped = (object: JsonObject, map: (value: Json) => Json): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]));

export function schemaOf31(schema: Json): Json {
  if (!isObject(schema)) return schema;
  const ref = member(schema, '$ref');
  // Since 3.1 what stands beside a reference counts; here it was ignored.
  if (ref !== undefined) return { $ref: ref };
  const { nullable, exclusiveMinimum, exclusiveMaximum, ...rest } = mappedBelow(schema);
  const bounded = withBound(
    withBound(rest, 'minimum', 'exclusiveMinimum', exclusiveMinimum),
    'maximum',
    'exclusiveMaximum',
    exclusiveMaximum,
  );
  return nullable === true ? withNull(bounded) : bounded;
}

function mappedBelow(schema: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      switch (keywordKinds.get(keyword)) {
        case 'schema':
          return [keyword, schemaOf31(value)];
        case 'schemas':
          return [keyword, isList(value) ? value.map(schemaOf31) : value];
        case 'named-schemas':
          return [keyword, isObject(value) ? mapped(value, schemaOf31) : value];
        default:
          return [keyword, value];
      }
    }),
  );
}

function withBound(schema: JsonObject, keyword: string, exclusive: string, flag: Json | undefined): JsonObject {
  if (typeof flag === 'number') return { ...schema, [exclusive]: flag };
  if (flag !== true || member(schema, keyword) === undefined) return schema;
  const { [keyword]: bound = 0, ...rest } = schema;
  return { ...rest, [exclusive]: bound };
}

function withNull(schema: JsonObject): JsonObject {
  const type = member(schema, 'type');
  const values = member(schema, 'enum');
  if (typeof type !== 'string') return { anyOf: [schema, { type: 'null' }] };
  return {
    ...schema,
    type: [type, 'null'],
    ...(isList(values) && !values.includes(null) ? { enum: [...values, null] } : {}),
  };
}
