/** An answer that the gateway gives by itself, in one go; nothing below is asked. */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { type Cancel, type GatewayRequest, nothingToCancel, type ResponseHandler } from './dispatch.js';

const EMPTY = new Uint8Array(0);

/** RFC 9110 §6.4.1: these have no content, whatever the method. */
const isWithoutContent = (status: number): boolean => status === 204 || status === 304;

/**
 * For an answer in the call of `dispatch` itself, which nobody can cancel before it has returned; one that comes later goes by an Ear.
 *
 * The body is one chunk that is already in memory, so its receiver's valve has nothing to hold back. To HEAD the head
 * states the length that GET would have (RFC 9110 §9.3.2).
 */
export function answerDirectly(
  request: GatewayRequest,
  handler: ResponseHandler,
  status: number,
  headers: HeaderList,
  body: Uint8Array = EMPTY,
): Cancel {
  const content = isWithoutContent(status) ? EMPTY : body;
  handler.onHeaders({ status, headers, lengthBytes: content.byteLength, resume: () => {} });
  if (content.byteLength > 0 && request.method !== 'HEAD') handler.onData(content);
  handler.onComplete();
  return nothingToCancel;
}
