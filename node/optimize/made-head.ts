/** Heads of answers that are made here of another one: of its fields, in another coding, in another form, or a part of it. */
import { type HeaderList, withoutField } from '@weir/proto/http/headers.js';
import type { ResponseHandler, ResponseHead } from '../pipeline/dispatch.js';

/** What says something of the bytes as they came: how many, which parts can be had, what they add up to. */
const OF_THE_BYTES = ['content-length', 'accept-ranges', 'content-md5', 'digest', 'repr-digest', 'content-digest'];

export function withoutByteFields(headers: HeaderList): HeaderList {
  return OF_THE_BYTES.reduce(withoutField, headers);
}

/** What a part of the answer would be a part of is not what comes: the whole is asked for. */
export function withoutRange(headers: HeaderList): HeaderList {
  return withoutField(withoutField(headers, 'range'), 'if-range');
}

/** A class, because closures for its valve cost as much again as the head. */
export class MadeHead implements ResponseHead {
  readonly status: number;
  readonly headers: HeaderList;
  readonly lengthBytes: number | null;
  readonly #valve: Pick<ResponseHead, 'resume'>;

  /** `valve`: null where all of it is in memory. */
  constructor(
    status: number,
    headers: HeaderList,
    lengthBytes: number | null,
    valve: Pick<ResponseHead, 'resume'> | null,
  ) {
    this.status = status;
    this.headers = headers;
    this.lengthBytes = lengthBytes;
    this.#valve = valve ?? OPEN;
  }

  resume(): void {
    this.#valve.resume();
  }
}

const OPEN = { resume: (): void => {} };

/** The representation that would have been sent is not the one that If-Match names (RFC 9110 §13.1.1). */
export function refusePrecondition(handler: ResponseHandler, tag: string): void {
  handler.onHeaders(new MadeHead(412, ['etag', tag], 0, null));
  handler.onComplete();
}
