/** Refusals of a whole POST: a status of HTTP with an error of JSON-RPC that has no id, as the transport of MCP wants it. */
import { type FailureCode, failure } from '@weir/proto/http/failures.js';
import type { ResponseHandler } from '../pipeline/dispatch.js';
import { rpcError } from './json-rpc.js';

const codes: Readonly<Record<400 | 403 | 405 | 406 | 415, FailureCode>> = {
  400: 'bad_request',
  403: 'forbidden',
  405: 'method_not_allowed',
  406: 'bad_request',
  415: 'bad_request',
};

export function refuseMessage(handler: ResponseHandler, status: keyof typeof codes, code: number, why: string): void {
  const answer = { status, type: 'application/json', body: JSON.stringify(rpcError(null, code, why)) };
  const headers = status === 405 ? { headers: ['allow', 'POST'] } : {};
  handler.onError(failure(codes[status], why, { ...headers, answer }));
}
