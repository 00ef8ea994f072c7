/**
 * Writes a stream as Messages events. Source: https://docs.anthropic.com/en/docs/build-with-claude/streaming, and what the
 * official client throws at: an event of the type `error`. Pure.
 *
 *   message_start · (content_block_start · content_block_delta … · content_block_stop) … · message_delta · message_stop
 *
 * Blocks never overlap, for the official client takes each delta for the newest block's. Where calls come by turns, what
 * belongs to a later block is held until the arguments of the open call are a whole object, or the stream ends.
 */
import type { ChatEvent, Finish, Usage } from '../../chat/chat-answer.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import type { AnswerTerms, StreamWriter } from '../../format.js';
import type { JsonObject } from '../../json.js';
import { JsonEnd } from '../json-end.js';
import { sseEvent } from '../sse.js';
import { citationWords, errorBody, messageUsage, stopReason } from './words.js';

export function messagesStream(terms: AnswerTerms): StreamWriter {
  return new MessagesStream(terms);
}

/** More than any provider lets a model write; a stream that mixes calls beyond it fails. */
const HELD_CHARACTERS_MAX = 4 * 1024 * 1024;

type BlockEvent = Exclude<ChatEvent, { kind: 'start' | 'usage' | 'error' | 'finish' }>;

type Open =
  | { readonly kind: 'text' | 'thinking' }
  | { readonly kind: 'call'; readonly call: number; readonly end: JsonEnd; isOver: boolean };

class MessagesStream implements StreamWriter {
  readonly #terms: AnswerTerms;
  #hasBegun = false;
  #hasFailed = false;
  #hasRefused = false;
  #blocks = 0;
  #open: Open | null = null;
  #held: BlockEvent[] = [];
  #heldCharacters = 0;
  #finish: Finish | null = null;
  #usage: Usage | null = null;

  constructor(terms: AnswerTerms) {
    this.#terms = terms;
  }

