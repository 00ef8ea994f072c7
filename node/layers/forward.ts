/**
 * Makes the upstream's request head and the client's response head: hop-by-hop fields end here in both directions
 * (RFC 9110 §7.6.1), and the request learns whom it comes from, by which way, and how much time is left.
 *
 * One pass over the client's fields builds the new list. Content-Length is left out on purpose: the transport frames
 * the body that it really sends. Host stands first, as RFC 9110 §7.2 asks.
 */
import { failure } from '@weir/proto/http/failures.js';
import {
  combinedValue,
  type HeaderList,
  hasField,
  headerValue,
  type MutableHeaderList,
} from '@weir/proto/http/headers.js';
import { connectionNamed, hopByHopFields, isHopByHop } from '@weir/proto/http/hop-by-hop.js';
import { mayHold, sketchOf } from '@weir/proto/http/name-sketch.js';
import { originClaims } from '@weir/proto/http/origin-claims.js';
import { webSocketAsk } from '@weir/proto/http/upgrade.js';
import type { GatewaySpec } from '@weir/proto/snapshot/gateway.js';
import type { HostHeaderSpec } from '@weir/proto/snapshot/snapshot.js';
import { ageSeconds } from '../forward/age.js';
import { forwardedElement, hopsThrough } from '../forward/forwarded.js';
import type { Place } from '../pipeline/chain.js';
import { withHeaders } from '../pipeline/derived-request.js';
import { answerDirectly } from '../pipeline/direct-answer.js';
import {
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import { EditedHead } from '../pipeline/edited-response.js';
import type { Clock } from '../time/clock.js';

/** A chain of gateways of the same name is legitimate, a circle is not: beyond this many passes it is a circle. */
const HOPS_MAX = 8;

/** Fields that this layer writes itself, or that end here for another reason than RFC 9110 §7.6.1. */
const REPLACED: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'expect', // the listener has answered it (100 Continue) by the time anything goes upstream
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'traceparent',
  'tracestate',
  'grpc-timeout',
  'max-forwards',
  'proxy', // some servers make it the variable HTTP_PROXY ("httpoxy", CVE-2016-5385); it has no meaning in HTTP
]);

const VIA = sketchOf('via');
const UPGRADE = sketchOf('upgrade');
const GRPC_TIMEOUT = sketchOf('grpc-timeout');

export const forward: Place = (route, services) => {
  if (route.action.kind !== 'proxy') return null;
  const { names } = services.gateway;
  const upstream = services.upstreams.get(route.action.upstream)?.spec;
  const hostHeader = upstream?.hostHeader ?? { mode: 'pass' };
  const ended = endedUnder(names);
  const fromTrusted = new CopiedFields(ended.ofTrusted);
  const fromUntrusted = new CopiedFields(ended.ofUntrusted);
  const pseudonym = names.via.toLowerCase();
  const ownVia = `1.1 ${names.via}`;
  const passed = new EndToEndFields();
  const { clock } = services;

  const upstreamHeaders = (request: GatewayRequest, via: string | undefined): MutableHeaderList => {
    const { headers, exchange } = request;
    const list: MutableHeaderList = ['host', hostOf(hostHeader, request)];
    (exchange.peerTrusted ? fromTrusted : fromUntrusted).copy(headers, list);
    // A handshake is made anew by the transport, which knows it by these two.
    if (mayHold(request.names, UPGRADE) && webSocketAsk(request.method, headers, request.body !== null) === 'handshake')
      list.push('connection', 'upgrade', 'upgrade', 'websocket');
    list.push('via', via === undefined ? ownVia : `${via}, ${ownVia}`);
    pushOrigin(request, list);
    list.push(names.requestIdHeader, exchange.id);
    if (exchange.traceparent !== '') {
      list.push('traceparent', exchange.traceparent);
      if (exchange.traceState !== '') list.push('tracestate', exchange.traceState);
    }
    pushBudget(request, list, names.deadlineHeader, exchange.deadlineAtMs - clock.nowMs());
    return list;
  };

  return (next) => (request, handler) => {
    const via = mayHold(request.names, VIA) ? combinedValue(request.headers, 'via') : undefined;
    if (via !== undefined && hopsThrough(via, pseudonym) >= HOPS_MAX) {
      handler.onError(failure('loop_detected', `the request has passed "${names.via}" ${HOPS_MAX} times`));
      return nothingToCancel;
    }
    const hops = hopsLeft(request);
    if (hops === 0) return answerDirectly(request, handler, 204, []);
    const headers = upstreamHeaders(request, via);
    if (hops !== null) headers.push('max-forwards', String(hops - 1));
    return next(withHeaders(request, headers), new EndToEnd(handler, passed, clock));
  };
};

/** What is left of the deadline, in the gateway's own field, and in gRPC's where the client used that. */
function pushBudget(
  { headers, names }: GatewayRequest,
  list: MutableHeaderList,
  deadlineHeader: string,
  leftMs: number,
): void {
  if (leftMs === Number.POSITIVE_INFINITY) return;
  const wholeMs = String(Math.max(0, Math.floor(leftMs)));
  list.push(deadlineHeader, wholeMs);
  // Eight digits at most (gRPC over HTTP/2, Timeout); more than that is a day, and no route waits that long.
  if (mayHold(names, GRPC_TIMEOUT) && hasField(headers, 'grpc-timeout'))
    list.push('grpc-timeout', `${wholeMs.length > 8 ? '99999999' : wholeMs}m`);
}

