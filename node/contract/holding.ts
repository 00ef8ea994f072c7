/**
 * One request held to its contract: parameters at once, a JSON body when it is whole. What does not fit is refused, or told in the answer.
 *
 *   request ─▶ parameters ─▶ body? ──no──▶ verdict ─▶ next, next and told, or refused
 *                             └──yes──▶ gathered ─▶ checked ─▶ verdict
 *
 * The body is kept by the replay that retries and jobs read from, so there is one copy of it, counted with all that the node keeps.
 */
import { isObject, type Json } from '@weir/proto/contract/json-value.js';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { combinedValue, type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import { mediaTypeOf } from '@weir/proto/http/media-type.js';
import type { BodySpec, BodyTypeSpec } from '@weir/proto/snapshot/contract.js';
import { withBody } from '../pipeline/derived-request.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type RequestBody,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import { editedResponse } from '../pipeline/edited-response.js';
import type { HeldBytes } from '../upstream/retry/held-bytes.js';
import { type Replay, replayOf } from '../upstream/retry/replay.js';
import { bodyTypeOf, isJson } from './body-types.js';
import { type ContractFault, contractFaultsMax, type Held } from './hold.js';
import { type RequestTexts, rawCookies, rawQuery } from './parameter-texts.js';

export function holding(held: Held, bodies: HeldBytes, next: Dispatch): Dispatch {
  return (request, handler) => {
    const faults = held.parameters(textsOf(request));
    const due = bodyDue(request, held.spec.body);
    if (due === null) return settle(held, request, handler, next, faults);
    if ('what' in due) return settle(held, request, handler, next, [...faults, due]);
    if ('code' in due) {
      if (held.spec.mode === 'tell')
        return settle(held, request, handler, next, [...faults, { where: 'body', what: due.detail }]);
      return refuse(request, handler, due);
    }
    return new Holding(held, request, handler, next, due.type, faults).begin(due.body, due.bytesMax, bodies);
  };
}

function textsOf({ query, headers, exchange }: GatewayRequest): RequestTexts {
  return {
    query: rawQuery(query),
    cookies: rawCookies(combinedValue(headers, 'cookie')),
    header: (name) => combinedValue(headers, name),
    segment: (param) => (Object.hasOwn(exchange.params, param) ? exchange.params[param] : undefined),
  };
}

interface DueBody {
  readonly type: BodyTypeSpec;
  readonly body: RequestBody;
  readonly bytesMax: number;
}

/** The body that has to be looked into, what is wrong with it at first sight, or null where it is none of our business. */
function bodyDue({ body, headers }: GatewayRequest, spec: BodySpec | null): DueBody | ContractFault | Failure | null {
  if (spec === null) return null;
  if (body === null || body.lengthBytes === 0) return spec.isRequired ? { where: 'body', what: 'is required' } : null;
  const contentType = headerValue(headers, 'content-type') ?? '';
  const type = bodyTypeOf(contentType, spec);
  const taken = spec.types.map((one) => one.type).join(', ');
  if (type === null) {
    const what =
      contentType === ''
        ? 'has no Content-Type'
        : `is of a type (${mediaTypeOf(contentType).slice(0, 80)}) that is not taken`;
    return failure('unsupported_media_type', `the request body ${what}; ${taken} is`, { headers: ['accept', taken] });
  }
  if (type.schema === null || !isJson(contentType)) return null;
  const coding = (headerValue(headers, 'content-encoding') ?? 'identity').trim().toLowerCase();
  if (coding !== 'identity' && coding !== '')
    return failure('unsupported_media_type', 'the request body is compressed, and could not be looked into', {
      headers: ['accept-encoding', 'identity'],
    });
  if (body.lengthBytes !== null && body.lengthBytes > spec.bytesMax) return tooLarge(spec.bytesMax);
  return { type, body, bytesMax: spec.bytesMax };
}

const tooLarge = (bytesMax: number): Failure =>
  failure('body_too_large', `the request body may have ${bytesMax} bytes to be held to the contract`);

function settle(
  held: Held,
  request: GatewayRequest,
  handler: ResponseHandler,
  next: Dispatch,
  faults: readonly ContractFault[],
): Cancel {
  const [first] = faults;
  if (first === undefined) {
    request.exchange.contract = 'fits';
    return next(request, handler);
  }
  if (held.spec.mode === 'tell') {
    request.exchange.contract = 'told';
    return next(
      request,
      editedResponse(handler, (headers) => [...headers, 'weir-contract', toldOf(faults)]),
    );
  }
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  const detail = `${first.where} ${first.what}`.slice(0, 300);
  return refuse(
    request,
    handler,
    failure('contract_violated', `the request does not fit the contract: ${detail}${more}`, { faults }),
  );
}

function refuse({ exchange }: GatewayRequest, handler: ResponseHandler, failed: Failure): Cancel {
  exchange.contract = 'refused';
  handler.onError(failed);
  return nothingToCancel;
}

/** A dictionary of RFC 9651: `faults=2, first="query.limit"`. */
function toldOf(faults: readonly ContractFault[]): string {
  const where = (faults[0]?.where ?? '').replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&');
  return `faults=${faults.length}, first="${where.slice(0, 200)}"`;
}

class Holding implements ResponseHandler {
  readonly #held: Held;
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  readonly #next: Dispatch;
  readonly #type: BodyTypeSpec;
  readonly #faults: readonly ContractFault[];
  #replay: Replay | null = null;
  /** Else a layer above made it, and lets go of it. */
  #ownsReplay = false;
  #cancelNext: Cancel = nothingToCancel;
  #isOver = false;

  constructor(
    held: Held,
    request: GatewayRequest,
    handler: ResponseHandler,
    next: Dispatch,
    type: BodyTypeSpec,
    faults: readonly ContractFault[],
  ) {
    this.#held = held;
    this.#request = request;
    this.#handler = handler;
    this.#next = next;
    this.#type = type;
    this.#faults = faults;
  }

  begin(body: RequestBody, bytesMax: number, bodies: HeldBytes): Cancel {
    const replay = replayOf(body, bytesMax, bodies);
    this.#replay = replay;
    this.#ownsReplay = replay.source === body;
    replay.gather(() => this.#gathered(replay, bytesMax));
    return this.#cancel;
  }

  readonly #cancel: Cancel = () => {
    this.#end();
    this.#cancelNext();
  };

  #gathered(replay: Replay, bytesMax: number): void {
    if (this.#isOver) return;
    if (replay.failure !== null) {
      this.onError(replay.failure);
      return;
    }
    const { mode } = this.#held.spec;
    if (replay.hasEnded && replay.isWithin(bytesMax)) {
      this.#settle([...this.#faults, ...this.#bodyFaults(replay)].slice(0, contractFaultsMax));
    } else if (mode === 'tell') {
      this.#settle([...this.#faults, { where: 'body', what: 'is too large to be looked into' }]);
    } else {
      this.#request.exchange.contract = 'refused';
      const isRoomless = replay.isWithin(bytesMax);
      const what =
        'the request bodies of this node take as much memory as they may, or this one came in too many pieces';
      this.onError(isRoomless ? failure('overloaded', what, { retryAfterS: 1 }) : tooLarge(bytesMax));
    }
  }

  #settle(faults: readonly ContractFault[]): void {
    const replay = this.#replay;
    const request = replay === null || !this.#ownsReplay ? this.#request : withBody(this.#request, replay.body());
    const cancelNext = settle(this.#held, request, this, this.#next, faults);
    this.#cancelNext = cancelNext;
    // Cancelled from a callback, before there was anything to cancel; after an end this is nothing.
    if (this.#isOver) cancelNext();
  }

  #bodyFaults(replay: Replay): ContractFault[] {
    const value = jsonIn(replay.kept());
    if (value === undefined) return [{ where: 'body', what: 'must be JSON in UTF-8, with each member once' }];
    return this.#held.body(this.#type, value, Math.max(1, contractFaultsMax - this.#faults.length));
  }

  onHeaders(head: ResponseHead): void {
    // An answer that gets here is the one: nobody below reads the body anew.
    if (this.#ownsReplay) this.#replay?.letGo();
    this.#handler.onHeaders(head);
  }

  onData(chunk: Uint8Array): boolean {
    return this.#handler.onData(chunk);
  }

  onComplete(): void {
    this.#end();
    this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    this.#end();
    this.#handler.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(headers, peer);
  }

  #end(): void {
    this.#isOver = true;
    if (this.#ownsReplay) this.#replay?.release();
  }
}

/** Undefined: it is none, or says two things at once. */
function jsonIn(pieces: readonly Uint8Array[]): Json | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    let text = '';
    for (const piece of pieces) text += decoder.decode(piece, { stream: true });
    text += decoder.decode();
    const value = JSON.parse(text) as Json; // Of these kinds alone.
    return hasTwins(text, value) ? undefined : value;
  } catch {
    return undefined;
  }
}

/**
 * Of a member that is there twice the upstream may take the other one (RFC 8259, §4). Then more members were written than were read; each has its
 * colon outside of texts.
 */
function hasTwins(text: string, value: Json): boolean {
  let written = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === COLON) written += 1;
    if (code !== QUOTE) continue;
    at += 1;
    while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  }
  return membersOf(value) !== written;
}

const [QUOTE, COLON, BACKSLASH] = [0x22, 0x3a, 0x5c];

function membersOf(value: Json): number {
  let members = 0;
  const open: Json[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const values: readonly Json[] = isObject(next) ? Object.values(next) : (next as readonly Json[]); // The other kind of object.
    if (isObject(next)) members += values.length;
    for (const one of values) if (typeof one === 'object') open.push(one);
  }
  return members;
}
