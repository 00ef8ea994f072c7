/**
 * One stream of Bedrock's ConverseStream: frames whose type says what they are. Pure.
 *
 *   messageStart (contentBlockStart? contentBlockDelta* contentBlockStop)* messageStop metadata
 *
 * An exception of the service comes as a frame of its own kind, which the framing marks.
 */
import type { ChatEvent } from '../../chat/chat-answer.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, numberOf, textOf } from '../../json.js';
import type { StreamReader, WireEvent } from '../../provider.js';
import { bedrockRedacted } from '../signatures.js';
import { joinBase64, malformed, objectOf, parsed } from '../untrusted.js';
import { finishOf, usageOf } from './answer.js';
import { errorOf } from './error.js';

/** More blocks than any answer has open at once; each takes memory while it is open. */
const OPEN_BLOCKS_MAX = 256;

interface Block {
  /** Null: not a call. */
  readonly call: number | null;
  hasArguments: boolean;
  signature: string;
  redacted: string;
}

export class BedrockStream implements StreamReader {
  readonly #blocks = new Map<number, Block>();
  #calls = 0;
  #isWhole = false;
  #isOver = false;

  read(event: WireEvent): readonly ChatEvent[] {
    if (this.#isOver) return [];
    const body = parsed(event.data);
    if (event.isError === true) return this.#failed(errorOf(event.type, body, null));
    if (!isObject(body)) return this.#failed(malformed('An event of the stream is not a JSON object'));
    const index = numberOf(body['contentBlockIndex']) ?? 0;
    switch (event.type) {
      case 'messageStart':
        return [{ kind: 'start', id: '', model: '', createdS: null }];
      case 'contentBlockStart':
        return this.#blockStarted(index, objectOf(body['start']));
      case 'contentBlockDelta':
        return this.#grown(index, objectOf(body['delta']));
      case 'contentBlockStop':
        return this.#blockStopped(index);
      case 'messageStop':
        return this.#finished(body);
      case 'metadata': {
        const usage = usageOf(body['usage']);
        return usage === null ? [] : [{ kind: 'usage', usage }];
      }
      default:
        return [];
    }
  }

  end(): readonly ChatEvent[] {
    if (this.#isOver || this.#isWhole) return [];
    return this.#failed(providerError('cut', 'The stream ended before the message did'));
  }

  #blockStarted(index: number, start: JsonObject): readonly ChatEvent[] {
    if (!isObject(start['toolUse'])) return this.#opened(index, null) === null ? this.#tooMany() : [];
    const call = this.#calls++;
    if (this.#opened(index, call) === null) return this.#tooMany();
    const { toolUseId, name } = start['toolUse'];
    return [{ kind: 'toolCall', choice: 0, call, id: textOf(toolUseId) ?? '', name: textOf(name) ?? '' }];
  }

  #grown(index: number, delta: JsonObject): readonly ChatEvent[] {
    // Blocks of text have no start.
    const block = this.#blocks.get(index) ?? this.#opened(index, null);
    if (block === null) return this.#tooMany();
    const text = textOf(delta['text']);
    if (text !== null && text !== '') return [{ kind: 'text', choice: 0, text, logprobs: null }];
    if (isObject(delta['citation'])) return [{ kind: 'citation', choice: 0, citation: delta['citation'] }];
    if (isObject(delta['toolUse'])) return argued(block, textOf(delta['toolUse']['input']) ?? '');
    return isObject(delta['reasoningContent']) ? reasoned(block, delta['reasoningContent']) : [];
  }

  /** Signatures and hidden reasoning are told whole, and a call without arguments as the empty object that it is. */
  #blockStopped(index: number): readonly ChatEvent[] {
    const block = this.#blocks.get(index);
    this.#blocks.delete(index);
    if (block === undefined) return [];
    if (block.redacted !== '')
      return [{ kind: 'reasoningRedacted', choice: 0, redacted: bedrockRedacted(block.redacted) }];
    if (block.signature !== '') return [{ kind: 'reasoningSignature', choice: 0, signature: block.signature }];
    return block.hasArguments ? [] : argued(block, '{}');
  }

  #finished(body: JsonObject): readonly ChatEvent[] {
    const finish = finishOf(body);
    if (finish === null || this.#isWhole) return [];
    this.#isWhole = true;
    return [{ kind: 'finish', choice: 0, finish }];
  }

  #opened(index: number, call: number | null): Block | null {
    if (this.#blocks.size >= OPEN_BLOCKS_MAX) return null;
    const block: Block = { call, hasArguments: false, signature: '', redacted: '' };
    this.#blocks.set(index, block);
    return block;
  }

  #tooMany(): readonly ChatEvent[] {
    return this.#failed(malformed('Too many blocks are open at once'));
  }

  #failed(error: ProviderError): readonly ChatEvent[] {
    this.#isOver = true;
    return [{ kind: 'error', error }];
  }
}

function argued(block: Block, text: string): readonly ChatEvent[] {
  if (block.call === null || text === '') return [];
  block.hasArguments = true;
  return [{ kind: 'toolArguments', choice: 0, call: block.call, text }];
}

function reasoned(block: Block, delta: JsonObject): readonly ChatEvent[] {
  block.signature += textOf(delta['signature']) ?? '';
  block.redacted = joinBase64(block.redacted, textOf(delta['redactedContent']) ?? '');
  const text = textOf(delta['text']);
  return text === null || text === '' ? [] : [{ kind: 'reasoning', choice: 0, text }];
}
