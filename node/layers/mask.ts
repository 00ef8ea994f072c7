/**
 * Hides of JSON answers what nobody is to see: values of fields that are named, and what is found in others (`mask`). Stands below the cache, so what
 * is stored is masked, once; above convert, which may have made the JSON.
 *
 * Bodies are masked as they come. What can't be read can't be masked: an answer that calls itself JSON and is none breaks off, and one that comes
 * compressed although nobody has asked for that is refused. Ranges are not asked for: half of a text may be half of a number of a card.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { combinedValue, type HeaderList, hasField, headerValue, withoutField } from '@weir/proto/http/headers.js';
import { mediaTypeOf } from '@weir/proto/http/media-type.js';
import type { MaskSpec } from '@weir/proto/snapshot/mask.js';
import { MachinedAnswer } from '../optimize/machined-answer.js';
import { MadeHead } from '../optimize/made-head.js';
import { FieldPaths } from '../optimize/mask/field-paths.js';
import { JsonMasker, MaskFault, type Masking } from '../optimize/mask/json-masker.js';
import { hidden } from '../optimize/mask/masking.js';
import type { Place } from '../pipeline/chain.js';
import { withHeaders } from '../pipeline/derived-request.js';
import type { ResponseHandler, ResponseHead } from '../pipeline/dispatch.js';

export const mask: Place = ({ mask: spec }, services) => {
  if (spec === undefined) return null;
  const find = services.masks?.(spec) ?? null;
  const fields = { paths: new FieldPaths(spec.fields), hide: (text: string) => hidden(text, spec) };
  return (next) => (request, handler) => {
    const masking: Masking = { ...fields, find: find?.() ?? null };
    const masked = new Masked(handler, spec, masking, request.method === 'HEAD');
    const asked = ABOUT_BYTES.reduce(withoutField, request.headers);
    return masked.begun(next(withHeaders(request, spec.others === 'refuse' ? forJson(asked) : asked), masked));
  };
};

/** Of a request: what asks for bytes that could not be read, or not be masked. */
const ABOUT_BYTES = ['accept-encoding', 'range', 'if-range'];

/** A client that would take other forms as well has not to find one in which nothing is hidden. */
function forJson(headers: HeaderList): HeaderList {
  const accepted = combinedValue(headers, 'accept') ?? '*/*';
  const isForJson = accepted.split(',').every((range) => JSON_RANGE.test(range));
  return isForJson ? headers : [...withoutField(headers, 'accept'), 'accept', 'application/json'];
}

const JSON_RANGE = /^\s*application\/(?:json|[\w.+-]+\+json)\s*(?:;|$)/i;

/** Of an answer: what says of its bytes what is no longer so. */
const OF_THE_BYTES = [
  ...['content-length', 'etag', 'accept-ranges', 'content-md5', 'digest', 'repr-digest', 'content-digest'],
];

class Masked extends MachinedAnswer {
  readonly #spec: MaskSpec;
  readonly #masking: Masking;
  readonly #hasNoBody: boolean;

  constructor(handler: ResponseHandler, spec: MaskSpec, masking: Masking, hasNoBody: boolean) {
    super(handler);
    this.#spec = spec;
    this.#masking = masking;
    this.#hasNoBody = hasNoBody;
  }

  override onHeaders(head: ResponseHead): void {
    const { headers, status } = head;
    const isEmpty = status === 204 || status === 304 || head.lengthBytes === 0;
    const type = mediaTypeOf(headerValue(headers, 'content-type'));
    const isJson = type === 'application/json' || type.endsWith('+json');
    if (isEmpty || (!isJson && this.#spec.others === 'pass')) {
      this.handler.onHeaders(head);
      return;
    }
    if (!isJson || status === 206 || hasField(headers, 'content-encoding')) {
      const why = `an answer of the type ${type || 'none'} can't be masked${isJson ? ' in parts, or compressed' : ''}`;
      this.fail(failure('response_malformed', why));
      return;
    }
    if (!this.#hasNoBody) this.use(new JsonMasker(this.#masking));
    this.handler.onHeaders(new MadeHead(status, OF_THE_BYTES.reduce(withoutField, headers), null, head));
  }

  protected override failureOf(error: unknown): Failure | null {
    if (!(error instanceof MaskFault)) return null;
    const detail = `the upstream's JSON can't be read, and so not be masked: ${error.message}`;
    return failure('response_malformed', detail);
  }
}
