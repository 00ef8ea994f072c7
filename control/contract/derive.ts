/** A contract for a service that has none: what its routes take, told in OpenAPI. Bodies and answers are anything. Pure. */

import { formatPathPattern } from '@weir/proto/config/path-pattern.js';
import { routeSchema } from '@weir/proto/config/route.js';
import type { Json, JsonObject } from '@weir/proto/contract/json-value.js';
import { namesIn, readTemplate } from './path-template.js';

/** Of a route that takes any. */
const USUAL_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** OpenAPI has no words for the rest of a path. */
const REST = 'rest';

export function derivedDocument(routes: readonly unknown[], title: string, description: string): JsonObject {
  const paths: Record<string, Record<string, Json>> = {};
  for (const written of routes) {
    const read = routeSchema.safeParse(written);
    // A design with faults is told of elsewhere.
    if (!read.success) continue;
    const { id, match } = read.data;
    const pattern = formatPathPattern(match.path);
    const path = pattern.replace(/\/\*$/, `/{${REST}}`);
    const item = paths[path] ?? {};
    paths[path] = item;
    const methods = match.methods.length === 0 ? USUAL_METHODS : match.methods;
    for (const method of methods) {
      if (!/^(?:GET|PUT|POST|DELETE|OPTIONS|HEAD|PATCH|TRACE)$/.test(method)) continue;
      item[method.toLowerCase()] ??= operationOf(id ?? '', method, path, methods.length > 1);
    }
  }
  return { openapi: '3.1.1', info: { title, description, version: '1' }, paths };
}

function operationOf(id: string, method: string, path: string, isOneOfSeveral: boolean): Json {
  const names = namesIn(readTemplate(path) ?? []);
  const parameters = names.map((name) => ({
    ...{ name, in: 'path', required: true, schema: { type: 'string' } },
    ...(name === REST ? { description: 'Everything that follows, slashes included.', 'x-weir-rest': true } : {}),
  }));
  return {
    ...(id === '' ? {} : { operationId: isOneOfSeveral ? `${id}-${method.toLowerCase()}` : id }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(['POST', 'PUT', 'PATCH'].includes(method) ? { requestBody: { content: { '*/*': {} } } } : {}),
    responses: { default: { description: 'What the service answers.' } },
  };
}
