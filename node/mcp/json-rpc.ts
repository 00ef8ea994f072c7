/** JSON-RPC 2.0 as MCP speaks it: what a message is, and how it is answered. Ids are texts or numbers (MCP forbids null). Pure. */
import { isObject, type JsonObject } from '../ai/json.js';

export type RpcId = string | number;

export type RpcMessage =
  | { readonly kind: 'request'; readonly id: RpcId; readonly method: string; readonly params: JsonObject }
  | { readonly kind: 'notification'; readonly method: string }
  /** An answer to what nobody has asked here. */
  | { readonly kind: 'response' }
  | { readonly kind: 'invalid'; readonly id: RpcId | null; readonly why: string };

/** JSON-RPC 2.0 §5.1. */
export const rpcCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
} as const;

/** What a client calls a request by is repeated, so it is bounded. */
const ID_LENGTH_MAX = 256;

export function readMessage(value: unknown): RpcMessage {
  if (!isObject(value)) return invalid(null, 'a message is an object');
  const { id, method, params } = value;
  const known = isId(id) ? id : null;
  if (value['jsonrpc'] !== '2.0') return invalid(known, '`jsonrpc` is "2.0"');
  if (method === undefined && (value['result'] !== undefined || value['error'] !== undefined))
    return { kind: 'response' };
  if (typeof method !== 'string') return invalid(known, '`method` is a text');
  if (params !== undefined && !isObject(params)) return invalid(known, '`params` is an object');
  if (id === undefined) return { kind: 'notification', method };
  if (known === null) return invalid(null, `\`id\` is a number, or a text of at most ${ID_LENGTH_MAX} characters`);
  return { kind: 'request', id: known, method, params: params ?? {} };
}

const invalid = (id: RpcId | null, why: string): RpcMessage => ({ kind: 'invalid', id, why });

function isId(id: unknown): id is RpcId {
  return typeof id === 'string' ? id.length <= ID_LENGTH_MAX : typeof id === 'number' && Number.isFinite(id);
}

export function rpcResult(id: RpcId, result: JsonObject): JsonObject {
  return { jsonrpc: '2.0', id, result };
}

/** `id` null: it could not be read. */
export function rpcError(id: RpcId | null, code: number, message: string): JsonObject {
  return { jsonrpc: '2.0', id, error: { code, message } };
}
