/**
 * Reasoning in the words of chat completions, which OpenAI itself has none for. The text is `reasoning_content`, as DeepSeek,
 * vLLM and others say it. What has to come back with the next request unchanged (signatures, hidden reasoning) is in
 * `reasoning_details`, as OpenRouter says it; but a detail names its text by where it lies in `reasoning_content`, counted in
 * UTF-16 units, so that no stream says it twice:
 *
 *   {"type": "reasoning.text", "index": 0, "signature": "…", "start_index": 0, "end_index": 57}
 *   {"type": "reasoning.encrypted", "index": 1, "data": "…"}
 *
 * Details that hold their text themselves are read as well. Pure.
 */
import type { ReasoningPart } from '../../chat/part.js';
import { type JsonObject, numberOf, textOf } from '../../json.js';
import type { Reading } from '../reading.js';

export function reasoningParts(reading: Reading, message: JsonObject, at: string): readonly ReasoningPart[] {
  const text = reading.text(message, at, 'reasoning_content') ?? reading.text(message, at, 'reasoning') ?? '';
  const details = reading.objects(reading.list(message, at, 'reasoning_details') ?? [], `${at}.reasoning_details`);
  const parts: ReasoningPart[] = [];
  let toldUpTo = 0;
  for (const { object } of details) {
    const data = textOf(object['data']);
    if (data !== null) {
      parts.push({ kind: 'reasoning', text: '', signature: null, redacted: data });
      continue;
    }
    const signature = textOf(object['signature']);
    const own = textOf(object['text']);
    if (own !== null) {
      parts.push({ kind: 'reasoning', text: own, signature, redacted: null });
      toldUpTo = text.length;
      continue;
    }
    const start = Math.max(numberOf(object['start_index']) ?? toldUpTo, toldUpTo);
    const between = text.slice(toldUpTo, start);
    if (between !== '') parts.push({ kind: 'reasoning', text: between, signature: null, redacted: null });
    toldUpTo = Math.max(numberOf(object['end_index']) ?? text.length, start);
    parts.push({ kind: 'reasoning', text: text.slice(start, toldUpTo), signature, redacted: null });
  }
  const rest = text.slice(toldUpTo);
  if (rest !== '') parts.push({ kind: 'reasoning', text: rest, signature: null, redacted: null });
  return parts;
}

/** Follows the reasoning of one choice while it is written. */
export class ReasoningDetails {
  #index = 0;
  #start = 0;
  #end = 0;

  said(text: string): void {
    this.#end += text.length;
  }

  /** Something else follows: what was said without a signature belongs to no detail. */
  ended(): void {
    this.#start = this.#end;
  }

  signed(signature: string): JsonObject {
    const [start_index, end_index] = [this.#start, this.#end];
    this.ended();
    return { type: 'reasoning.text', index: this.#index++, signature, start_index, end_index };
  }

  hidden(data: string): JsonObject {
    this.ended();
    return { type: 'reasoning.encrypted', index: this.#index++, data };
  }
}
