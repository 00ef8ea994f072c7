/** What is said under `mcp` of a route and can't be meant: tools that no request can be made of, or that no route takes. */
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import { argumentsOf, type Mcp, type McpTool } from '@weir/proto/config/mcp.js';
import type { Draft } from '@weir/proto/config/parse.js';
import type { Route } from '@weir/proto/config/route.js';
import { isObject, placeOfPrompt, promptsOf } from './compile-mcp.js';
import { schemaFault } from './foreign-syntax.js';
import { lintVoid, type VoidSetting } from './lint-void.js';
import { takesPath } from './takes-path.js';

export function lintMcp(draft: Draft): Finding[] {
  return draft.routes.flatMap((route, index) => {
    if (route === null || route.mcp === null) return [];
    const path: Path = ['routes', index, 'mcp'];
    const { mcp } = route;
    return [
      ...lintMethods(route, ['routes', index]),
      ...lintVoid(route, ['routes', index], 'a route of tools', voidSettings),
      ...lintPrompts(mcp, draft, path),
      ...lintNames(mcp, draft, path),
      ...mcp.tools.flatMap((tool, position) => lintTool(tool, draft.routes, [...path, 'tools', position])),
    ];
  });
}

const CALLS = 'each call goes through all that its own route has';

const voidSettings: readonly VoidSetting[] = [
  ...(['retry', 'hedge', 'fallback', 'protect', 'cache'] as const).map((name) => ({
    ...{ name, why: CALLS, cure: `write it at the route of the tool, or remove ${name}` },
  })),
  { name: 'async', why: 'a client of tools waits for their results, and picks no job up', cure: 'remove async' },
  { name: 'websocket', why: 'tools are called by POST', cure: 'remove websocket' },
];

function lintMethods({ match: { methods } }: Route, path: Path): Finding[] {
  if (methods.length === 0 || methods.includes('POST')) return [];
  const message = `tools are called by POST, and this route takes ${methods.join(', ')}`;
  return [findWarning([...path, 'match', 'methods'], message, 'add POST')];
}

/** Only where every route is sound: a faulty one may be the one that offers it. */
function lintPrompts(mcp: Mcp, { ai, routes }: Draft, path: Path): Finding[] {
  if (routes.includes(null)) return [];
  const offered = promptsOf(mcp, ai?.prompts ?? []);
  const lost = offered.filter(({ id }) => placeOfPrompt(id, routes) === null);
  if (mcp.prompts !== undefined && lost.length > 0) {
    const message = `no AI route offers the prompt ${lost.map(({ id }) => id).join(', ')}`;
    return [findError([...path, 'prompts'], message, 'add one: { match: /v1/*, ai: true }')];
  }
  if (mcp.tools.length > 0 || offered.length > lost.length) return [];
  return [findWarning(path, 'this route offers no tool', 'add `tools`, or prompts under ai.prompts and an AI route')];
}

function lintNames(mcp: Mcp, { ai }: Draft, path: Path): Finding[] {
  const seen = new Set(promptsOf(mcp, ai?.prompts ?? []).map(({ id }) => id));
  return mcp.tools.flatMap(({ name }, index) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [findError([...path, 'tools', index, 'name'], `the name ${name} is taken`, 'give each tool its own')];
  });
}

function lintTool(tool: McpTool, routes: Draft['routes'], path: Path): Finding[] {
  return [...lintSchemas(tool, path), ...lintRoute(tool, routes, path)];
}

function lintSchemas({ input, output, path: toolPath, query }: McpTool, path: Path): Finding[] {
  const findings: Finding[] = [];
  for (const [name, schema] of [['input', input] as const, ['output', output] as const]) {
    if (schema === undefined) continue;
    const fault = schemaFault(schema);
    if (fault !== null) {
      const cure = 'write one of the draft 2020-12';
      findings.push(findError([...path, name], `this is no JSON Schema: ${fault}`, cure));
    } else if (!isObject(schema)) {
      findings.push(findError([...path, name], 'this is no schema of an object', 'begin it with type: object'));
    }
  }
  if (input === undefined || findings.length > 0) return findings;
  const { properties = {}, required = [] } = input as { properties?: object; required?: readonly string[] }; // It is a schema.
  for (const name of argumentsOf(toolPath)) {
    if (Object.hasOwn(properties, name) && required.includes(name)) continue;
    const message = `the path has a place for ${name}, and callers need not give it`;
    findings.push(findError([...path, 'input'], message, 'state it under `properties` and `required`'));
  }
  for (const [index, name] of query.entries()) {
    if (Object.hasOwn(properties, name)) continue;
    const message = `the schema has no argument ${name}`;
    findings.push(findWarning([...path, 'query', index], message, 'add it to `properties` of input'));
  }
  return findings;
}

function lintRoute(tool: McpTool, routes: Draft['routes'], path: Path): Finding[] {
  const route = routes.find((one) => one?.id === tool.route);
  // References are checked elsewhere.
  if (route === undefined || route === null) return [];
  if (route.mcp !== null) {
    return [findError([...path, 'route'], 'a tool can not be a call of tools', 'name a route that does something')];
  }
  const { methods, path: pattern } = route.match;
  if (methods.length > 0 && !methods.includes(tool.method)) {
    const message = `the route ${tool.route} takes ${methods.join(', ')}, and not ${tool.method}`;
    return [findError([...path, 'method'], message, 'change one of the two')];
  }
  if (takesPath(pattern, tool.path)) return [];
  const message = `the route ${tool.route} does not take ${tool.path}`;
  return [findError([...path, 'path'], message, 'write the path as clients of that route do')];
}
