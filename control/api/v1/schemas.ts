/** Schemas of the API as JSON Schema: for its document, and to look for objects that would take what nobody has foreseen. Pure. */
import * as z from 'zod';
import type { ApiRoute } from './api-route.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** As callers write it (`input`: with defaults left out) or get it. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    reused: 'inline',
  });
  return rest;
}

/** Paths of objects in its query and body that take any member. A mapping says what its values are, and so is foreseen. */
export function looseObjects({ query, body }: Pick<ApiRoute, 'query' | 'body'>): readonly string[] {
  return [
    ...(query === undefined ? [] : looseIn(jsonSchemaOf(query, 'input'), 'query')),
    ...(body === undefined ? [] : looseIn(jsonSchemaOf(body, 'input'), 'body')),
  ];
}

function looseIn(node: unknown, path: string): readonly string[] {
  if (Array.isArray(node)) return node.flatMap((each, i) => looseIn(each, `${path}[${i}]`));
  if (typeof node !== 'object' || node === null) return [];
  const { type, additionalProperties: others, propertyNames } = node as JsonSchema; // JSON Schema is made of such.
  const isOpen = others === undefined || (typeof others === 'object' && Object.keys(others ?? {}).length === 0);
  const own = type === 'object' && isOpen && propertyNames === undefined ? [path] : [];
  return [...own, ...Object.entries(node).flatMap(([key, value]) => looseIn(value, `${path}.${key}`))];
}
