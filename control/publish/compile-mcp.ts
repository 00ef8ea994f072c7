/** The part of the snapshot that says which tools a route offers by MCP, and which request each of them is; see compile.ts for the rest. Pure. */
import { inputsSchema } from '@weir/proto/ai/variable-schema.js';
import type { AiPrompt } from '@weir/proto/config/ai-prompts.js';
import { argumentsOf, type Mcp, type McpTool } from '@weir/proto/config/mcp.js';
import { bodyLimitDefault, type Route } from '@weir/proto/config/route.js';
import type { JsonSchemaSpec, McpCallSpec, McpRouteSpec, McpToolSpec } from '@weir/proto/snapshot/mcp.js';
import type { AuthSpec, RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { hostOf } from './takes-path.js';

interface Named {
  readonly routes: readonly Route[];
  readonly ai?: { readonly prompts: readonly AiPrompt[] } | undefined;
}

/** `ids`: of the routes, by position. */
export function compileMcpRoute(mcp: Mcp, { cors }: Route, config: Named, ids: readonly string[]): McpRouteSpec {
  const { name, instructions, heartbeat, answerLimit } = mcp;
  return {
    ...{ kind: 'mcp', name, instructions, heartbeatMs: heartbeat, answerBytesMax: answerLimit },
    tools: [...promptTools(mcp, config, ids), ...mcp.tools.map((tool) => compileTool(tool, config.routes, ids))],
    origins: mcp.origins ?? cors?.origins ?? [],
  };
}

/**
 * What is asked below is the client's own business with other routes: its credentials have to reach them, so nothing of them is
 * hidden here. Calls are small, and are read as a whole.
 */
export function mcpRouteParts(route: Route, auth: readonly AuthSpec[]): Partial<RouteSpec> {
  return {
    auth: auth.map((one) => ({ ...one, hide: false })),
    bodyBytesMax: route.bodyLimit === bodyLimitDefault ? MCP_BODY_BYTES : route.bodyLimit,
    ...{ websocket: null, retry: null, hedge: null, protectBytes: 0, fallback: [], cache: null, async: null },
  };
}

const MCP_BODY_BYTES = 4 * 1024 * 1024;

/** Where a prompt can be asked, or null. */
export function placeOfPrompt(id: string, routes: readonly (Route | null)[]): { index: number; path: string } | null {
  for (const [index, route] of routes.entries()) {
    const offer = route?.ai ?? null;
    if (route === null || offer === null || offer.passthrough !== undefined) continue;
    if (offer.prompts !== undefined && !offer.prompts.includes(id)) continue;
    const { methods, headers, query, path } = route.match;
    if (headers.length + query.length > 0 || (methods.length > 0 && !methods.includes('POST'))) continue;
    const end = `/prompts/${id}`;
    if (path.kind === 'prefix') return { index, path: `${path.prefix === '/' ? '' : path.prefix}${end}` };
    if (path.kind === 'exact' && path.path.endsWith(end)) return { index, path: path.path };
  }
  return null;
}

export function promptsOf(mcp: Mcp, prompts: readonly AiPrompt[]): readonly AiPrompt[] {
  const { prompts: named } = mcp;
  return named === undefined ? prompts : prompts.filter(({ id }) => named.includes(id));
}

function promptTools(mcp: Mcp, { ai, routes }: Named, ids: readonly string[]): McpToolSpec[] {
  return promptsOf(mcp, ai?.prompts ?? []).flatMap((prompt): McpToolSpec[] => {
    const place = placeOfPrompt(prompt.id, routes);
    // Those that share the requests take and answer the same, which lint asks for.
    const version = prompt.versions.find(({ weight }) => weight > 0);
    if (place === null || version === undefined) return [];
    const call: McpCallSpec = {
      ...{ route: ids[place.index] ?? '', method: 'POST', host: hostOf(routes[place.index]) },
      ...{ path: place.path, query: [], rest: 'inputs' },
    };
    return [
      {
        ...{ name: prompt.id, title: '', description: prompt.description },
        input: inputsSchema(version.variables ?? []),
        output: isObject(version.output?.schema) ? (version.output?.schema ?? null) : null,
        hints: { readOnlyHint: true },
        call,
      },
    ];
  });
}

/** Results with a structure are objects (MCP 2025-06-18, Structured Content); another one goes out as text. */
export function isObject(schema: JsonSchemaSpec | undefined): boolean {
  return schema?.['type'] === 'object';
}

export const isWithoutBody = (method: string): boolean => ['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method);

function compileTool(tool: McpTool, routes: readonly Route[], ids: readonly string[]): McpToolSpec {
  const { name, title, description, method, path, query } = tool;
  const route = routes[ids.indexOf(tool.route)];
  return {
    ...{ name, title, description, output: tool.output ?? null },
    input: tool.input ?? usualInput(tool),
    hints: hintsOf(tool),
    call: {
      ...{ route: tool.route, method, host: tool.host ?? hostOf(route), path, query },
      rest: isWithoutBody(method) ? 'query' : 'body',
    },
  };
}

function usualInput({ path, query }: McpTool): JsonSchemaSpec {
  const required = argumentsOf(path);
  const properties = Object.fromEntries([...required, ...query].map((name) => [name, { type: 'string' }]));
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }), additionalProperties: false };
}

function hintsOf({ method, readOnly, destructive, idempotent }: McpTool): Readonly<Record<string, boolean>> {
  const isSafe = method === 'GET' || method === 'HEAD';
  const hints = {
    readOnlyHint: readOnly ?? (isSafe ? true : undefined),
    destructiveHint: destructive,
    idempotentHint: idempotent,
  };
  return Object.fromEntries(Object.entries(hints).flatMap(([name, is]) => (is === undefined ? [] : [[name, is]])));
}
