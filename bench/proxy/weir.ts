/**
 * Weir as a peer: `weir up` with a configuration of its own, in three profiles. `weir` is one bare route, as the other
 * proxies have it; `weir-undici` is the same over undici's client instead of our own transport; `weir-policies` checks a
 * key, counts a rate limit that nodes share, may retry, and writes an access log on every request. Metrics are always on.
 */
import { createHash } from 'node:crypto';
import { API_KEY, API_KEY_FIELD, type Site } from './cases.js';

export const weirProfiles = ['weir', 'weir-undici', 'weir-policies'] as const;
export type WeirProfile = (typeof weirProfiles)[number];

export const isWeirProfile = (name: string): name is WeirProfile => weirProfiles.some((profile) => profile === name);

export function weirConfig(profile: WeirProfile, site: Site): string {
  const isBare = profile !== 'weir-policies';
  const client = profile === 'weir-undici' ? 'client: undici, ' : '';
  const log = isBare ? '{ enabled: false }' : `{ enabled: true, destination: ${site.directory}/access.log }`;
  const keyHash = createHash('sha256').update(API_KEY).digest('hex');
  // A rate that is never reached: the limiter does its work on each request and refuses none.
  const policies = `
    auth:
      - apiKey: { in: ["header:${API_KEY_FIELD}"] }
    limits:
      - { rate: 10000000/s, by: consumer }
    retry: true
consumers:
  - id: bench
    keys: [{ sha256: ${keyHash} }]
`;
  return `version: 1
gateway:
  listen: 127.0.0.1:${site.port}
  accessLog: ${log}
  timeouts: { total: 1m, connect: 1m, firstByte: 1m } # as nginx has them: where all wait, nobody is to give up
upstreams:
  - id: origin
    targets: [{ url: "http://127.0.0.1:${site.originPort}" }]
    pool: { ${client}connections: ${site.connections}, idle: 10m } # kept over the turns of the others
routes:
  - id: all
    match: { path: /* }
    upstream: origin${isBare ? '\n' : policies}`;
}
