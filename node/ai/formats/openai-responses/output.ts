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

/** `members` is the JSON of the fields, without the braces: most of them are pieces of text, and their heads never change. */
export type Tell = (type: string, members: string) => void;

export type OutputEvent = Exclude<ChatEvent, { kind: 'start' | 'usage' | 'error' | 'finish' }>;

type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

interface OpenPart {
  readonly kind: 'text' | 'refusal';
  readonly at: JsonObject;
  readonly head: string;
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
  readonly head: string;
  text: string;
}

interface OpenCall {
  readonly index: number;
  readonly id: string;
  readonly head: string;
  readonly callId: string;
  readonly name: string;
  readonly end: JsonEnd;
  text: string;
}

export class Output {
  readonly items: JsonObject[] = [];
  hasRefused = false;
  readonly #suffix: string;
  readonly #tell: Tell | null;
  readonly #calls = new Map<number, OpenCall>();
  #open: OpenMessage | OpenReasoning | null = null;

  /** Ids are made of the id of the response and of the number of the item. `tell` is null where only the items count. */
  constructor(responseId: string, tell: Tell | null) {
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
        return;
      case 'native':
      // What a provider's own tools did has no place in this format; what came of it is in the text.
    }
  }

  /** Nothing more will come. What is open has the status of the whole. */
  end(status: 'completed' | 'incomplete'): void {
    this.#close(status);
    for (const [number, call] of this.#calls) this.#endCall(number, call, status);
  }

  #say(type: string, fields: JsonObject): void {
    this.#tell?.(type, membersOf(fields));
  }

  #start(prefix: string, item: (id: string) => JsonObject): { readonly index: number; readonly id: string } {
    const index = this.items.length;
    const id = `${prefix}_${this.#suffix}_${index}`;
    this.items.push(item(id));
    this.#say('response.output_item.added', { output_index: index, item: item(id) });
    return { index, id };
  }

  #done(index: number, item: JsonObject): void {
    this.items[index] = item;
    this.#say('response.output_item.done', { output_index: index, item });
  }

  #text(text: string, logprobs: readonly TokenLogprob[] | null): void {
    const part = this.#part('text');
    part.text += text;
    const words = logprobs?.map(writeLogprob) ?? [];
    part.logprobs.push(...words);
    const told = words.length === 0 ? '[]' : JSON.stringify(words);
    this.#tell?.('response.output_text.delta', `${part.head}${JSON.stringify(text)},"logprobs":${told}`);
  }

  #refusal(text: string): void {
    const part = this.#part('refusal');
    part.text += text;
    this.#tell?.('response.refusal.delta', part.head + JSON.stringify(text));
  }

  #citation(citation: JsonObject): void {
    const { at, annotations } = this.#part('text');
    const annotation = annotationWords(citation);
    this.#say('response.output_text.annotation.added', { ...at, annotation_index: annotations.length, annotation });
    annotations.push(annotation);
  }

  /** The open part of the open message; both are begun where they are not. */
  #part(kind: OpenPart['kind']): OpenPart {
    const open = this.#open;
    if (open?.kind === 'message' && open.part?.kind === kind) return open.part;
    if (open?.kind === 'message') {
      this.#endPart(open);
      return this.#beginPart(open, kind);
    }
    this.#close('completed');
    const begun = this.#start('msg', (id) => messageItem(id, 'in_progress', []));
    const message: OpenMessage = { kind: 'message', ...begun, content: [], part: null };
    this.#open = message;
    return this.#beginPart(message, kind);
  }

  #beginPart(message: OpenMessage, kind: OpenPart['kind']): OpenPart {
    const at = { item_id: message.id, output_index: message.index, content_index: message.content.length };
    const part: OpenPart = { kind, at, head: headOf(at), text: '', annotations: [], logprobs: [] };
    message.part = part;
    this.#say('response.content_part.added', { ...at, part: partWords(part) });
    return part;
  }

  #endPart(message: OpenMessage): void {
    const { part } = message;
    if (part === null) return;
    const { at } = part;
    if (part.kind === 'text')
      this.#say('response.output_text.done', { ...at, text: part.text, logprobs: part.logprobs });
    else this.#say('response.refusal.done', { ...at, refusal: part.text });
    this.#say('response.content_part.done', { ...at, part: partWords(part) });
    message.content.push(partWords(part));
    message.part = null;
  }

  #reasoning(text: string): void {
    const item = this.#reasoningItem();
    if (text === '') return;
    const at = { item_id: item.id, output_index: item.index, summary_index: 0 };
    if (item.text === '') this.#say('response.reasoning_summary_part.added', { ...at, part: summaryWords('') });
    item.text += text;
    this.#tell?.('response.reasoning_summary_text.delta', item.head + JSON.stringify(text));
  }

  #reasoningItem(): OpenReasoning {
    if (this.#open?.kind === 'reasoning') return this.#open;
    this.#close('completed');
    const begun = this.#start('rs', (id) => ({ id, type: 'reasoning', summary: [], encrypted_content: null }));
    const head = headOf({ item_id: begun.id, output_index: begun.index, summary_index: 0 });
    const open: OpenReasoning = { kind: 'reasoning', ...begun, head, text: '' };
    this.#open = open;
    return open;
  }

  #endReasoning({ index, id, text }: OpenReasoning, signature: string | null): void {
    this.#open = null;
    const at = { item_id: id, output_index: index, summary_index: 0 };
    const summary = text === '' ? [] : [summaryWords(text)];
    if (text !== '') {
      this.#say('response.reasoning_summary_text.done', { ...at, text });
      this.#say('response.reasoning_summary_part.done', { ...at, part: summaryWords(text) });
    }
    this.#done(index, { id, type: 'reasoning', summary, encrypted_content: encryptedOf(text, signature) });
  }

  #beginCall(number: number, callId: string, name: string): void {
    this.#close('completed');
    const { index, id } = this.#start('fc', (made) => callItem(made, callId, name, '', 'in_progress'));
    const head = headOf({ item_id: id, output_index: index });
    this.#calls.set(number, { index, id, head, callId, name, text: '', end: new JsonEnd() });
  }

  #arguments(number: number, text: string): void {
    const call = this.#calls.get(number);
    if (call === undefined || text === '') return;
    call.text += text;
    call.end.feed(text);
    this.#tell?.('response.function_call_arguments.delta', call.head + JSON.stringify(text));
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
    this.#say('response.function_call_arguments.done', { ...at, name, arguments: text });
    this.#done(index, callItem(id, callId, name, text, status));
  }
}

function membersOf(fields: JsonObject): string {
  return JSON.stringify(fields).slice(1, -1);
}

/** What stands before the piece of text in each event that grows the same thing. */
function headOf(at: JsonObject): string {
  return `${membersOf(at)},"delta":`;
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
