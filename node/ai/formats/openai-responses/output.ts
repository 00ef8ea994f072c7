/**
 * The output items of a response, as they grow. Whoever listens is told each step in the words of the API; what has been told
 * adds up to the items. Source: https://platform.openai.com/docs/api-reference/responses-streaming. Pure.
 *
 *   output_item.added · (content_part.added · output_text.delta … · output_text.done · content_part.done) … · output_item.done
 *
 * Items have numbers, so calls that come by turns may be open beside each other. A call is done when something else begins and its
 * arguments are a whole object, else at the end.
 */
import type { ChatEvent, TokenLogprob } from '../../chat/chat-answer.js';
import type { JsonObject } from '../../json.js';
import { writeLogprob } from '../../openai-words/logprobs.js';
import { citedUrl } from '../cited-url.js';
import { JsonEnd } from '../json-end.js';
import { encryptedOf } from './reasoning.js';

export type Tell = (type: string, fields: JsonObject) => void;

export type OutputEvent = Exclude<ChatEvent, { kind: 'start' | 'usage' | 'error' | 'finish' }>;

type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

interface OpenPart {
  readonly kind: 'text' | 'refusal';
  readonly annotations: JsonObject[];
  readonly logprobs: JsonObject[];
  text: string;
}

interface OpenMessage {
  readonly kind: 'message';
  readonly index: number;
  readonly id: string;
  readonly content: JsonObject[];
  part: OpenPart | null;
}

interface OpenReasoning {
  readonly kind: 'reasoning';
  readonly index: number;
  readonly id: string;
  text: string;
}

interface OpenCall {
  readonly index: number;
  readonly id: string;
  readonly callId: string;
  readonly name: string;
  readonly end: JsonEnd;
  text: string;
}

export class Output {
  readonly items: JsonObject[] = [];
  hasRefused = false;
  readonly #suffix: string;
  readonly #tell: Tell;
  readonly #calls = new Map<number, OpenCall>();
  #open: OpenMessage | OpenReasoning | null = null;

  /** Ids are made of the id of the response and of the number of the item. */
  constructor(responseId: string, tell: Tell) {
    this.#suffix = responseId.replace(/^resp_/, '');
    this.#tell = tell;
  }

  add(event: OutputEvent): void {
    switch (event.kind) {
      case 'text':
        if (event.text !== '' || event.logprobs !== null) this.#text(event.text, event.logprobs);
        return;
      case 'refusal':
        this.hasRefused = true;
        this.#refusal(event.text);
        return;
      case 'citation':
        this.#citation(event.citation);
        return;
      case 'reasoning':
        this.#reasoning(event.text);
        return;
      case 'reasoningSignature':
        this.#endReasoning(this.#reasoningItem(), event.signature);
        return;
      case 'reasoningRedacted':
        this.#close('completed');
        this.#start('rs', (id) => ({ id, type: 'reasoning', summary: [], encrypted_content: event.redacted }));
        this.#done(this.items.length - 1, this.items.at(-1) ?? {});
        return;
      case 'toolCall':
        this.#beginCall(event.call, event.id, event.name);
        return;
      case 'toolArguments':
        this.#arguments(event.call, event.text);
    }
  }

  /** Nothing more will come. What is open has the status of the whole. */
  end(status: 'completed' | 'incomplete'): void {
    this.#close(status);
    for (const [number, call] of this.#calls) this.#endCall(number, call, status);
  }

  #start(prefix: string, item: (id: string) => JsonObject): { readonly index: number; readonly id: string } {
    const index = this.items.length;
    const id = `${prefix}_${this.#suffix}_${index}`;
    this.items.push(item(id));
    this.#tell('response.output_item.added', { output_index: index, item: item(id) });
    return { index, id };
  }

