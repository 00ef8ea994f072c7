/**
 * The cookie by which a client stays with its target. Its value is the signature of the target's id, and nothing else:
 * it names no address, nobody without the secret can make one, and it is checked without any cryptography on the path
 * of a request, because the signatures of all targets are made when the configuration is.
 *
 *   Cookie: weir-target=Jx0a2B…      the first letters find the target whose signature begins so,
 *                      └┬───┘└┬┘     the rest is compared in constant time and proves it
 *
 * The first letters are no secret that way; the 37 that remain hold 222 bits.
 */
import type { StickySpec } from '@weir/proto/snapshot/resilience.js';
import type { TargetSpec } from '@weir/proto/snapshot/snapshot.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import { cookieValue } from './hash.js';

export interface Sticky {
  /** The position of the target that the request's cookie stands for; -1 without a cookie that was given out here. */
  positionOf(request: GatewayRequest): number;
  /** The Set-Cookie that makes a client stay with this target; null where its cookie says so already. */
  cookieFor(request: GatewayRequest, position: number): string | null;
}

export interface StickyOptions {
  readonly upstreamId: string;
  readonly cookie: StickySpec['cookie'];
  readonly maxAgeS: StickySpec['maxAgeS'];
  readonly targets: readonly Pick<TargetSpec, 'id'>[];
  /** HMAC-SHA-256 of a text with the secret of this cookie, in base64url: 43 letters. */
  readonly sign: (text: string) => string;
}

const FINDING_LETTERS = 6;

export function createSticky({ upstreamId, cookie, maxAgeS, targets, sign }: StickyOptions): Sticky {
  // The upstream is signed as well: a cookie for a target here says nothing about the same target elsewhere.
  const values = targets.map(({ id }) => sign(`sticky target ${upstreamId} ${id}`));
  const found = new Map(values.map((value, position) => [value.slice(0, FINDING_LETTERS), position]));
  const attributes = `; Path=/; HttpOnly; SameSite=Lax${maxAgeS > 0 ? `; Max-Age=${maxAgeS}` : ''}`;
  const positionOf = (request: GatewayRequest): number => {
    const value = cookieValue(request.headers, cookie);
    if (value === undefined) return -1;
    const position = found.get(value.slice(0, FINDING_LETTERS));
    return position !== undefined && isSame(value, values[position] ?? '') ? position : -1;
  };
  return {
    positionOf,
    cookieFor(request, position) {
      if (positionOf(request) === position) return null;
      const secure = request.exchange.scheme === 'https' ? '; Secure' : '';
      return `${cookie}=${values[position] ?? ''}${attributes}${secure}`;
    },
  };
}

/** In a time that depends on the length of what was sent, and on nothing that it is compared with. */
function isSame(sent: string, expected: string): boolean {
  let difference = sent.length ^ expected.length;
  for (let i = 0; i < sent.length; i += 1) difference |= sent.charCodeAt(i) ^ expected.charCodeAt(i);
  return difference === 0;
}
