/**
 * One upstream alive: its targets with their pools, name resolution and connections, and the handles by which the
 * registry warms, counts and ends them. The wiring of the parts; each part's own rules are in its file.
 */
import type { Socket } from 'node:net';
import type { HealthChange } from '@weir/proto/events/health.js';
import { failure } from '@weir/proto/http/failures.js';
import type { TargetSpec, UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Dispatch } from '../pipeline/dispatch.js';
import type { Clock, Random, Timers } from '../time/clock.js';
import { loadOf } from './balance/pick.js';
import type { NameQuery } from './dns/queries.js';
import { createResolver } from './dns/resolver.js';
import { type ProbeSwitch, startProber } from './health/prober.js';
import type { TargetHealth } from './health/target-health.js';
import { createUpstreamOpinions, type UpstreamOpinions } from './health/upstream-health.js';
import { createPoolDispatch } from './pools/call.js';
import type { Connection, Dial } from './pools/connection.js';
import { Pool, type PoolStats } from './pools/pool.js';
import type { HeldBytes } from './retry/held-bytes.js';
import type { Target } from './target.js';
import { type AlpnOffer, type Connector, createConnector, type OpenEvents } from './transport/connector.js';
import { createPlainConnection, type PlainTerms } from './transport/http1.js';
import { Inlet } from './transport/http1-inlet.js';
import { LastHead } from './transport/http1-parser.js';
import { createHttp2Connection, STREAMS_MAX } from './transport/http2.js';
import { loadTlsMaterial, type TlsMaterial, tlsFingerprint } from './transport/tls-material.js';
import { withUndici } from './transport/undici-loader.js';
import { asksForWebSocket, createWebSocketDispatch } from './transport/websocket.js';
import type { Upstream } from './upstreams.js';

export interface UpstreamDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly query: NameQuery;
  /** Memory of the node that request bodies take which are gathered. */
  readonly bodies: HeldBytes;
  /** Hears of each change of opinion about a target, or about the upstream as a whole. */
  readonly onHealthChange: (change: HealthChange) => void;
  /** Largest WebSocket message in bytes; may change with a reload. */
  readonly messageBytesMax: () => number;
  /** This node is one of a cluster: tells the others of failures that don't make an opinion yet. */
  readonly warnOthers?: ((change: HealthChange) => void) | null;
}

export interface LiveTarget extends Target {
  readonly health: TargetHealth;
  /** Null where nothing is probed. */
  readonly probes: ProbeSwitch | null;
  stats(): PoolStats;
  /** Whether a connection is open; what is asked of a thousand targets in one turn makes nothing. */
  isConnected(): boolean;
  /** Opens one connection ahead of traffic; `onEnd` runs once, whatever became of it. */
  warm(onEnd: () => void): void;
  /**
   * Keeps nothing idle and is probed no more; requests under way, and late ones of an older snapshot, are still served.
   */
  retire(): void;
  destroy(): void;
}

export interface LiveUpstream extends Upstream {
  readonly targets: readonly LiveTarget[];
  /** Equal for two specs that may share pools: same spec, same TLS files. */
  readonly identity: string;
  readonly opinions: UpstreamOpinions;
  /** What it makes of late attempts and probes is its own business from now on: another may have its name. */
  fallSilent(): void;
  /** Retires its targets, and falls silent. */
  retire(): void;
}

/** Whether an upstream that is alive is what this spec describes. Throws when a TLS file cannot be read. */
export function identityOf(spec: UpstreamSpec): string {
  return identified(spec, tlsFingerprint(spec.tls));
}

export function createLiveUpstream(spec: UpstreamSpec, deps: UpstreamDeps): LiveUpstream {
  // Making a context takes longer than all the rest, and plaintext has no use for one.
  const tls = spec.targets.some(({ scheme }) => scheme === 'https') ? loadTlsMaterial(spec.tls) : null;
  // All that may throw comes before the targets, which resolve and probe from the start.
  const identity = identified(spec, tls?.fingerprint ?? tlsFingerprint(spec.tls));
  let isSilent = false;
  const onChange = (change: HealthChange): void => {
    if (!isSilent) deps.onHealthChange(change);
  };
  const opinions = createUpstreamOpinions(spec, deps.clock, onChange, deps.warnOthers ?? null);
  const targets = opinions.targets.map((health) => createLiveTarget(health, spec, tls, deps));
  return {
    spec,
    identity,
    opinions,
    opinionChanges: opinions.changes,
    health: opinions.upstream,
    targets,
    fallSilent: () => {
      isSilent = true;
    },
    retire: () => {
      isSilent = true;
      for (const target of targets) target.retire();
    },
  };
}

/** `host:port` as in a Host field: brackets around IPv6, no default port. */
export function authorityOf({ scheme, host, port }: TargetSpec): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === (scheme === 'https' ? 443 : 80) ? name : `${name}:${port}`;
}

function identified(spec: UpstreamSpec, tls: string): string {
  return `${tls} ${stableJson(spec)}`;
}

