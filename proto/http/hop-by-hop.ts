/**
 * Which fields end at the next hop (RFC 9110 §7.6.1). A gateway removes them in both directions, and with them every
 * field that `Connection` names. Framing (Content-Length, Transfer-Encoding) is made anew by whoever writes the
 * message, which is what keeps two parsers from disagreeing about where a message ends.
 */
import { type HeaderList, listTokens } from './headers.js';

export const hopByHopFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

const NONE: ReadonlySet<string> = new Set();

/** True for a field that never passes a proxy, whatever Connection says. */
export function isHopByHop(name: string): boolean {
  return hopByHopFields.has(name);
}

/** The fields that this message's own Connection fields name, lower-cased; they are hop-by-hop for this message only. */
export function connectionNamed(headers: HeaderList): ReadonlySet<string> {
  let named: Set<string> | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'connection') continue;
    const value = headers[i + 1] ?? '';
    // The two common values need no set: both name fields that are on the fixed list, or nothing.
    if (value === 'keep-alive' || value === 'close') continue;
    named ??= new Set();
    for (const token of listTokens(value)) named.add(token);
  }
  return named ?? NONE;
}
