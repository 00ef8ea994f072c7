/**
 * What a proxy says about the client to the upstream: Via (RFC 9110 §7.6.3), Forwarded (RFC 7239) and the older
 * X-Forwarded-* fields. What an untrusted peer says of itself is dropped; what a trusted one says is kept, and this
 * hop is added behind it.
 */

/** A Forwarded node (RFC 7239 §6): IPv6 in brackets and quotes. */
export function forwardedNode(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The authority that was quoted last, and how: nearly all requests of a listener name the same few. */
const last = { authority: '', host: '' };

/** Client text: anything but a token is quoted, quotes and backslashes escaped. */
function forwardedHost(authority: string): string {
  if (authority !== last.authority) {
    last.authority = authority;
    last.host = TOKEN.test(authority) ? authority : `"${authority.replace(/["\\]/g, '\\$&')}"`;
  }
  return last.host;
}

/** The element that was made last: behind a balancer, or for one busy client, it is the next one's as well. */
const lastElement = { peerAddress: '', authority: '', scheme: '', text: '' };

/** One element of Forwarded. */
export function forwardedElement(peerAddress: string, authority: string, scheme: string): string {
  const last = lastElement;
  if (peerAddress !== last.peerAddress || authority !== last.authority || scheme !== last.scheme) {
    last.peerAddress = peerAddress;
    last.authority = authority;
    last.scheme = scheme;
    last.text = elementOf(peerAddress, authority, scheme);
  }
  return last.text;
}

function elementOf(peerAddress: string, authority: string, scheme: string): string {
  return `for=${forwardedNode(peerAddress)};host=${forwardedHost(authority)};proto=${scheme}`;
}

/** How often this pseudonym has received the message already: each element of Via ends with its receiver. */
export function hopsThrough(via: string, pseudonym: string): number {
  let hops = 0;
  for (const element of via.split(',')) {
    const [, receivedBy] = element.trim().split(/\s+/);
    if (receivedBy?.toLowerCase() === pseudonym) hops += 1;
  }
  return hops;
}