/** JSON with sorted keys: two specs are equal when their texts are. */
function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function createLiveTarget(
  health: TargetHealth,
  upstream: UpstreamSpec,
  tls: TlsMaterial | null,
  deps: UpstreamDeps,
): LiveTarget {
  const { spec } = health;
  const resolver = createResolver(spec.host, upstream, deps);
  const connector = createConnector({ target: spec, resolver, tls: spec.scheme === 'https' ? tls : null });
  // What the last connection turned out to be; a burst of requests then waits for one HTTP/2 connection, not for many.
  let streams = upstream.protocol === 'http2' ? STREAMS_MAX : 1;
  const pool = new Pool<Connection>({
    ...upstream.pool,
    clock: deps.clock,
    timers: deps.timers,
    streamsExpected: () => streams,
    dial: dialOf(spec, upstream, connector, deps, (multiplexed) => {
      streams = multiplexed ? STREAMS_MAX : 1;
    }),
  });
  const probes = probing(health, upstream, connector, deps);
  resolver.onChanged((addresses) => pool.retireWhere((connection) => !addresses.has(connection.address)));
  return {
    spec,
    upstreamId: upstream.id,
    authority: authorityOf(spec),
    inFlight: 0,
    load: loadOf(upstream, deps.clock),
    health,
    probes,
    dispatch: dispatchOf(pool, connector, upstream, deps),
    stats: () => pool.stats(),
    isConnected: () => pool.open > 0,
    warm: (onEnd) => pool.warm(onEnd),
    retire: () => {
      probes?.stop();
      resolver.close();
      pool.retire();
    },
    destroy: () => {
      probes?.stop();
      resolver.close();
      pool.destroy(failure('draining', 'the node is closing its upstreams'));
    },
  };
}

/** Probes the target where its upstream asks for it. */
function probing(
  health: TargetHealth,
  upstream: UpstreamSpec,
  connector: Connector,
  deps: UpstreamDeps,
): ProbeSwitch | null {
  if (upstream.probe === null) return null;
  const { clock, timers, random } = deps;
  return startProber({
    spec: upstream.probe,
    authority: authorityOf(health.spec),
    // As the pool dials, but what the pool expects of its connections is not the business of a probe.
    dial: dialOf(health.spec, upstream, connector, deps, () => {}),
    clock,
    timers,
    random,
    onResult: (result) => health.probed(result, clock.nowMs()),
  });
}

function dispatchOf(
  pool: Pool<Connection>,
  connector: Connector,
  upstream: UpstreamSpec,
  deps: UpstreamDeps,
): Dispatch {
  const send = createPoolDispatch(pool, upstream.pool.gatherBodyBytes, deps.bodies);
  const upgrade = createWebSocketDispatch({
    connector,
    headBytesMax: upstream.pool.responseHeaderBytes,
    messageBytesMax: deps.messageBytesMax,
  });
  return (request, handler) => (asksForWebSocket(request) ? upgrade : send)(request, handler);
}

const ALPN: Readonly<Record<UpstreamSpec['protocol'], AlpnOffer>> = {
  http1: ['http/1.1'],
  http2: ['h2'],
  auto: ['h2', 'http/1.1'],
};

function dialOf(
  spec: TargetSpec,
  upstream: UpstreamSpec,
  connector: Connector,
  { clock, timers }: Pick<UpstreamDeps, 'clock' | 'timers'>,
  onOpened: (multiplexed: boolean) => void,
): Dial<Connection> {
  const headBytesMax = upstream.pool.responseHeaderBytes;
  // Without TLS there is nothing to choose by: HTTP/2 is spoken where the configuration says so (RFC 9113 §3.3).
  const priorKnowledge = spec.scheme === 'http' && upstream.protocol === 'http2';
  const isPlain = spec.scheme === 'http' && upstream.protocol !== 'http2' && upstream.pool.client === 'native';
  if (isPlain) return plainDial(connector, { headBytesMax, lastHead: new LastHead(), clock });
  const dialBy = (http1: CreateConnection | null): Dial<Connection> => {
    return (events) =>
      connector(ALPN[upstream.protocol], {
        onTls: () => events.onTls(),
        onOpened: ({ socket, address, protocol }) => {
          const multiplexed = priorKnowledge || protocol === 'h2';
          onOpened(multiplexed);
          events.onConnected(
            multiplexed || http1 === null
              ? createHttp2Connection(socket, address, spec.scheme, headBytesMax, timers)
              : http1(socket, address, headBytesMax),
          );
        },
        onFailed: (failed) => events.onFailed(failed),
      });
  };
  // Who speaks HTTP/2 in plaintext never falls back to another protocol.
  return priorKnowledge ? dialBy(null) : withUndici(({ createHttp1Connection }) => dialBy(createHttp1Connection));
}

type CreateConnection = (socket: Socket, address: string, headBytesMax: number) => Connection;

/** HTTP/1.1 without TLS, by the transport of our own. */
function plainDial(connector: Connector, terms: PlainTerms): Dial<Connection> {
  return (events) => {
    const inlet = new Inlet();
    const open: OpenEvents = {
      onTls: () => events.onTls(),
      onOpened: ({ socket, address }) => events.onConnected(createPlainConnection(socket, inlet, address, terms)),
      onFailed: (failed) => events.onFailed(failed),
    };
    return connector(ALPN.http1, open, inlet);
  };
}
