/**
 * A stream of Cohere (docs.cohere.com/v2/docs/streaming), in which each event says its own type:
 *
 *   message-start, then any of
 *     content-start, content-delta…, content-end            text, or what the model thinks
 *     tool-plan-delta…                                      what it thinks before it calls
 *     tool-call-start, tool-call-delta…, tool-call-end
 *     citation-start, citation-end
 *   message-end                                             why, and what it has cost
 *
 * Pure.
 */
import type { ChatEvent } from '../../chat/chat-answer.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, parsedJson, textOf } from '../../json.js';
import { readErrorBody, toProviderError } from '../../openai-words/errors.js';
import type { StreamReader, WireEvent } from '../../provider.js';
import { madeCallId, malformed } from './answer.js';
import { listed, readLogprobs, readReason, readUsage } from './words.js';

const CALLS_MAX = 512;

export class CohereReader implements StreamReader {
  #answerId = '';
  #hasStarted = false;
  #isOver = false;
  #calls = 0;

  read(event: WireEvent): readonly ChatEvent[] {
    if (this.#isOver || event.data === '' || event.data.trim() === '[DONE]') return [];
    const said = parsedJson(event.data);
    if (said === undefined) return this.#fail(malformed('an event of the stream is not JSON'));
    if (!isObject(said)) return this.#fail(malformed('an event of the stream is not an object'));
    const delta = isObject(said['delta']) ? said['delta'] : {};
    const message = isObject(delta['message']) ? delta['message'] : {};
    const type = textOf(said['type']) ?? event.type;
    if (type === 'message-start') return this.#start(textOf(said['id']) ?? '');
    if (type === 'message-end') return this.#finish(delta);
    const failed = type === '' || type === 'error' ? readErrorBody(said) : null;
    if (failed !== null) return this.#fail(toProviderError(0, failed));
    if (type === 'error') return this.#fail(providerError('server', 'the stream reported an error'));
    return this.#readDelta(type, message, said['logprobs']);
  }

  end(): readonly ChatEvent[] {
    return this.#isOver ? [] : this.#fail(providerError('cut', 'the stream ended without saying why'));
  }

  #start(id: string): readonly ChatEvent[] {
    if (this.#hasStarted) return [];
    this.#hasStarted = true;
    this.#answerId = id;
    return [{ kind: 'start', id, model: '', createdS: null }];
  }

  #readDelta(type: string, message: JsonObject, logprobs: unknown): readonly ChatEvent[] {
    switch (type) {
      case 'content-start':
      case 'content-delta':
        return this.#begun(contentEvents(message['content'], logprobs));
      case 'tool-plan-delta': {
        const text = textOf(message['tool_plan']) ?? '';
        return text === '' ? [] : this.#begun([{ kind: 'reasoning', choice: 0, text }]);
      }
      case 'tool-call-start':
        return this.#startCalls(listed(message['tool_calls']));
      case 'tool-call-delta':
        return this.#begun(listed(message['tool_calls']).flatMap((call) => this.#arguments(call)));
      case 'citation-start':
        return this.#begun(
          listed(message['citations']).map((citation): ChatEvent => ({ kind: 'citation', choice: 0, citation })),
        );
      default:
        return [];
    }
  }

  /** An answer without its first event has begun all the same. */
  #begun(events: readonly ChatEvent[]): readonly ChatEvent[] {
    return events.length === 0 ? [] : [...this.#start(''), ...events];
  }

  #startCalls(calls: readonly JsonObject[]): readonly ChatEvent[] {
    const events: ChatEvent[] = [];
    for (const call of calls) {
      const made = call['function'];
      const name = isObject(made) ? textOf(made['name']) : null;
      if (name === null || name === '') return this.#fail(malformed('a tool call has no name'));
      if (this.#calls >= CALLS_MAX) return this.#fail(malformed('an answer calls more tools than there can be'));
      const id = textOf(call['id']) || madeCallId(this.#answerId, this.#calls);
      this.#calls += 1;
      events.push({ kind: 'toolCall', choice: 0, call: this.#calls - 1, id, name }, ...this.#arguments(call));
    }
    return this.#begun(events);
  }

  /** Calls come one behind the other: a piece belongs to the last one. */
  #arguments(call: JsonObject): ChatEvent[] {
    const made = call['function'];
    const text = isObject(made) ? (textOf(made['arguments']) ?? '') : '';
    if (text === '' || this.#calls === 0) return [];
    return [{ kind: 'toolArguments', choice: 0, call: this.#calls - 1, text }];
  }

  #finish(delta: JsonObject): readonly ChatEvent[] {
    const usage = readUsage(delta['usage']);
    const used: readonly ChatEvent[] = usage === null ? [] : [{ kind: 'usage', usage }];
    const found = readReason(delta['finish_reason'], delta['error']);
    if (found === null) return [...used, ...this.#fail(providerError('cut', 'the stream ended without saying why'))];
    if ('kind' in found) return [...used, ...this.#fail(found)];
    this.#isOver = true;
    return [...this.#start(''), { kind: 'finish', choice: 0, finish: { ...found, stopSequence: null } }, ...used];
  }

  #fail(error: ProviderError): readonly ChatEvent[] {
    this.#isOver = true;
    return [{ kind: 'error', error }];
  }
}

function contentEvents(content: unknown, logprobs: unknown): readonly ChatEvent[] {
  if (!isObject(content)) return [];
  const thought = textOf(content['thinking']) ?? '';
  const text = textOf(content['text']) ?? '';
  const probabilities = readLogprobs(logprobs);
  const events: ChatEvent[] = thought === '' ? [] : [{ kind: 'reasoning', choice: 0, text: thought }];
  if (text !== '' || probabilities !== null) events.push({ kind: 'text', choice: 0, text, logprobs: probabilities });
  return events;
}