/** Hops that an OPTIONS or TRACE may still take (RFC 9110 §7.6.2), null without a limit. At 0 it is answered here. */
function hopsLeft(request: GatewayRequest): number | null {
  if (request.method !== 'OPTIONS' && request.method !== 'TRACE') return null;
  const value = headerValue(request.headers, 'max-forwards');
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : null;
}

function hostOf(spec: HostHeaderSpec, request: GatewayRequest): string {
  if (spec.mode === 'set') return spec.value;
  if (spec.mode === 'target') return request.target?.authority ?? request.authority;
  return request.authority;
}

interface EndedFields {
  readonly ofTrusted: ReadonlySet<string>;
  readonly ofUntrusted: ReadonlySet<string>;
}

/** The same sets for all routes: two for each were a tenth of what ten thousand routes hold. */
function endedUnder(names: GatewaySpec['names']): EndedFields {
  const known = endedByNames.get(names);
  if (known !== undefined) return known;
  const all = [...hopByHopFields, ...REPLACED, names.deadlineHeader, names.requestIdHeader];
  const made = { ofTrusted: new Set(all), ofUntrusted: new Set([...all, ...originClaims]) };
  endedByNames.set(names, made);
  return made;
}

const endedByNames = new WeakMap<GatewaySpec['names'], EndedFields>();

/** Places of which it is kept which name stood there last, and whether it ends here: mostly, the next head has the same. */
const PLACES_MAX = 128;

/** Copies all fields but these. What the client's Connection names has ended above, see hop-fields.ts. */
class CopiedFields {
  readonly #ended: ReadonlySet<string>;
  readonly #names: string[] = [];
  readonly #ends: boolean[] = [];

  constructor(ended: ReadonlySet<string>) {
    this.#ended = ended;
  }

  copy(from: HeaderList, to: MutableHeaderList): void {
    for (let i = 0; i < from.length; i += 2) {
      const name = from[i] ?? '';
      if (!this.#endsHere(i / 2, name)) to.push(name, from[i + 1] ?? '');
    }
  }

  #endsHere(place: number, name: string): boolean {
    if (name === this.#names[place]) return this.#ends[place] === true;
    const ends = this.#ended.has(name);
    if (place <= this.#names.length && place < PLACES_MAX) {
      this.#names[place] = name;
      this.#ends[place] = ends;
    }
    return ends;
  }
}

/** Forwarded and X-Forwarded-*: a trusted peer's own words first, then this hop. */
function pushOrigin(request: GatewayRequest, list: MutableHeaderList): void {
  const { headers, exchange, authority } = request;
  const element = forwardedElement(exchange.peerAddress, authority, exchange.scheme);
  const told = (name: string): string | undefined => (exchange.peerTrusted ? combinedValue(headers, name) : undefined);
  const toldFor = told('x-forwarded-for');
  const toldForwarded = told('forwarded');
  list.push(
    'x-forwarded-for',
    toldFor === undefined ? exchange.clientAddress : `${toldFor}, ${exchange.peerAddress}`,
    'x-forwarded-host',
    told('x-forwarded-host') ?? authority,
    'x-forwarded-proto',
    told('x-forwarded-proto') ?? exchange.scheme,
    'forwarded',
    toldForwarded === undefined ? element : `${toldForwarded}, ${element}`,
  );
}

/** The fields of an answer that go on to the client. */
function endToEnd(headers: HeaderList): MutableHeaderList {
  const named = connectionNamed(headers);
  const kept: MutableHeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]];
    if (isHopByHop(name) || named.has(name)) continue;
    kept.push(name, value);
  }
  return kept;
}

/** The same for one answer after the other: those with the very same list, as the transport reads it, share what is kept. */
class EndToEndFields {
  #from: HeaderList = [];
  #kept: HeaderList = [];

  of(headers: HeaderList): HeaderList {
    if (headers !== this.#from) {
      this.#kept = endToEnd(headers);
      this.#from = headers;
    }
    return this.#kept;
  }
}

/** Passes a response on without the fields that were meant for this hop. */
class EndToEnd implements ResponseHandler {
  readonly #handler: ResponseHandler;
  readonly #passed: EndToEndFields;
  readonly #clock: Clock;

  constructor(handler: ResponseHandler, passed: EndToEndFields, clock: Clock) {
    this.#handler = handler;
    this.#passed = passed;
    this.#clock = clock;
  }

  onHeaders(head: ResponseHead): void {
    const headers = this.#passed.of(head.headers);
    const age = ageSeconds(headers, this.#clock.wallMs());
    const dated = age === null ? headers : [...headers, 'age', String(age)];
    this.#handler.onHeaders(new EditedHead(head, dated));
  }

  onData(chunk: Uint8Array): boolean {
    return this.#handler.onData(chunk);
  }

  onComplete(): void {
    this.#handler.onComplete();
  }

  onError(failed: Parameters<ResponseHandler['onError']>[0]): void {
    this.#handler.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(this.#passed.of(headers), peer);
  }
}
