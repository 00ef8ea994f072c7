/**
 * What a server of MCP does with a message, for a server that offers tools and keeps no session (Streamable HTTP, "Session Management":
 * a server MAY assign one): each message says all that is needed to answer it, so any node answers. Pure; listing and calling are left
 * to the caller, for they ask other routes.
 *
 * Sources: the MCP specifications 2025-03-26 and 2025-06-18, Lifecycle, Transports and Tools.
 */
import { isObject, type JsonObject } from '../ai/json.js';
import { type RpcId, type RpcMessage, rpcCodes, rpcError, rpcResult } from './json-rpc.js';

export const protocolVersions = ['2025-06-18', '2025-03-26'] as const;
export type ProtocolVersion = (typeof protocolVersions)[number];
const [latest] = protocolVersions;

/** Null: it is not spoken. A client that says none speaks the one in which there was no such field. */
export function versionOf(field: string | undefined): ProtocolVersion | null {
  if (field === undefined) return '2025-03-26';
  return protocolVersions.find((version) => version === field) ?? null;
}

export interface ServerWords {
  readonly name: string;
  readonly instructions: string;
  /** Of the gateway's configuration. */
  readonly version: string;
}

export type Step =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'answer'; readonly body: JsonObject }
  | { readonly kind: 'list'; readonly id: RpcId; readonly cursor: string | null }
  | {
      readonly kind: 'call';
      readonly id: RpcId;
      readonly tool: string;
      readonly args: JsonObject;
      /** Null: the client wants to hear of no progress. */
      readonly progressToken: RpcId | null;
    };

export function stepOf(message: RpcMessage, server: ServerWords): Step {
  if (message.kind === 'notification' || message.kind === 'response') return { kind: 'nothing' };
  if (message.kind === 'invalid') return refused(message.id, rpcCodes.invalidRequest, `Not a request: ${message.why}.`);
  const { id, method, params } = message;
  switch (method) {
    case 'initialize':
      return { kind: 'answer', body: rpcResult(id, initialized(params, server)) };
    case 'ping':
      return { kind: 'answer', body: rpcResult(id, {}) };
    case 'tools/list':
      return listing(id, params);
    case 'tools/call':
      return calling(id, params);
    default:
      return refused(id, rpcCodes.methodNotFound, `There is no method ${method.slice(0, 64)} here.`);
  }
}

function refused(id: RpcId | null, code: number, message: string): Step {
  return { kind: 'answer', body: rpcError(id, code, message) };
}

/** The version that was asked for where it is spoken, else the latest; then it is the client's turn to leave. */
function initialized(params: JsonObject, { name, version, instructions }: ServerWords): JsonObject {
  const asked = params['protocolVersion'];
  return {
    protocolVersion: protocolVersions.find((spoken) => spoken === asked) ?? latest,
    capabilities: { tools: { listChanged: false } },
    serverInfo: { name, version },
    ...(instructions === '' ? {} : { instructions }),
  };
}

function listing(id: RpcId, { cursor }: JsonObject): Step {
  if (cursor === undefined || typeof cursor === 'string') return { kind: 'list', id, cursor: cursor ?? null };
  return refused(id, rpcCodes.invalidParams, '`cursor` is a text.');
}

function calling(id: RpcId, params: JsonObject): Step {
  const { name, arguments: args = {}, _meta: meta } = params;
  if (typeof name !== 'string') return refused(id, rpcCodes.invalidParams, '`name` is the name of a tool.');
  if (!isObject(args)) return refused(id, rpcCodes.invalidParams, '`arguments` is an object.');
  const token = isObject(meta) ? meta['progressToken'] : undefined;
  const progressToken = typeof token === 'string' || typeof token === 'number' ? token : null;
  return { kind: 'call', id, tool: name, args, progressToken };
}

/** Tools of one page. */
export const PAGE_TOOLS = 50;

/**
 * A cursor is the name of the last tool that was listed: it means the same at every node. Null: there is no such tool (any more), and the
 * client begins anew.
 */
export function pageOf<T extends { readonly name: string }>(
  tools: readonly T[],
  cursor: string | null,
): { readonly tools: readonly T[]; readonly next: string | null } | null {
  const before = cursor === null ? -1 : tools.findIndex(({ name }) => name === cursor);
  if (cursor !== null && before === -1) return null;
  const page = tools.slice(before + 1, before + 1 + PAGE_TOOLS);
  const isLast = before + 1 + page.length >= tools.length;
  return { tools: page, next: isLast ? null : (page.at(-1)?.name ?? null) };
}
