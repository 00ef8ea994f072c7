/** Sends what somebody tries out to a gateway, and reads its answer: both bounded in time and bytes. */
import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { ControlStatus } from '@weir/control/api/control-status.js';
import { maySee } from '@weir/control/api/v1/management.js';
import type { Tried, TriedAnswer, TryRequest, TrySources } from '@weir/control/api/v1/try.js';
import type { Service } from '@weir/control/model/entities.js';
import type { Registry } from '@weir/control/registry/registry.js';
import { type Address, formatAddress } from '@weir/proto/bus/address.js';
import { isMachineAddress } from '@weir/proto/http/machine-address.js';

export interface Gateway extends Address {
  readonly tls: boolean;
  /** Its certificate has to be for that host; left out: it is for the names of services, and whoever answers there is believed. */
  readonly isVerified?: boolean;
}

/** Somebody waits for it on a page. */
const WITHIN_MS = 30_000;
/** One that is not reached by then is given up for the next. */
const CONNECT_WITHIN_MS = 3_000;
const BODY_BYTES_MAX = 512 * 1024;

/** For `/v1/try`: whoever finds a service in the catalogue may try it. */
export function trySources(
  registry: Registry,
  gateways: () => Promise<readonly Gateway[]>,
  conflictOf: (service: Service) => string | null,
): TrySources {
  return {
    serviceOf: (id) => registry.get('service', id),
    maySee: (caller, service) => maySee({ registry }, caller, 'service', service) !== null,
    // Before it is served its path is that of whoever else lies there.
    whyNot: (service) =>
      service.stage === 'draft' || service.live.length === 0
        ? 'Nothing of this service is served yet: publish it first.'
        : conflictOf(service),
    send: async (request) => sendToOneOf(await gateways(), request),
  };
}

/** Those of this machine that listen. */
export function gatewaysOf({ nodes }: Pick<ControlStatus, 'nodes'>): readonly Gateway[] {
  return nodes.flatMap(({ status }) => status?.listening ?? []);
}

/** The next one only where nothing was sent to the one before: no request is made twice. */
export async function sendToOneOf(gateways: readonly Gateway[], request: TryRequest): Promise<Tried> {
  for (const gateway of gateways) {
    const answer = await sendTry(gateway, request);
    if (answer === 'unreached') continue;
    const at = formatAddress({ host: hostOf(gateway.host), port: gateway.port });
    return answer === 'silent' ? { kind: 'silent', gateway: at } : { kind: 'answer', gateway: at, answer };
  }
  const why =
    gateways.length === 0
      ? 'No node serves now that this control could send it to; call one by yourself, with the command.'
      : 'No node can be reached from this control; call one by yourself, with the command.';
  return { kind: 'nowhere', why };
}

/** `silent`: no answer came, or its head did not in time; `unreached`: nothing was sent. */
export function sendTry(gateway: Gateway, request: TryRequest): Promise<Sent> {
  const { method, path, headers, body } = request;
  const startedAtMs = performance.now();
  const { promise, resolve } = withResolvers();
  const options = {
    ...{ host: hostOf(gateway.host), port: gateway.port, method, path, agent: false },
    headers: body === '' ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    signal: AbortSignal.timeout(WITHIN_MS),
    lookup: lookUpOutside,
  };
  const isVerified = gateway.isVerified === true;
  const servername = isVerified ? gateway.host : (headers['host'] ?? '');
  const sending = gateway.tls
    ? https.request({ ...options, rejectUnauthorized: isVerified, servername })
    : http.request(options);
  let isReached = false;
  const late = setTimeout(() => sending.destroy(new Error('not reached')), CONNECT_WITHIN_MS);
  sending.on('socket', (socket) =>
    socket.once(gateway.tls ? 'secureConnect' : 'connect', () => {
      isReached = true;
      clearTimeout(late);
    }),
  );
  sending.on('close', () => clearTimeout(late));
  sending.on('error', () => resolve(isReached ? 'silent' : 'unreached'));
  sending.on('response', (response) => {
    const chunks: Buffer[] = [];
    let [bytes, isCut] = [0, false];
    const done = (): void =>
      resolve({
        ...{ status: response.statusCode ?? 0, headers: fieldsOf(response.rawHeaders), isCut },
        body: Buffer.concat(chunks).subarray(0, BODY_BYTES_MAX).toString('utf8'),
        tookMs: Math.round(performance.now() - startedAtMs),
      });
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) return;
      isCut = true;
      response.destroy();
    });
    response.on('error', () => {
      isCut = true;
    });
    response.on('close', done);
  });
  sending.end(body === '' ? undefined : body);
  return promise;
}

/** As the system looks up, but for what no gateway has: a node of a cluster names where it listens, and a name may lead anywhere. */
export const lookUpOutside: LookupFunction = (name, options, done) => {
  dns.lookup(name, { ...options, all: true }, (error, found) => {
    const addresses = (found ?? []).filter(({ address }) => !isMachineAddress(address));
    const [first] = addresses;
    if (error !== null || first === undefined)
      done(error ?? new Error(`${name} leads to the machine or its cloud alone`), '', 0);
    else if (options.all === true) done(null, addresses);
    else done(null, first.address, first.family);
  });
};

/** What listens on all addresses is reached by loopback. */
function hostOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' || host === '[::]' ? '::1' : host;
}

/** Fields that are there several times are told with commas. */
function fieldsOf(raw: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name, value] = [(raw[at] ?? '').toLowerCase(), raw[at + 1] ?? ''];
    fields[name] = fields[name] === undefined ? value : `${fields[name]}, ${value}`;
  }
  return fields;
}

type Sent = TriedAnswer | 'silent' | 'unreached';

function withResolvers(): {
  readonly promise: Promise<Sent>;
  readonly resolve: (answer: Sent) => void;
} {
  let resolve: (answer: Sent) => void = () => {};
  const promise = new Promise<Sent>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
