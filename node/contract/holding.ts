/**
 * One request held to its contract: parameters at once, a JSON body when it is whole. What does not fit is refused, or told in the answer.
 *
 *   request ─▶ parameters ─▶ body? ──no──▶ verdict ─▶ next, next and told, or refused
 *                             └──yes──▶ gathered ─▶ checked ─▶ verdict
 */
import { isObject, type Json } from '@weir/proto/contract/json-value.js';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { combinedValue, headerValue } from '@weir/proto/http/headers.js';
import { mediaTypeOf } from '@weir/proto/http/media-type.js';
import type { BodySpec, BodyTypeSpec } from '@weir/proto/snapshot/contract.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type RequestBody,
  type ResponseHandler,
} from '../pipeline/dispatch.js';
import { editedResponse } from '../pipeline/edited-response.js';
import { gathering } from '../upstream/retry/gathering.js';
import type { HeldBytes } from '../upstream/retry/held-bytes.js';
import type { Replay } from '../upstream/retry/replay.js';
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
    const { body, type, bytesMax } = due;
    return gathering(request, handler, { body, bytesMax, bodies }, (whole, answered, replay) => {
      const found = inBody(held, type, replay, { bytesMax, room: contractFaultsMax - faults.length });
      if ('code' in found) return refuse(whole, answered, found);
      return settle(held, whole, answered, next, [...faults, ...found].slice(0, contractFaultsMax));
    });
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

/** What is wrong with a body that was gathered; a failure where it could not be looked into and has to be. */
function inBody(
  held: Held,
  type: BodyTypeSpec,
  replay: Replay,
  { bytesMax, room }: { readonly bytesMax: number; readonly room: number },
): readonly ContractFault[] | Failure {
  if (replay.hasEnded && replay.isWithin(bytesMax)) {
    const value = jsonIn(replay.kept());
    if (value === undefined) return [{ where: 'body', what: 'must be JSON in UTF-8, with each member once' }];
    return held.body(type, value, Math.max(1, room));
  }
  if (held.spec.mode === 'tell') return [{ where: 'body', what: 'is too large to be looked into' }];
  if (!replay.isWithin(bytesMax)) return tooLarge(bytesMax);
  const what = 'the request bodies of this node take as much memory as they may, or this one came in too many pieces';
  return failure('overloaded', what, { retryAfterS: 1 });
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
