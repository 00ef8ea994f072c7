/**
 * Messages and their parts in Gemini's words. Results of calls are the user's; they name their function, for which the call is
 * looked up. Cache marks have no counterpart and need none: a mark allows to keep a prefix, and Gemini keeps prefixes by itself.
 * The file name of a document is not told. Pure. Source: "Content" and "Part" in the API reference, and "Thought signatures".
 */
import type {
  DocumentPart,
  ImagePart,
  MediaSource,
  Message,
  Part,
  ToolCallPart,
  ToolResultPart,
} from '../../chat/part.js';
import type { JsonObject } from '../../json.js';
import type { Gaps } from '../gaps.js';
import { readGeminiSignature } from '../signatures.js';
import { argumentsOf } from '../untrusted.js';
import { isThirdGeneration } from './models.js';

/** What Google lets callers say in the place of a signature of a call that another model made. */
const UNSIGNED = 'skip_thought_signature_validator';
/** Ids of calls that Gemini gave none. */
const MADE_ID = 'gcall_';

export function madeCallId(answerId: string, choice: number, call: number): string {
  return `${MADE_ID}${choice}_${call}_${answerId.replaceAll(/[^\w-]/g, '').slice(0, 24)}`;
}

export interface Contents {
  readonly system: readonly JsonObject[];
  readonly contents: readonly JsonObject[];
}

export function contentsOf(messages: readonly Message[], model: string, gaps: Gaps): Contents {
  const system: JsonObject[] = [];
  const told: { role: string; parts: JsonObject[] }[] = [];
  const names = namesOfCalls(messages);
  for (const [index, message] of messages.entries()) {
    const at = `[${index}]`;
    const parts = new Speaking(message, { model, names, gaps }).parts(at);
    if (message.name !== null) gaps.add('messages', `${at}.name`, 'knows no names of participants');
    if (message.role === 'system') {
      if (told.length > 0) gaps.add('messages', at, 'takes instructions before the conversation only');
      system.push(...parts);
      continue;
    }
    if (parts.length === 0) continue;
    const role = message.role === 'assistant' ? 'model' : 'user';
    const last = told.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else told.push({ role, parts });
  }
  return { system, contents: told };
}

function namesOfCalls(messages: readonly Message[]): ReadonlyMap<string, string> {
  const calls = messages.flatMap(({ parts }) => parts).filter((part) => part.kind === 'toolCall');
  return new Map(calls.map(({ id, name }) => [id, name]));
}

interface Context {
  readonly model: string;
  readonly names: ReadonlyMap<string, string>;
  readonly gaps: Gaps;
}

/** One message. Signatures go back to where they were: to the call that they name, else to the text behind them. */
class Speaking {
  readonly #message: Message;
  readonly #context: Context;
  readonly #signed = new Map<number, string>();
  #pending: string | null = null;
  #calls = 0;

  constructor(message: Message, context: Context) {
    this.#message = message;
    this.#context = context;
    for (const part of message.parts) {
      const signature = part.kind === 'reasoning' ? readGeminiSignature(part.signature ?? '') : null;
      if (signature !== null && signature.call !== null) this.#signed.set(signature.call, signature.value);
    }
  }

  parts(at: string): JsonObject[] {
    const parts = this.#message.parts.flatMap((part, place) => this.#said(part, `${at}.parts[${place}]`));
    return [...parts, ...this.#unpend()];
  }

  #said(part: Part, at: string): JsonObject[] {
    if (part.kind === 'reasoning') {
      const signature = readGeminiSignature(part.signature ?? '');
      if (signature === null || signature.call !== null) return [];
      const before = this.#unpend();
      this.#pending = signature.value;
      return before;
    }
    if (part.kind === 'text' || part.kind === 'refusal') {
      if (part.text === '') return [];
      const signature = this.#pending;
      this.#pending = null;
      return [signature === null ? { text: part.text } : { text: part.text, thoughtSignature: signature }];
    }
    const said = part.kind === 'toolCall' ? this.#call(part, at) : partOf(part, at, this.#context);
    return said === null ? this.#unpend() : [...this.#unpend(), said];
  }

