/**
 * A response on its way up with its head edited: for layers that only add or remove fields. The fields of a failure
 * are edited as well, because the answer that it becomes above (answer-failure) has no other way of getting them: a
 * browser that may not read a 401 for want of CORS fields tells its user nothing.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { ResponseHandler, ResponseHead, WebSocketPeer } from './dispatch.js';

/**
 * Returns the list to use instead. The list of a failure holds only what that failure adds to the common fields.
 * `given` is what the layer knows of this request: an edit is made once for a route, not once for a request.
 */
export type HeaderEdit<Given = undefined> = (
  headers: HeaderList,
  of: 'response' | 'failure',
  given: Given,
) => HeaderList;

export function editedResponse(handler: ResponseHandler, edit: HeaderEdit): ResponseHandler;
export function editedResponse<Given>(handler: ResponseHandler, edit: HeaderEdit<Given>, given: Given): ResponseHandler;
export function editedResponse<Given>(
  handler: ResponseHandler,
  edit: HeaderEdit<Given | undefined>,
  given?: Given,
): ResponseHandler {
  return new Edited(handler, edit, given);
}

const NO_FIELDS: HeaderList = [];

class Edited<Given> implements ResponseHandler {
  readonly #handler: ResponseHandler;
  readonly #edit: HeaderEdit<Given>;
  readonly #given: Given;

  constructor(handler: ResponseHandler, edit: HeaderEdit<Given>, given: Given) {
    this.#handler = handler;
    this.#edit = edit;
    this.#given = given;
  }

  onHeaders(head: ResponseHead): void {
    this.#handler.onHeaders(new EditedHead(head, this.#edit(head.headers, 'response', this.#given)));
  }

  onData(chunk: Uint8Array): boolean {
    return this.#handler.onData(chunk);
  }

  onComplete(): void {
    this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    this.#handler.onError({ ...failed, headers: this.#edit(failed.headers ?? NO_FIELDS, 'failure', this.#given) });
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(this.#edit(headers, 'response', this.#given), peer);
  }
}

/** A head with other fields. A class, because a closure for its valve costs as much again as the head. */
export class EditedHead implements ResponseHead {
  readonly status: number;
  readonly headers: HeaderList;
  readonly lengthBytes: number | null;
  readonly #below: ResponseHead;

  constructor(below: ResponseHead, headers: HeaderList) {
    this.status = below.status;
    this.headers = headers;
    this.lengthBytes = below.lengthBytes;
    this.#below = below;
  }

  resume(): void {
    this.#below.resume();
  }
}
