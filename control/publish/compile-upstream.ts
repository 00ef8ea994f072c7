/** The part of the snapshot that says what an upstream is, and how it is spoken to. Pure. */
import type { Upstream } from '@weir/proto/config/upstream.js';
import type { UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import { compileUpstreamResilience } from './compile-resilience.js';
import { targetId } from './names.js';

export function compileUpstream(upstream: Upstream, id: string): UpstreamSpec {
  const { pool, tls, dns } = upstream;
  const schemes = upstream.targets.map(({ url }) => url.scheme);
  const everyIsTls = schemes.every((scheme) => scheme === 'https');
  return {
    id,
    targets: upstream.targets.map(({ url, weight, zone, priority }) => ({
      id: targetId(url),
      ...url,
      weight,
      zone: zone ?? null,
      priority,
    })),
    ...compileUpstreamResilience(upstream),
    pool: {
      connections: pool.connections,
      queue: pool.queue,
      idleMs: pool.idle,
      requestsPerConnection: pool.requestsPerConnection,
      gatherBodyBytes: pool.gatherBody,
      responseHeaderBytes: pool.responseHeader,
      client: pool.client,
    },
    tls: schemes.includes('https')
      ? {
          verify: tls.verify,
          serverName: tls.serverName ?? null,
          caFile: tls.caFile ?? null,
          certFile: tls.certFile ?? null,
          keyFile: tls.keyFile ?? null,
        }
      : null,
    protocol: upstream.protocol,
    // A TLS upstream is most often another organisation's virtual host, which does not know the client's name for us.
    hostHeader: upstream.hostHeader ?? { mode: everyIsTls ? 'target' : 'pass' },
    dns: { ttlMinMs: dns.ttlMin, ttlMaxMs: dns.ttlMax },
  };
}
