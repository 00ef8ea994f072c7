/**
 * A request that the gateway makes of one of its own routes for a client: by an exchange of its own, as if the client had come with it. So
 * its limits, its cache, its attempts and its log are those of any request, and the client's credentials decide.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { AuthSpec } from '@weir/proto/snapshot/snapshot.js';
import { WholeBody } from '../cache/whole-body.js';
import { madeRequest } from '../pipeline/derived-request.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import { createExchange, type Exchange, type OuterExchange } from '../pipeline/exchange.js';
import type { ChainServices } from '../pipeline/services.js';
import { callerFields, callerKeys } from './caller-fields.js';

export interface Asked {
  readonly method: string;
  /** Empty: that of the client's request. */
  readonly host: string;
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
  /** In place of what the client has sent under these names. */
  readonly headers: HeaderList;
  readonly body: Uint8Array | null;
  /** It has so long. */
  readonly timeMs: number;
  /** Of the route that is asked: where it looks for keys, those of the client's query go along. */
  readonly auth: readonly AuthSpec[];
  /** The gateway vouches for who the client is. */
  readonly vouches: boolean;
}

export function innerRequest(
  { exchange, headers: own, authority, query }: GatewayRequest,
  asked: Asked,
  { clock, gateway }: Pick<ChainServices, 'clock' | 'gateway'>,
): GatewayRequest {
  const field = gateway.names.deadlineHeader;
  const given = new Set(asked.headers.filter((_, index) => index % 2 === 0));
  const kept = callerFields(own, field);
  const headers = [
    ...kept.filter((_, index) => !given.has(kept[index - (index % 2)] ?? '')),
    ...[field, String(Math.max(1, Math.floor(asked.timeMs)))],
    ...asked.headers,
  ];
  const { body } = asked;
  if (body !== null) headers.push('content-length', String(body.byteLength));
  const { id, scheme, peerAddress, clientAddress, peerTrusted } = exchange;
  const times = { receivedAtMs: clock.nowMs(), receivedWallMs: clock.wallMs() };
  const outer = outerOf(exchange, asked.vouches);
  const below = createExchange({ id, scheme, peerAddress, clientAddress, peerTrusted, ...times, outer });
  below.requestBytes = body?.byteLength ?? 0;
  const keys = callerKeys(query, asked.auth);
  return madeRequest(
    asked.host === '' ? authority : asked.host,
    {
      ...{ method: asked.method, path: asked.path, headers },
      query: [asked.query, keys].filter((part) => part !== '').join('&'),
      body: body === null ? null : new WholeBody(body),
    },
    below,
  );
}

function outerOf(exchange: Exchange, vouches: boolean): OuterExchange {
  const { outer, traceparent, traceState, consumerId, vouchedBy } = exchange;
  const word = vouches && consumerId !== null ? { consumerId, vouchedBy } : null;
  return { depth: (outer?.depth ?? 0) + 1, traceparent, traceState, word };
}

/** How long before a client's deadline what is asked for it has to be done, for the answer has to be told. */
const LAST_WORD_MS = 40;

/** What is left of the client's time for requests that are made for it. */
export function timeLeftMs({ deadlineAtMs }: Exchange, nowMs: number): number {
  const leftMs = deadlineAtMs - nowMs;
  return leftMs - Math.min(LAST_WORD_MS, leftMs / 4);
}