  /** A signature that nothing of its own followed came in an empty text, and goes back in one. */
  #unpend(): JsonObject[] {
    const signature = this.#pending;
    this.#pending = null;
    return signature === null ? [] : [{ text: '', thoughtSignature: signature }];
  }

  #call({ id, name, arguments: text }: ToolCallPart, at: string): JsonObject {
    const { gaps, model } = this.#context;
    const args = argumentsOf(text);
    if (args === null) gaps.add('messages', `${at}.arguments`, 'takes the arguments of a call as a JSON object only');
    const call = this.#calls++;
    // Of calls that were made at once only the first is signed.
    const signature = this.#signed.get(call) ?? (call === 0 && isThirdGeneration(model) ? UNSIGNED : null);
    const functionCall = { ...idOf(id), name, args: args ?? {} };
    return signature === null ? { functionCall } : { functionCall, thoughtSignature: signature };
  }
}

const idOf = (id: string): JsonObject => (id.startsWith(MADE_ID) || id === '' ? {} : { id });

type OtherPart = Exclude<Part, { kind: 'text' | 'refusal' | 'reasoning' | 'toolCall' }>;

function partOf(part: OtherPart, at: string, context: Context): JsonObject | null {
  switch (part.kind) {
    case 'image':
      return imagePart(part, at, context);
    case 'document':
      return documentPart(part, at, context);
    case 'audio':
      return { inlineData: { mimeType: `audio/${part.format}`, data: part.base64 } };
    case 'native':
      context.gaps.add('messages', at, 'knows no tools that another provider runs by itself');
      return null;
    case 'toolResult':
      return resultPart(part, at, context);
  }
}

function imagePart({ source, detail }: ImagePart, at: string, { model, gaps }: Context): JsonObject | null {
  const media = mediaPart(source, at, gaps);
  if (media === null || (detail !== 'low' && detail !== 'high')) return media;
  if (isThirdGeneration(model)) {
    return { ...media, mediaResolution: { level: `MEDIA_RESOLUTION_${detail.toUpperCase()}` } };
  }
  // The older ones look as closely as they can.
  if (detail === 'low') gaps.add('messages', `${at}.detail`, 'looks at images in one way only');
  return media;
}

function documentPart({ source }: DocumentPart, at: string, { gaps }: Context): JsonObject | null {
  return source.kind === 'text' ? { text: source.text } : mediaPart(source, at, gaps);
}

function mediaPart(source: MediaSource, at: string, gaps: Gaps): JsonObject | null {
  switch (source.kind) {
    case 'base64':
      return { inlineData: { mimeType: source.mediaType, data: source.base64 } };
    case 'file':
      return { fileData: { fileUri: source.id } };
    case 'url': {
      const mimeType = mediaTypeOf(source.url);
      if (mimeType !== null) return { fileData: { fileUri: source.url, mimeType } };
      gaps.add('messages', at, 'has to be told what kind of file an address leads to: end it in one like `.png`');
      return null;
    }
  }
}

const mediaTypes: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  heic: 'image/heic',
  heif: 'image/heif',
  gif: 'image/gif',
  pdf: 'application/pdf',
  txt: 'text/plain',
};

function mediaTypeOf(url: string): string | null {
  const ending = /\.([a-z0-9]{1,5})$/i.exec(url.replace(/[?#].*$/s, ''))?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(mediaTypes, ending) ? (mediaTypes[ending] ?? null) : null;
}

/** The text stays the text that it was: as JSON, large numbers in it would change. */
function resultPart(part: ToolResultPart, at: string, context: Context): JsonObject | null {
  const { names, gaps, model } = context;
  const name = names.get(part.callId);
  if (name === undefined) {
    gaps.add('messages', `${at}.callId`, 'takes a result only together with its call');
    return null;
  }
  const text = part.content.map((inner) => (inner.kind === 'text' ? inner.text : '')).join('');
  const media = part.content.flatMap((inner, place) => {
    if (inner.kind === 'text') return [];
    const below = `${at}.content[${place}]`;
    if (isThirdGeneration(model)) return [partOf(inner, below, context)].filter((said) => said !== null);
    gaps.add('messages', below, 'takes only text as the result of a call');
    return [];
  });
  const response = part.isError ? { error: text } : { output: text };
  const parts = media.length === 0 ? {} : { parts: media };
  return { functionResponse: { ...idOf(part.callId), name, response, ...parts } };
}