  write(event: ChatEvent): string {
    if (this.#hasFailed) return '';
    switch (event.kind) {
      case 'start':
        return '';
      case 'usage':
        this.#usage = event.usage;
        return '';
      case 'error':
        return this.fail(event.error);
      case 'finish':
        if (event.choice === 0) this.#finish = event.finish;
        return this.#begin();
      default:
        // A message is one choice: requests of this format ask for no more.
        return event.choice === 0 ? this.#begin() + this.#block(event) : '';
    }
  }

  fail(error: ProviderError): string {
    if (this.#hasFailed) return '';
    this.#hasFailed = true;
    return sseEvent('error', errorBody(error));
  }

  end(): string {
    if (this.#hasFailed) return '';
    if (this.#finish === null) return this.fail(providerError('cut', 'The stream ended before the answer did.'));
    const blocks = this.#rest();
    if (this.#hasFailed) return blocks;
    const stop = stopReason(this.#finish, this.#hasRefused);
    const delta = sseEvent('message_delta', {
      type: 'message_delta',
      delta: { ...stop },
      usage: messageUsage(this.#usage),
    });
    return blocks + this.#close() + delta + sseEvent('message_stop', { type: 'message_stop' });
  }

  #begin(): string {
    if (this.#hasBegun) return '';
    this.#hasBegun = true;
    const { id, model } = this.#terms;
    const message = {
      id,
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
    };
    return sseEvent('message_start', {
      type: 'message_start',
      message: { ...message, usage: messageUsage(this.#usage) },
    });
  }

  #block(event: BlockEvent): string {
    if (this.#mustWait(event)) return this.#hold(event);
    const written = this.#piece(event);
    return this.#open?.kind === 'call' && this.#open.end.isWhole ? written + this.#release() : written;
  }

  #mustWait(event: BlockEvent): boolean {
    const open = this.#open;
    if (open?.kind !== 'call' || open.end.isWhole || open.isOver) return false;
    return event.kind !== 'toolArguments' || event.call !== open.call;
  }

  #hold(event: BlockEvent): string {
    this.#heldCharacters += 'text' in event ? event.text.length : 1;
    if (this.#heldCharacters > HELD_CHARACTERS_MAX) {
      return this.fail(providerError('malformed', 'Tool calls came mixed with each other beyond all bounds.'));
    }
    this.#held.push(event);
    return '';
  }

  /** What was held takes its turn again, and may have to wait for the next call. */
  #release(): string {
    const held = this.#held;
    this.#held = [];
    this.#heldCharacters = 0;
    return held.map((event) => (this.#hasFailed ? '' : this.#block(event))).join('');
  }

  /** Nothing more will come for the open call: each turn writes at least the first that was held. */
  #rest(): string {
    let written = '';
    while (this.#held.length > 0 && !this.#hasFailed) {
      if (this.#open?.kind === 'call') this.#open.isOver = true;
      written += this.#release();
    }
    return written;
  }

  #piece(event: BlockEvent): string {
    switch (event.kind) {
      case 'text':
        // Probabilities have no place in this format, and can't be asked for in it.
        return event.text === '' ? '' : this.#opened('text') + this.#grown('text_delta', 'text', event.text);
      case 'refusal':
        this.#hasRefused = true;
        return this.#opened('text') + this.#grown('text_delta', 'text', event.text);
      case 'citation':
        return this.#opened('text') + this.#delta({ type: 'citations_delta', citation: citationWords(event.citation) });
      case 'reasoning':
        if (event.text === '') return this.#opened('thinking');
        return this.#opened('thinking') + this.#grown('thinking_delta', 'thinking', event.text);
      case 'reasoningSignature':
        return (
          this.#opened('thinking') +
          this.#delta({ type: 'signature_delta', signature: event.signature }) +
          this.#close()
        );
      case 'reasoningRedacted':
        return (
          this.#close() +
          this.#start({ type: 'redacted_thinking', data: event.redacted }, { kind: 'thinking' }) +
          this.#close()
        );
      case 'native':
        return this.#close() + this.#start(event.part.raw, { kind: 'thinking' }) + this.#close();
      case 'toolCall': {
        const { id, name, call } = event;
        const open = { kind: 'call', call, end: new JsonEnd(), isOver: false } as const;
        return this.#close() + this.#start({ type: 'tool_use', id, name, input: {} }, open);
      }
      case 'toolArguments':
        return this.#arguments(event.call, event.text);
    }
  }

  #arguments(call: number, text: string): string {
    if (this.#open?.kind !== 'call' || this.#open.call !== call) {
      // Behind the end of its object there can only be white space, or what no client could make sense of.
      if (text.trim() === '') return '';
      return this.fail(providerError('malformed', 'More arguments came for a tool call that was over.'));
    }
    this.#open.end.feed(text);
    return text === '' ? '' : this.#grown('input_json_delta', 'partial_json', text);
  }

  #opened(kind: 'text' | 'thinking'): string {
    if (this.#open?.kind === kind) return '';
    const block = kind === 'text' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '', signature: '' };
    return this.#close() + this.#start(block, { kind });
  }

  #start(content_block: JsonObject, open: Open): string {
    this.#open = open;
    return sseEvent('content_block_start', { type: 'content_block_start', index: this.#blocks, content_block });
  }

  /** What most events of a stream are, so most of it stands here as it is sent. */
  #grown(type: string, member: string, text: string): string {
    const delta = `{"type":"${type}","${member}":${JSON.stringify(text)}}`;
    return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${this.#blocks},"delta":${delta}}\n\n`;
  }

  #delta(delta: JsonObject): string {
    return sseEvent('content_block_delta', { type: 'content_block_delta', index: this.#blocks, delta });
  }

  #close(): string {
    if (this.#open === null) return '';
    this.#open = null;
    const index = this.#blocks;
    this.#blocks += 1;
    return sseEvent('content_block_stop', { type: 'content_block_stop', index });
  }
}
