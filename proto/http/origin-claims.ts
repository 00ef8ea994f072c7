/**
 * Fields by which a proxy tells of a client what upstreams then believe: where it comes from, and what it asked for. Only a trusted
 * peer may say it. X-Forwarded-For, -Host and -Proto and Forwarded (RFC 7239) are written anew at each hop and not among them.
 */
export const originClaims: readonly string[] = [
  ...['x-real-ip', 'x-client-ip', 'true-client-ip', 'x-original-forwarded-for', 'x-original-host', 'x-original-url'],
  ...['x-rewrite-url', 'x-forwarded-port', 'x-forwarded-prefix', 'x-forwarded-server', 'x-forwarded-ssl'],
  ...['x-forwarded-scheme', 'x-forwarded-protocol', 'x-url-scheme', 'front-end-https'],
];
