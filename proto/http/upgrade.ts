/**
 * What a request that asks to become a WebSocket asks for (RFC 9110 §7.8, RFC 6455 §4.2.1). The listener, the layer
 * that lets upgrades through and the transport all decide by this one reading: if two of them disagreed, one would
 * switch protocols under an exchange that another holds for a plain request.
 */
import { combinedValue, countField, type HeaderList, headerValue, listTokens } from './headers.js';

/**
 * - `none`: a plain request. An Upgrade field that does not ask for this, or not in the way that RFC 9110 §7.8 and RFC
 *   6455 §4.1 want (a GET without a body, `Connection: upgrade`), is ignored, as a server may always do.
 * - `handshake`: may become a tunnel.
 * - `version`: of a protocol version that is not spoken here.
 * - `malformed`: without a usable key.
 */
export type WebSocketAsk = 'none' | 'handshake' | 'version' | 'malformed';

/** The one version (RFC 6455 §4.1); all others were drafts. */
export const WEBSOCKET_VERSION = '13';

/** 16 bytes in base64 (RFC 6455 §4.1). */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

export function webSocketAsk(method: string, headers: HeaderList, hasBody: boolean): WebSocketAsk {
  // First what nearly every request ends at.
  if (headerValue(headers, 'upgrade') === undefined) return 'none';
  if (method !== 'GET' || hasBody || !namesWebSocket(headers)) return 'none';
  if (!listTokens(combinedValue(headers, 'connection') ?? '').includes('upgrade')) return 'none';
  if (combinedValue(headers, 'sec-websocket-version') !== WEBSOCKET_VERSION) return 'version';
  const key = headerValue(headers, 'sec-websocket-key') ?? '';
  return KEY.test(key) && countField(headers, 'sec-websocket-key') === 1 ? 'handshake' : 'malformed';
}

/** A protocol may come with a version of its own behind a slash, which says nothing here. */
function namesWebSocket(headers: HeaderList): boolean {
  return listTokens(combinedValue(headers, 'upgrade') ?? '').some((token) => token.split('/')[0] === 'websocket');
}
