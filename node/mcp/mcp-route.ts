/**
 * A route that speaks MCP over Streamable HTTP, compiled: its tools, who sees them, and what a POST has to be before its message is read.
 * It keeps no session and offers no stream of its own (GET is answered 405, as the specification provides), so any node answers any
 * message.
 */
import { headerValue } from '@weir/proto/http/headers.js';
import type { JsonSchemaSpec, McpRouteSpec, McpToolSpec } from '@weir/proto/snapshot/mcp.js';
import type { AuthSpec, RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import type { JsonObject } from '../ai/json.js';
import { outputTools } from '../ai/prompts/output-tools.js';
import { callerFields } from '../calls/caller-fields.js';
import { linkedWays, type Ways } from '../calls/ways.js';
import { withHeaders } from '../pipeline/derived-request.js';
import { type Dispatch, type GatewayRequest, nothingToCancel, type ResponseHandler } from '../pipeline/dispatch.js';
import type { ChainServices } from '../pipeline/services.js';
import { compileTrust } from '../route/origins.js';
import { acceptOf } from './accept.js';
import { rpcCodes } from './json-rpc.js';
import { McpExchange } from './mcp-exchange.js';
import { protocolVersions, type ServerWords, versionOf } from './protocol.js';
import { refuseMessage } from './refusal.js';
import type { CheckValue } from './tool-result.js';
import { compileLetsIn, type LetsIn } from './visible.js';

export interface Tool {
  readonly name: string;
  readonly spec: McpToolSpec;
  /** As it is listed. */
  readonly listed: JsonObject;
  /** Null: the route checks them itself. */
  readonly checkInput: CheckValue | null;
  readonly checkOutput: CheckValue | null;
}

/** What all messages of a route have in common. */
export interface McpRules {
  readonly routeId: string;
  readonly spec: McpRouteSpec;
  readonly server: ServerWords;
  readonly tools: ReadonlyMap<string, Tool>;
  readonly services: ChainServices;
  /** Those that the caller may call, as far as that can be told. */
  visible(request: GatewayRequest): Promise<readonly Tool[]>;
  /** The whole chain of a route, where it takes the request; writes its name and parameters to the exchange. */
  wayTo(routeId: string, request: GatewayRequest): Dispatch | null;
  authOf(routeId: string): readonly AuthSpec[];
}

export function compileMcp({ id: routeId }: RouteSpec, spec: McpRouteSpec, services: ChainServices): Dispatch {
  const { name, instructions } = spec;
  const tools = new Map(spec.tools.map((tool) => [tool.name, compileTool(tool)]));
  const ways = linkedWays(services);
  const letsIn = linkedGates(ways, services);
  const rules: McpRules = {
    ...{ routeId, spec, services, tools, server: { name, instructions, version: '1' } },
    visible: (request) => visibleTools([...tools.values()], request, letsIn, services),
    wayTo: ways.to,
    authOf: ways.authOf,
  };
  const trusts = compileTrust(spec.origins);
  return (request, handler) =>
    isRefused(request, handler, trusts) ? nothingToCancel : new McpExchange(request, handler, rules).begin();
}

function compileTool(spec: McpToolSpec): Tool {
  const { name, title, description, input, output, hints, call } = spec;
  const isPrompt = call.rest === 'inputs';
  const listed = {
    ...{ name, ...(title === '' ? {} : { title }), description, inputSchema: input },
    ...(output === null ? {} : { outputSchema: output }),
    ...(Object.keys(hints).length === 0 ? {} : { annotations: hints }),
  } as JsonObject; // Schemas came as JSON or YAML, and were packed as such: nothing else is in them.
  return {
    ...{ name, spec, listed },
    checkInput: isPrompt ? null : checkLater(input),
    checkOutput: isPrompt || output === null ? null : checkLater(output),
  };
}

/** To compile one takes milliseconds, and there may be a thousand: each is compiled when it is first needed. */
function checkLater(schema: JsonSchemaSpec): CheckValue {
  let check: CheckValue | null = null;
  return (value) => {
    check ??= outputTools.compile(schema);
    return check(value);
  };
}

/** Each is compiled when it is first needed: the routes may be compiled after this one. */
function linkedGates(ways: Ways, services: ChainServices): (id: string) => LetsIn | null {
  const gates = new Map<string, LetsIn>();
  return (id) => {
    const route = ways.route(id);
    if (route === undefined) return null;
    const gate = gates.get(id) ?? compileLetsIn(route, services);
    gates.set(id, gate);
    return gate;
  };
}

/** Each route is asked once, however many tools it has. */
async function visibleTools(
  tools: readonly Tool[],
  request: GatewayRequest,
  letsIn: (id: string) => LetsIn | null,
  { gateway }: ChainServices,
): Promise<readonly Tool[]> {
  const shown = withHeaders(request, callerFields(request.headers, gateway.names.deadlineHeader));
  const routes = [...new Set(tools.map(({ spec }) => spec.call.route))];
  const verdicts = await Promise.all(routes.map(async (id) => [id, (await letsIn(id)?.(shown)) === true] as const));
  const open = new Map(verdicts);
  return tools.filter(({ spec }) => open.get(spec.call.route) === true);
}

/**
 * A page of another site can reach a gateway on this machine or in this network by a name of its own (DNS rebinding), and its browser then
 * says where the page came from. Its Host says nothing, for that is the page's own: only origins that are named are let in.
 */
function isRefused(
  { method, headers }: GatewayRequest,
  handler: ResponseHandler,
  trusts: ReturnType<typeof compileTrust>,
): boolean {
  const refuse = (status: Parameters<typeof refuseMessage>[1], why: string): true => {
    refuseMessage(handler, status, rpcCodes.invalidRequest, why);
    return true;
  };
  const origin = headerValue(headers, 'origin');
  if (origin !== undefined && trusts(origin) === null) return refuse(403, 'Pages of this origin may not call tools.');
  if (method !== 'POST') return refuse(405, 'Call by POST: no stream is offered here, and no session.');
  const type = headerValue(headers, 'content-type') ?? '';
  if (!/^application\/json\s*(?:;|$)/i.test(type)) return refuse(415, 'Send a message as application/json.');
  const accept = acceptOf(headers);
  if (!accept.json && !accept.stream) return refuse(406, 'Answers are application/json or text/event-stream.');
  if (versionOf(headerValue(headers, 'mcp-protocol-version')) !== null) return false;
  return refuse(400, `This server speaks MCP ${protocolVersions.join(' and ')}.`);
}
