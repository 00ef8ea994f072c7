/** From where a request of the admin API comes, for the audit and for limits of signing in. */
import { isIP } from 'node:net';
import { isLoopback } from '@weir/proto/http/own-host.js';
import type { FastifyRequest } from 'fastify';

/**
 * The peer's address. Where a proxy stands in front (`hasProxy`) and speaks to us from this machine, the one that it names last: earlier ones
 * are what its client says, and another peer could say anything.
 */
export function peerOf({ socket, headers }: Pick<FastifyRequest, 'socket' | 'headers'>, hasProxy: boolean): string {
  const peer = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d)/, '');
  if (!hasProxy || !isLoopback(peer)) return peer;
  const forwarded = headers['x-forwarded-for'];
  const last = String(forwarded ?? '')
    .split(',')
    .at(-1)
    ?.trim();
  return last !== undefined && isIP(last) !== 0 ? last : peer;
}
