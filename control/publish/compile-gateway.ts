/** The part of the snapshot that all routes have in common: listener, its limits and timers, log and traces. Pure. */
import type { Gateway } from '@weir/proto/config/gateway.js';
import type { Route } from '@weir/proto/config/route.js';
import type { GatewaySpec } from '@weir/proto/snapshot/gateway.js';
import { compileCacheMemory } from './compile-cache.js';
import { compileJobs } from './compile-resilience.js';

export function compileGateway(gateway: Gateway, routes: readonly Route[]): GatewaySpec {
  const { limits, timeouts, accessLog, tracing } = gateway;
  const certificates = gateway.tls?.certificates.map(({ hosts, certFile, keyFile, passphrase }) => ({
    hosts: hosts ?? [],
    certFile,
    keyFile,
    passphrase: passphrase ?? null,
  }));
  return {
    listen: gateway.listen,
    tls: certificates === undefined ? null : { certificates },
    proxyProtocol: gateway.proxyProtocol,
    trustedProxies: gateway.trustedProxies,
    limits: {
      headerBytes: limits.header,
      headerCount: limits.headerCount,
      urlBytes: limits.url,
      exchanges: limits.exchanges,
      messageBytes: limits.message,
      bodyBytes: limits.bodies,
    },
    clientTimers: {
      clientHeadersMs: timeouts.clientHeaders,
      clientBodyMs: timeouts.clientBody,
      clientIdleMs: timeouts.clientIdle,
      drainMs: timeouts.drain,
    },
    names: gateway.names,
    jobs: compileJobs(gateway.jobs),
    cache: compileCacheMemory(gateway.cache, routes),
    accessLog: {
      enabled: accessLog.enabled,
      destinations: accessLog.destination,
      headers: Object.fromEntries(accessLog.headers),
      sample: accessLog.sample,
      slowMs: accessLog.slow,
      redact: accessLog.redact,
      requestHeaders: accessLog.requestHeaders,
    },
    tracing:
      tracing === undefined
        ? null
        : {
            endpoint: tracing.endpoint,
            headers: Object.fromEntries(tracing.headers),
            sample: tracing.sample,
            serviceName: tracing.serviceName,
          },
  };
}
