/**
 * One stream of Anthropic's Messages API: a message of content blocks, each of which starts, grows and stops. Pure.
 * Source: "Streaming messages" in the platform's documentation.
 *
 *   message_start (content_block_start content_block_delta* content_block_stop)* message_delta+ message_stop
 *   `ping` and `error` anywhere
 */
import type { ChatEvent, Usage } from '../../chat/chat-answer.js';
import type { NativePart } from '../../chat/part.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, numberOf, textOf } from '../../json.js';
import type { StreamReader, WireEvent } from '../../provider.js';
import { argumentsOf, malformed, objectOf, parsed } from '../untrusted.js';
import { finishOf, isNative, usageOf } from './answer.js';
import { errorOf } from './error.js';

/** More blocks than any answer has open at once; each takes memory while it is open. */
const OPEN_BLOCKS_MAX = 256;
/** Characters of what a tool that Anthropic runs is asked: a search or a program. */
const NATIVE_INPUT_MAX = 1024 * 1024;

interface Block {
  /** Null: not a call of the caller's tools. */
  readonly call: number | null;
  /** What a call has been given when it stops without having said any arguments. */
  readonly input: string;
  hasArguments: boolean;
  signature: string;
  /** What is told whole when it stops, and the JSON text of what it was asked. */
  readonly native: JsonObject | null;
  nativeInput: string;
}

export class AnthropicStream implements StreamReader {
  readonly #blocks = new Map<number, Block>();
  #calls = 0;
  #usage: Usage | null = null;
  #isWhole = false;
  #isOver = false;

  read(event: WireEvent): readonly ChatEvent[] {
    if (this.#isOver) return [];
    const body = parsed(event.data);
    if (!isObject(body)) return this.#failed(malformed('An event of the stream is not a JSON object'));
    switch (textOf(body['type']) ?? event.type) {
      case 'message_start':
        return this.#started(objectOf(body['message']));
      case 'content_block_start':
        return this.#blockStarted(numberOf(body['index']) ?? 0, objectOf(body['content_block']));
      case 'content_block_delta':
        return this.#grown(numberOf(body['index']) ?? 0, objectOf(body['delta']));
      case 'content_block_stop':
        return this.#blockStopped(numberOf(body['index']) ?? 0);
      case 'message_delta':
        return this.#finished(body);
      case 'error':
        return this.#failed(errorOf(body['error'], null));
      default:
        // `ping`, `message_stop`, and kinds that are still to come, which clients are asked to pass over.
        return [];
    }
  }

  end(): readonly ChatEvent[] {
    if (this.#isOver || this.#isWhole) return [];
    return this.#failed(providerError('cut', 'The stream ended before the message did'));
  }

  #started(message: JsonObject): readonly ChatEvent[] {
    const id = textOf(message['id']) ?? '';
    const start: ChatEvent = { kind: 'start', id, model: textOf(message['model']) ?? '', createdS: null };
    return [start, ...this.#counted(message['usage'])];
  }

  #blockStarted(index: number, block: JsonObject): readonly ChatEvent[] {
    if (this.#blocks.size >= OPEN_BLOCKS_MAX) return this.#failed(malformed('Too many blocks are open at once'));
    const isCall = block['type'] === 'tool_use';
    const call = isCall ? this.#calls++ : null;
    const input = isCall ? JSON.stringify(block['input'] ?? {}) : '';
    const signature = textOf(block['signature']) ?? '';
    const native = isNative(block) ? block : null;
    this.#blocks.set(index, { call, input, hasArguments: false, signature, native, nativeInput: '' });
    switch (block['type']) {
      case 'text':
        return textEvents(textOf(block['text']), listOf(block['citations']));
      case 'thinking':
        return reasoningEvents(textOf(block['thinking']));
      case 'redacted_thinking':
        return [{ kind: 'reasoningRedacted', choice: 0, redacted: textOf(block['data']) ?? '' }];
      case 'tool_use':
        return [
          {
            kind: 'toolCall',
            choice: 0,
            call: call ?? 0,
            id: textOf(block['id']) ?? '',
            name: textOf(block['name']) ?? '',
          },
        ];
      default:
        return [];
    }
  }

  #grown(index: number, delta: JsonObject): readonly ChatEvent[] {
    switch (delta['type']) {
      case 'text_delta':
        return textEvents(textOf(delta['text']), []);
      case 'citations_delta':
        return textEvents(null, [delta['citation']]);
      case 'thinking_delta':
        return reasoningEvents(textOf(delta['thinking']));
      case 'signature_delta': {
        const block = this.#blocks.get(index);
        if (block !== undefined) block.signature += textOf(delta['signature']) ?? '';
        return [];
      }
      case 'input_json_delta':
        return this.#argued(this.#blocks.get(index), textOf(delta['partial_json']) ?? '');
      default:
        return [];
    }
  }

  #argued(block: Block | undefined, text: string): readonly ChatEvent[] {
    if (block === undefined || text === '') return [];
    if (block.native !== null) {
      block.nativeInput += text;
      return block.nativeInput.length > NATIVE_INPUT_MAX
        ? this.#failed(malformed('A call is longer than the bound'))
        : [];
    }
    if (block.call === null) return [];
    block.hasArguments = true;
    return [{ kind: 'toolArguments', choice: 0, call: block.call, text }];
  }

  /** A signature is told whole, and a call without arguments as the empty object that it is. */
  #blockStopped(index: number): readonly ChatEvent[] {
    const block = this.#blocks.get(index);
    this.#blocks.delete(index);
    if (block === undefined) return [];
    if (block.native !== null)
      return [{ kind: 'native', choice: 0, part: nativePart(block.native, block.nativeInput) }];
    if (block.signature !== '') return [{ kind: 'reasoningSignature', choice: 0, signature: block.signature }];
    return block.hasArguments ? [] : this.#argued(block, block.input);
  }

  #finished(body: JsonObject): readonly ChatEvent[] {
    const usage = this.#counted(body['usage']);
    const finish = finishOf(objectOf(body['delta']));
    if (finish === null || this.#isWhole) return usage;
    this.#isWhole = true;
    return [{ kind: 'finish', choice: 0, finish }, ...usage];
  }

  #counted(usage: unknown): readonly ChatEvent[] {
    if (!isObject(usage)) return [];
    this.#usage = usageOf(usage, this.#usage);
    return [{ kind: 'usage', usage: this.#usage }];
  }

  #failed(error: ProviderError): readonly ChatEvent[] {
    this.#isOver = true;
    return [{ kind: 'error', error }];
  }
}

function nativePart(block: JsonObject, input: string): NativePart {
  const asked = input === '' ? block : { ...block, input: argumentsOf(input) ?? {} };
  return { kind: 'native', family: 'anthropic', raw: asked };
}

function textEvents(text: string | null, citations: readonly unknown[]): readonly ChatEvent[] {
  const cited = citations.filter(isObject).map((citation): ChatEvent => ({ kind: 'citation', choice: 0, citation }));
  return text === null || text === '' ? cited : [{ kind: 'text', choice: 0, text, logprobs: null }, ...cited];
}

function reasoningEvents(text: string | null): readonly ChatEvent[] {
  return text === null || text === '' ? [] : [{ kind: 'reasoning', choice: 0, text }];
}
