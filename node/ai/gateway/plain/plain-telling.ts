/**
 * What the client is told of an answer that is no chat: its bytes as they come, or the whole of it in the words of the operation. Owner of
 * the bytes that hold no content yet, which nobody hears while another attempt may still take the place of theirs.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { ResponseHead } from '../../../pipeline/dispatch.js';
import type { AiOutcome } from '../outcome.js';
import type { Outlet } from '../outlet.js';
import type { PlainAnswer, PlainReading } from './plain-question.js';

/** Bytes that hold no content, before those that do; a provider that sends more than these has begun. */
const HELD_BYTES_MAX = 64 * 1024;

export class PlainTelling {
  readonly #outlet: Outlet;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  /** Of an attempt that failed, or a request that is over. */
  forget(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  /** `tokens`: of content in it. Returns whether what is held is to begin now. */
  pass(chunk: Uint8Array, tokens: number, nowMs: number): boolean {
    if (this.#outlet.hasHead) {
      this.#outlet.pass(chunk, nowMs);
      return false;
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.byteLength;
    return tokens > 0 || this.#heldBytes > HELD_BYTES_MAX;
  }

  begin({ status, headers }: ResponseHead, reading: PlainReading, outcome: AiOutcome, nowMs: number): void {
    const passed = reading.kind === 'passed' ? reading.head(headers) : [];
    this.#outlet.begin([...passed, ...outcome.headers, ...droppedField(outcome)], status);
    for (const held of this.#held.splice(0)) this.#outlet.pass(held, nowMs);
  }

  whole({ body, headers }: PlainAnswer, outcome: AiOutcome): void {
    const fields: HeaderList = [...headers, ...outcome.headers, ...droppedField(outcome)];
    if (typeof body === 'string') this.#outlet.whole(['content-type', 'text/plain; charset=utf-8', ...fields], body);
    else this.#outlet.whole(['content-type', 'application/json', ...fields], JSON.stringify(body));
  }
}

/** Names of fields may come from the caller. */
function droppedField({ dropped }: AiOutcome): HeaderList {
  const text = dropped.join(', ').replace(/[^\x20-\x7e]/g, '?');
  return text === '' ? [] : ['x-weir-dropped', text.slice(0, 1_000)];
}
