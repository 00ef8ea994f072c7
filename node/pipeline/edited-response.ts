/**
 * A response on its way up with its head edited: for layers that only add or remove fields. The fields of a failure
 * are edited as well, because the answer that it becomes above (answer-failure) has no other way of getting them: a
 * browser that may not read a 401 for want of CORS fields tells its user nothing.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { ResponseHandler, ResponseHead, WebSocketPeer } from './dispatch.js';

/** Returns the list to use instead. The list of a failure holds only what that failure adds to the common fields. */
export type HeaderEdit = (headers: HeaderList, of: 'response' | 'failure') => HeaderList;

export function editedResponse(handler: ResponseHandler, edit: HeaderEdit): ResponseHandler {
  return new Edited(handler, edit);
}

const NO_FIELDS: HeaderList = [];

class Edited implements ResponseHandler {
  readonly #handler: ResponseHandler;
  readonly #edit: HeaderEdit;

  constructor(handler: ResponseHandler, edit: HeaderEdit) {
    this.#handler = handler;
    this.#edit = edit;
  }

  onHeaders(head: ResponseHead): void {
    this.#handler.onHeaders({
      status: head.status,
      headers: this.#edit(head.headers, 'response'),
      lengthBytes: head.lengthBytes,
      resume: () => head.resume(),
    });
  }

  onData(chunk: Uint8Array): boolean {
    return this.#handler.onData(chunk);
  }

  onComplete(): void {
    this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    this.#handler.onError({ ...failed, headers: this.#edit(failed.headers ?? NO_FIELDS, 'failure') });
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(this.#edit(headers, 'response'), peer);
  }
}
