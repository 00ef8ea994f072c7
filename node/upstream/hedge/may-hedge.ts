/**
 * Which requests may be asked twice at the same time. Retry asks again when the first attempt is over; a hedge asks while
 * it may still have its effect, so idempotent is not enough: only what is safe (RFC 9110 §9.2.1) has no effect that
 * two of it could double. DELETE and PUT are therefore retried and never hedged.
 */
import { isSafe } from '@weir/proto/http/methods.js';
import { webSocketAsk } from '@weir/proto/http/upgrade.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';

/** A body is read once, and a tunnel has two ends that both matter. */
export function mayHedge({ method, headers, body }: GatewayRequest): boolean {
  // An answer to TRACE is about the way, and two of them go two ways.
  return isSafe(method) && method !== 'TRACE' && body === null && webSocketAsk(method, headers, false) !== 'handshake';
}
