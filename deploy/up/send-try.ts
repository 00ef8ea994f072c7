/** Sends what somebody tries out to the gateway on this machine, and reads its answer: both bounded in time and bytes. */
import http from 'node:http';
import https from 'node:https';
import type { ControlStatus } from '@weir/control/api/control-status.js';
import { maySee } from '@weir/control/api/v1/management.js';
import type { TriedAnswer, TryRequest, TrySources } from '@weir/control/api/v1/try.js';
import type { Service } from '@weir/control/model/entities.js';
import type { Registry } from '@weir/control/registry/registry.js';
import { type Address, formatAddress } from '@weir/proto/bus/address.js';

export interface Gateway extends Address {
  readonly tls: boolean;
}

/** Somebody waits for it on a page. */
const WITHIN_MS = 30_000;
const BODY_BYTES_MAX = 512 * 1024;

/** For `/v1/try`: whoever finds a service in the catalogue may try it. */
export function trySources(
  registry: Registry,
  gateway: () => Gateway | null,
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
    gateway() {
      const listening = gateway();
      return listening === null ? null : formatAddress({ host: hostOf(listening.host), port: listening.port });
    },
    async send(request) {
      const listening = gateway();
      return listening === null ? null : sendTry(listening, request);
    },
  };
}

/** The first node that listens. */
export function gatewayOf({ nodes }: Pick<ControlStatus, 'nodes'>): Gateway | null {
  return nodes.find(({ status }) => status?.listening != null)?.status?.listening ?? null;
}

/** Null: no answer came, or its head did not in time. */
export function sendTry(gateway: Gateway, { method, path, headers, body }: TryRequest): Promise<TriedAnswer | null> {
  const startedAtMs = performance.now();
  const { promise, resolve } = withResolvers();
  const options = {
    ...{ host: hostOf(gateway.host), port: gateway.port, method, path, agent: false },
    headers: body === '' ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    signal: AbortSignal.timeout(WITHIN_MS),
  };
  // Its certificate is for the names of the gateway, and this is the same machine.
  const request = gateway.tls
    ? https.request({ ...options, rejectUnauthorized: false, servername: headers['host'] ?? '' })
    : http.request(options);
  request.on('error', () => resolve(null));
  request.on('response', (response) => {
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
  request.end(body === '' ? undefined : body);
  return promise;
}

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

function withResolvers(): {
  readonly promise: Promise<TriedAnswer | null>;
  readonly resolve: (answer: TriedAnswer | null) => void;
} {
  let resolve: (answer: TriedAnswer | null) => void = () => {};
  const promise = new Promise<TriedAnswer | null>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
