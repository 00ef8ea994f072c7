/** The `gateway` part: where it listens, whom it believes, what it bounds, how it names itself, what it writes down. */
import * as z from 'zod';
import { cacheMemorySchema } from './cache.js';
import { headerMap } from './header-map.js';
import { jobsSchema } from './jobs.js';
import {
  fieldName,
  filePath,
  hostPattern,
  httpUrl,
  ipBlock,
  listenAddress,
  ownFieldName,
  parseUrl,
} from './network.js';
import { duration, flag, integer, leaf, oneOrMany, readText, share, size, text } from './scalars.js';
import { headerValue, secret } from './secrets.js';
import { gatewayTimeouts } from './timeouts.js';
import { accept, quote, type Reading, refuse } from './units.js';

const KIB = 1024;
const MIB = 1024 * KIB;

const certificate = z
  .strictObject({
    hosts: oneOrMany(hostPattern())
      .optional()
      .describe('Names this certificate is for, exact or `*.example.com`. Left out: any name; only the first may.'),
    certFile: filePath().describe('PEM file with the certificate and its chain.'),
    keyFile: filePath().describe('PEM file with the private key.'),
    passphrase: secret("the key's passphrase").optional().describe(`Passphrase of the key, as \${NAME}.`),
  })
  .describe('One certificate, re-read when its files change.');

const tls = z.strictObject({
  certificates: z
    .array(certificate)
    .min(1)
    .max(1000)
    .describe('The first one also serves clients that name no host or an unknown one.'),
});

const limits = z.strictObject({
  // 64 KiB is what the server library is started with; it cannot take more in one process.
  header: size({ min: KIB, max: 64 * KIB })
    .prefault('32KiB')
    .describe('Whole head of a request (431 above).'),
  headerCount: integer('the number of header fields', 1, 1000)
    .prefault(100)
    .describe('Header fields of a request (431 above).'),
  url: size({ min: 128, max: 64 * KIB })
    .prefault('8KiB')
    .describe('Request target (414 above).'),
  // Ten thousand waiting requests must fit; an exchange costs a few KiB while it waits.
  exchanges: integer('the number of exchanges', 1, 1_000_000)
    .prefault(20_000)
    .describe('Exchanges in flight in one node (503 above).'),
  message: size({ min: KIB, max: 1024 * MIB })
    .prefault('16MiB')
    .describe('Largest WebSocket message (close code 1009 above).'),
  // Four thousand bodies of the usual 64 KiB; exchanges alone would allow twenty thousand, and each of them twice.
  bodies: size({ min: 0, max: 64 * 1024 * MIB })
    .prefault('256MiB')
    .describe(
      'Request bodies that are gathered or kept for a retry, all together; beyond it they stream, and are not retried.',
    ),
});

const names = z.strictObject({
  deadlineHeader: ownFieldName()
    .prefault('x-request-timeout-ms')
    .describe('Header in which a client states its budget and the upstream learns what is left, in milliseconds.'),
  requestIdHeader: ownFieldName().prefault('x-request-id').describe('Header that carries the request id.'),
  via: leaf(
    (value) =>
      readText(value, 'a name', (name) =>
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)
          ? accept(name)
          : refuse(`${quote(name)} cannot name a gateway`, 'use letters, digits, dots and hyphens'),
      ),
    { type: 'string' },
  )
    .prefault('weir')
    .describe('Name of this gateway in Via, Proxy-Status and Forwarded.'),
});

/** A text that begins like a URL is one, and no file. */
const logUrl = leaf(
  (value): Reading<string> => {
    const url = typeof value === 'string' && /^https?:/i.test(value) ? parseUrl(value) : null;
    const cure = 'write stdout, a file, or a URL such as https://logs.example.com/weir';
    if (typeof value !== 'string' || !/^https?:/i.test(value)) return refuse('this is no URL', cure, true);
    if (url === null || url.hostname === '') return refuse(`${quote(value)} is not a URL`, cure);
    return url.username === '' && url.password === ''
      ? accept(url.href)
      : refuse('the URL must not hold credentials', 'set them in `headers`');
  },
  { type: 'string', pattern: '^https?://' },
);

const accessLogFields = z.strictObject({
  enabled: flag().prefault(true).describe('Write one JSON line per request.'),
  destination: oneOrMany(z.union([logUrl, filePath()]), 4)
    .prefault('stdout')
    .describe('`stdout`, a file, or the URL of a collector that takes NDJSON by POST; or several of them.'),
  headers: headerMap(headerValue()).prefault({}).describe(`Fields for collectors; values may hold \${NAME}.`),
  sample: share('the share of requests')
    .prefault(1)
    .describe('Share of successful requests that are written, 0 to 1. Failures and slow ones are always written.'),
  slow: duration().prefault('1s').describe('A request that took at least this long counts as slow.'),
  redact: oneOrMany(text('a name').transform((name) => name.toLowerCase()))
    .prefault([
      'authorization',
      'cookie',
      'set-cookie',
      'x-api-key',
      'api_key',
      'apikey',
      'access_token',
      'token',
      'password',
    ])
    .describe('Header fields and query parameters whose values are replaced by [redacted].'),
  requestHeaders: oneOrMany(fieldName()).prefault([]).describe('Request header fields that are added to the line.'),
});
const accessLog = z.union([flag().transform((enabled) => accessLogFields.parse({ enabled })), accessLogFields]);

const tracing = z.strictObject({
  endpoint: httpUrl('traces').describe('OTLP/HTTP traces endpoint, such as http://127.0.0.1:4318/v1/traces.'),
  headers: headerMap(headerValue()).prefault({}).describe(`Headers for the endpoint; values may hold \${NAME}.`),
  sample: share('the share of requests')
    .prefault(0.01)
    .describe('Share of requests that are sampled where the caller has not decided.'),
  serviceName: text('a service name').prefault('weir').describe('`service.name` of the spans.'),
});

export const gatewaySchema = z.strictObject({
  listen: listenAddress().prefault('127.0.0.1:8080').describe('Address and port for traffic.'),
  tls: tls.optional().describe('Serve HTTPS. Left out: plain HTTP.'),
  proxyProtocol: flag()
    .prefault(false)
    .describe(
      'Expect a PROXY protocol v2 header from the trusted proxies. Each connection then carries one request, since a client behind the proxy could forge the address of a later one; a chunked body must begin in the packet of its head. An address in a LOCAL header is read like any other.',
    ),
  trustedProxies: oneOrMany(ipBlock())
    .prefault([])
    .describe('Addresses whose X-Forwarded-For, Forwarded, X-Request-Id, traceparent and PROXY headers are believed.'),
  limits: limits.prefault({}).describe('Bounds on what one client or one node may hold.'),
  timeouts: gatewayTimeouts.prefault({}).describe('Timers; upstreams and routes may override those of a request.'),
  jobs: jobsSchema.prefault({}).describe('Requests that go on without their client; see `async` of a route.'),
  cache: cacheMemorySchema.prefault({}).describe('What a node keeps of answers; see `cache` of a route.'),
  names: names.prefault({}).describe('Names that this gateway uses on the wire.'),
  accessLog: accessLog.prefault({}).describe('The access log: true, false, or its settings.'),
  tracing: tracing.optional().describe('Export traces. Left out: trace context is passed on, nothing is exported.'),
});

export type Gateway = z.output<typeof gatewaySchema>;
