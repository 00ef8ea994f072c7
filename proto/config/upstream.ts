/** `upstreams`: where requests go, how a target is picked, and how connections to it are made and kept. */
import * as z from 'zod';
import { balanceSchema } from './balance.js';
import { concurrencySchema, healthSchema } from './health.js';
import { filePath, readHostPattern, targetUrl } from './network.js';
import { choice, duration, flag, identifier, integer, leaf, oneOrMany, readText, size, text } from './scalars.js';
import { timeoutOverrides } from './timeouts.js';
import { accept, quote, type Reading, refuse } from './units.js';

const KIB = 1024;
const MIB = 1024 * KIB;

const targetFields = z.strictObject({
  url: targetUrl().describe('Scheme, host and port, such as http://10.0.0.1:9000.'),
  weight: integer('a weight', 1, 1000).prefault(1).describe('Share of this target relative to the others.'),
  zone: text('a zone').optional().describe('Where the target is, for balancing by zone.'),
  priority: integer('a priority', 0, 10)
    .prefault(0)
    .describe('0 is the best; worse ones are used when too few of the better ones are well.'),
});
const target = z.union([
  targetUrl().transform((url) => ({ url, weight: 1, zone: undefined, priority: 0 })),
  targetFields,
]);

export const poolSchema = z.strictObject({
  // Envoy's circuit-breaker default for connections and pending requests.
  connections: integer('the number of connections', 1, 65_535)
    .prefault(1024)
    .describe('Connections to one target, at most.'),
  queue: integer('the length of the queue', 0, 1_000_000)
    .prefault(1024)
    .describe('Requests waiting for a connection to one target, at most (503 above).'),
  // Below the 5 s of Node and Apache, so that it is seldom the upstream that closes first.
  idle: duration()
    .prefault('4s')
    .describe("An idle connection is closed after this long; keep it below the upstream's own keep-alive limit."),
  requestsPerConnection: integer('the number of requests', 0, 1_000_000_000)
    .prefault(0)
    .describe('A connection is retired after this many requests; 0: never.'),
  gatherBody: size({ min: 0, max: 16 * MIB })
    .prefault('64KiB')
    .describe('Request bodies of a known length up to this size are gathered before a place or a connection is taken.'),
  responseHeader: size({ min: KIB, max: MIB }).prefault('64KiB').describe('Largest response head (502 above).'),
  client: choice('the client', ['native', 'undici'])
    .prefault('native')
    .describe('HTTP/1.1 client for http targets, to compare or to fall back on; https targets always have undici.'),
});

const tls = z
  .strictObject({
    verify: flag().prefault(true).describe("Verify the target's certificate. Turn it off for tests only."),
    serverName: text('a server name')
      .optional()
      .describe("Name for SNI and verification; left out: the target's host."),
    caFile: filePath().optional().describe('PEM file of the authorities to trust instead of the well-known ones.'),
    certFile: filePath().optional().describe('PEM file of a client certificate.'),
    keyFile: filePath().optional().describe('PEM file of its key.'),
  })
  .superRefine((value, context) => {
    if ((value.certFile === undefined) === (value.keyFile === undefined)) return;
    const params = { cure: 'give both certFile and keyFile, or neither' };
    context.addIssue({
      code: 'custom',
      message: 'a client certificate needs its key, and a key its certificate',
      params,
    });
  });

const dns = z
  .strictObject({
    ttlMin: duration().prefault('1s').describe('A name is asked again no sooner, whatever its TTL.'),
    ttlMax: duration().prefault('1m').describe('A name is asked again no later, whatever its TTL.'),
  })
  .superRefine((value, context) => {
    if (value.ttlMin <= value.ttlMax) return;
    context.addIssue({ code: 'custom', message: 'ttlMin is above ttlMax', params: { cure: 'swap them' } });
  });

export type HostHeader =
  | { readonly mode: 'pass' }
  | { readonly mode: 'target' }
  | { readonly mode: 'set'; readonly value: string };

function readHostHeader(written: string): Reading<HostHeader> {
  if (written === 'pass' || written === 'target') return accept({ mode: written });
  const match = /^([^:]{1,253}|\[[^\]]{1,45}\])(:\d{1,5})?$/.exec(written);
  const host = match === null ? null : readHostPattern(match[1] ?? '');
  if (host === null || !host.ok || host.value.startsWith('*')) {
    return refuse(
      `${quote(written)} cannot be a Host`,
      "write pass (the client's), target (the target's), or a name such as api.internal",
    );
  }
  return accept({ mode: 'set', value: `${host.value}${match?.[2] ?? ''}` });
}

const hostHeader = leaf(
  (value): Reading<HostHeader> => {
    const asText = readText(value, 'pass, target or a host name');
    return asText.ok ? readHostHeader(asText.value) : asText;
  },
  { type: 'string', examples: ['pass', 'target', 'api.internal'] },
);

export const upstreamSchema = z.strictObject({
  id: identifier().optional().describe("Name that routes refer to. Left out: the first target's host and port."),
  targets: oneOrMany(target)
    .pipe(z.array(z.custom<z.output<typeof target>>()).min(1))
    .describe('One or more servers that do the same work.'),
  balance: balanceSchema.prefault('peak-ewma').describe('How a target is picked: a policy, or its settings.'),
  health: healthSchema.prefault({}).describe('How it is found out that a target is not well.'),
  concurrency: concurrencySchema
    .prefault('adaptive')
    .describe('Requests at once, all targets together: adaptive, none, a number, or its settings.'),
  protocol: choice('the protocol', ['http1', 'http2', 'auto'])
    .prefault('http1')
    .describe(
      '`auto` offers HTTP/2 on TLS targets and takes what is chosen; `http2` is spoken to http targets as well, unasked.',
    ),
  hostHeader: hostHeader
    .optional()
    .describe(
      "Host that the upstream sees: `pass` (the client's), `target`, or a name. Left out: target if every target is https, else pass.",
    ),
  timeouts: timeoutOverrides
    .optional()
    .describe('Timers for requests to this upstream, where they differ from those of the gateway.'),
  pool: poolSchema.prefault({}).describe('Connections to each target.'),
  tls: tls.prefault({}).describe('TLS with https targets.'),
  dns: dns.prefault({}).describe('How long the addresses of a name are kept.'),
});

export type Upstream = z.output<typeof upstreamSchema>;
