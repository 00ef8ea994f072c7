/** Close codes of WebSockets (RFC 6455 §7.4), as both ends of a tunnel judge them. */

/** 1004 has no meaning; 1005, 1006 and 1015 only tell one's own side that no code, or no closing handshake, came. */
export function mayBeSent(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}
