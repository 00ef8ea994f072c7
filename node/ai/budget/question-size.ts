/**
 * What a question will cost, before it is asked: its tokens counted, and those of the answer by what the caller allows, or by what
 * the model's answers have taken of late. Pure.
 */
import type { ChatRequest } from '../chat/chat-request.js';
import type { Part } from '../chat/part.js';
import { type CountTokens, extrapolated } from './token-count.js';

/** What providers take for a picture of usual size, and for a page of a document. */
const IMAGE_TOKENS = 1_000;
const DOCUMENT_TOKENS = 3_000;
/** Of audio: base64 of 16 kHz, of which OpenAI takes a token for a tenth of a second. */
const AUDIO_CHARACTERS_PER_TOKEN = 4_000;
/** Roles and borders of a message. */
const MESSAGE_TOKENS = 4;
/** Of all texts together, characters that are kept to be counted. */
const SAMPLE_MAX = 4_096;

export function inputTokens({ messages, tools }: ChatRequest, count: CountTokens): number {
  const size = { sample: '', characters: 0, tokens: 0 };
  const text = (written: string): void => {
    size.characters += written.length;
    if (size.sample.length < SAMPLE_MAX) size.sample += written.slice(0, SAMPLE_MAX - size.sample.length);
  };
  for (const { parts } of messages) {
    size.tokens += MESSAGE_TOKENS;
    for (const part of parts) addPart(part, size, text);
  }
  for (const tool of tools) text(JSON.stringify(tool.kind === 'function' ? [tool.name, tool.parameters] : tool.raw));
  return size.tokens + extrapolated(size.sample, size.characters, count);
}

function addPart(part: Part, size: { tokens: number }, text: (written: string) => void): void {
  switch (part.kind) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      text(part.text);
      break;
    case 'image':
      size.tokens += IMAGE_TOKENS;
      break;
    case 'document':
      if (part.source.kind === 'text') text(part.source.text);
      else size.tokens += DOCUMENT_TOKENS;
      break;
    case 'audio':
      size.tokens += Math.ceil(part.base64.length / AUDIO_CHARACTERS_PER_TOKEN);
      break;
    case 'toolCall':
      text(part.name + part.arguments);
      break;
    case 'toolResult':
      for (const inner of part.content) addPart(inner, size, text);
      break;
    case 'native':
      text(JSON.stringify(part.raw));
  }
}

/** Models that are remembered; beyond it the one that was seen first goes. */
const MODELS_MAX = 1_000;
/** Before a model has answered: what a page of text takes. */
const FIRST_GUESS = 800;
/** Of the latest answer in the mean. */
const WEIGHT = 0.1;
/** A longer one counts as so many times the mean: one absurd figure may not close a budget to everybody. */
const LONGEST = 10;

/** What answers of each model have taken of late, as a mean that moves. */
export class OutputMeans {
  readonly #means = new Map<string, number>();

  seen(model: string, tokens: number): void {
    const before = this.#means.get(model);
    const counted = Math.min(tokens, LONGEST * Math.max(before ?? 0, FIRST_GUESS));
    this.#means.set(model, before === undefined ? counted : before + WEIGHT * (counted - before));
    const [oldest] = this.#means.keys();
    if (this.#means.size > MODELS_MAX && oldest !== undefined) this.#means.delete(oldest);
  }

  of(model: string): number {
    return Math.ceil(this.#means.get(model) ?? FIRST_GUESS);
  }
}

/** `choices` answers are made at once. */
export function outputTokens({ maxTokens, choices }: ChatRequest, model: string, means: OutputMeans): number {
  return (maxTokens ?? means.of(model)) * Math.max(1, choices ?? 1);
}
