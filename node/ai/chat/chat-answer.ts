/**
 * A whole answer, and the events that a streamed one comes in, in no provider's words. A whole answer is what the events of a
 * stream add up to (gather.ts), and events are what a whole answer falls into, so that each format is written once for both. Pure.
 */
import type { JsonObject } from '../json.js';
import type { NativePart, Part } from './part.js';
import type { ProviderError } from './provider-error.js';

/**
 * Why a choice ended.
 * - `pause`: the provider has stopped a long turn and wants to be asked to go on.
 * - `contextExceeded`: input and answer together did not fit any more.
 * - `malformedToolCall`: the model began a call that can't be read.
 * - `other`: a reason that is not known here. It is passed on as the native word, and never taken for `stop`.
 */
export type FinishReason =
  | 'stop'
  | 'length'
  | 'toolCalls'
  | 'contentFilter'
  | 'refusal'
  | 'pause'
  | 'contextExceeded'
  | 'malformedToolCall'
  | 'other';

export interface Finish {
  readonly reason: FinishReason;
  /** The provider's own word for it; null where it has said none. */
  readonly native: string | null;
  /** The stop sequence that was met, where the provider says. */
  readonly stopSequence: string | null;
}

export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[] | null;
  readonly top: readonly {
    readonly token: string;
    readonly logprob: number;
    readonly bytes: readonly number[] | null;
  }[];
}

/** In tokens. Parts are contained in their sums: `cachedInput` and `cacheWrite` in `input`, `reasoning` in `output`. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
  readonly reasoning: number;
  /** Counted here, for the provider has said nothing. */
  readonly isEstimated: boolean;
}

export interface Choice {
  /** In the order in which the model gave them. */
  readonly parts: readonly Part[];
  readonly finish: Finish;
  readonly logprobs: readonly TokenLogprob[] | null;
}

export interface ChatAnswer {
  /** The provider's id of it; empty where it gives none. */
  readonly id: string;
  /** The model that answered, by the provider's name. */
  readonly model: string;
  /** Unix time in seconds; null where the provider does not say. */
  readonly createdS: number | null;
  readonly choices: readonly Choice[];
  readonly usage: Usage | null;
}

/** One piece of a streamed answer. `choice` counts from 0; `call` counts the tool calls of its choice from 0. */
export type ChatEvent =
  | { readonly kind: 'start'; readonly id: string; readonly model: string; readonly createdS: number | null }
  | {
      readonly kind: 'text';
      readonly choice: number;
      readonly text: string;
      readonly logprobs: readonly TokenLogprob[] | null;
    }
  | { readonly kind: 'citation'; readonly choice: number; readonly citation: JsonObject }
  | { readonly kind: 'reasoning'; readonly choice: number; readonly text: string }
  /** Ends the reasoning before it. */
  | { readonly kind: 'reasoningSignature'; readonly choice: number; readonly signature: string }
  | { readonly kind: 'reasoningRedacted'; readonly choice: number; readonly redacted: string }
  | { readonly kind: 'refusal'; readonly choice: number; readonly text: string }
  | {
      readonly kind: 'toolCall';
      readonly choice: number;
      readonly call: number;
      readonly id: string;
      readonly name: string;
    }
  | { readonly kind: 'toolArguments'; readonly choice: number; readonly call: number; readonly text: string }
  /** Whole, at once. */
  | { readonly kind: 'native'; readonly choice: number; readonly part: NativePart }
  | { readonly kind: 'finish'; readonly choice: number; readonly finish: Finish }
  /** The figures so far, whole: a later one replaces an earlier one. */
  | { readonly kind: 'usage'; readonly usage: Usage }
  /** The stream failed; nothing follows. */
  | { readonly kind: 'error'; readonly error: ProviderError };

/** Whether an event is content: what `firstToken` waits for, and what a caller who has seen it can't be given anew. */
export function isContent(event: ChatEvent): boolean {
  switch (event.kind) {
    case 'text':
    case 'reasoning':
    case 'refusal':
    case 'toolArguments':
      return event.text !== '';
    case 'toolCall':
    case 'reasoningRedacted':
    case 'native':
      return true;
    default:
      return false;
  }
}