  #done(index: number, item: JsonObject): void {
    this.items[index] = item;
    this.#tell('response.output_item.done', { output_index: index, item });
  }

  #text(text: string, logprobs: readonly TokenLogprob[] | null): void {
    const { at, part } = this.#part('text');
    const words = (logprobs ?? []).map(writeLogprob);
    part.text += text;
    part.logprobs.push(...words);
    this.#tell('response.output_text.delta', { ...at, delta: text, logprobs: words });
  }

  #refusal(text: string): void {
    const { at, part } = this.#part('refusal');
    part.text += text;
    this.#tell('response.refusal.delta', { ...at, delta: text });
  }

  #citation(citation: JsonObject): void {
    const { at, part } = this.#part('text');
    const annotation = annotationWords(citation);
    this.#tell('response.output_text.annotation.added', {
      ...at,
      annotation_index: part.annotations.length,
      annotation,
    });
    part.annotations.push(annotation);
  }

  /** The open part of the open message; both are begun where they are not. */
  #part(kind: OpenPart['kind']): { readonly at: JsonObject; readonly part: OpenPart } {
    if (this.#open?.kind !== 'message') {
      this.#close('completed');
      const begun = this.#start('msg', (id) => messageItem(id, 'in_progress', []));
      this.#open = { kind: 'message', ...begun, content: [], part: null };
    }
    const message = this.#open;
    if (message.part !== null && message.part.kind !== kind) this.#endPart(message);
    const at = { item_id: message.id, output_index: message.index, content_index: message.content.length };
    if (message.part === null) {
      message.part = { kind, text: '', annotations: [], logprobs: [] };
      this.#tell('response.content_part.added', { ...at, part: partWords(message.part) });
    }
    return { at, part: message.part };
  }

  #endPart(message: OpenMessage): void {
    const { part } = message;
    if (part === null) return;
    const at = { item_id: message.id, output_index: message.index, content_index: message.content.length };
    if (part.kind === 'text')
      this.#tell('response.output_text.done', { ...at, text: part.text, logprobs: part.logprobs });
    else this.#tell('response.refusal.done', { ...at, refusal: part.text });
    this.#tell('response.content_part.done', { ...at, part: partWords(part) });
    message.content.push(partWords(part));
    message.part = null;
  }

  #reasoning(text: string): void {
    const item = this.#reasoningItem();
    if (text === '') return;
    const at = { item_id: item.id, output_index: item.index, summary_index: 0 };
    if (item.text === '') this.#tell('response.reasoning_summary_part.added', { ...at, part: summaryWords('') });
    item.text += text;
    this.#tell('response.reasoning_summary_text.delta', { ...at, delta: text });
  }

  #reasoningItem(): OpenReasoning {
    if (this.#open?.kind === 'reasoning') return this.#open;
    this.#close('completed');
    const begun = this.#start('rs', (id) => ({ id, type: 'reasoning', summary: [], encrypted_content: null }));
    const open: OpenReasoning = { kind: 'reasoning', ...begun, text: '' };
    this.#open = open;
    return open;
  }

  #endReasoning({ index, id, text }: OpenReasoning, signature: string | null): void {
    this.#open = null;
    const at = { item_id: id, output_index: index, summary_index: 0 };
    const summary = text === '' ? [] : [summaryWords(text)];
    if (text !== '') {
      this.#tell('response.reasoning_summary_text.done', { ...at, text });
      this.#tell('response.reasoning_summary_part.done', { ...at, part: summaryWords(text) });
    }
    this.#done(index, { id, type: 'reasoning', summary, encrypted_content: encryptedOf(text, signature) });
  }

  #beginCall(number: number, callId: string, name: string): void {
    this.#close('completed');
    const { index, id } = this.#start('fc', (made) => callItem(made, callId, name, '', 'in_progress'));
    this.#calls.set(number, { index, id, callId, name, text: '', end: new JsonEnd() });
  }

  #arguments(number: number, text: string): void {
    const call = this.#calls.get(number);
    if (call === undefined || text === '') return;
    call.text += text;
    call.end.feed(text);
    this.#tell('response.function_call_arguments.delta', { item_id: call.id, output_index: call.index, delta: text });
  }

  /** Before something else begins. Calls stay open whose arguments are not whole. */
  #close(status: 'completed' | 'incomplete'): void {
    const open = this.#open;
    if (open?.kind === 'reasoning') this.#endReasoning(open, null);
    if (open?.kind === 'message') {
      this.#endPart(open);
      this.#open = null;
      this.#done(open.index, messageItem(open.id, status, open.content));
    }
    for (const [number, call] of this.#calls) if (call.end.isWhole) this.#endCall(number, call, 'completed');
  }

  #endCall(number: number, { index, id, callId, name, text }: OpenCall, status: ItemStatus): void {
    this.#calls.delete(number);
    const at = { item_id: id, output_index: index };
    this.#tell('response.function_call_arguments.done', { ...at, name, arguments: text });
    this.#done(index, callItem(id, callId, name, text, status));
  }
}

function messageItem(id: string, status: ItemStatus, content: readonly JsonObject[]): JsonObject {
  return { id, type: 'message', status, role: 'assistant', content: [...content] };
}

function callItem(id: string, call_id: string, name: string, args: string, status: ItemStatus): JsonObject {
  return { id, type: 'function_call', status, call_id, name, arguments: args };
}

function partWords({ kind, text, annotations, logprobs }: OpenPart): JsonObject {
  if (kind === 'refusal') return { type: 'refusal', refusal: text };
  return { type: 'output_text', text, annotations: [...annotations], logprobs: [...logprobs] };
}

function summaryWords(text: string): JsonObject {
  return { type: 'summary_text', text };
}

/** Pages of the web in OpenAI's words; any other source as its provider says it. */
function annotationWords(citation: JsonObject): JsonObject {
  const cited = citedUrl(citation);
  if (cited === null) return citation;
  const { url, title, start, end } = cited;
  return { type: 'url_citation', url, title, start_index: start, end_index: end };
}
