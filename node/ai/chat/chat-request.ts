/**
 * A chat request in no provider's words. Null means "not said", which is passed on as not said: no default of one provider is
 * ever told to another. Pure.
 */
import type { JsonObject } from '../json.js';
import type { CacheMark, Message } from './part.js';

export interface FunctionTool {
  readonly kind: 'function';
  readonly name: string;
  readonly description: string | null;
  /** JSON Schema of the arguments; null: it takes none. */
  readonly parameters: JsonObject | null;
  /** The provider guarantees that arguments keep to the schema. */
  readonly strict: boolean | null;
  readonly cache: CacheMark | null;
  /** Arguments come as the model writes them and are not looked at before; absent: not said. All but Anthropic do so unasked. */
  readonly isEager?: boolean;
}

/** A tool that the provider runs itself (web search, code execution, …), in its own words: only its own family knows it. */
export interface ProviderTool {
  readonly kind: 'provider';
  readonly type: string;
  readonly raw: JsonObject;
}

export type Tool = FunctionTool | ProviderTool;

export type ToolChoice =
  | { readonly kind: 'auto' | 'none' | 'required' }
  | { readonly kind: 'tool'; readonly name: string };

export type AnswerFormat =
  | { readonly kind: 'text' }
  /** Some JSON object. */
  | { readonly kind: 'json' }
  | {
      readonly kind: 'schema';
      readonly name: string;
      readonly description: string | null;
      readonly schema: JsonObject;
      readonly strict: boolean | null;
      /** Whoever asks checks the answer: a provider that holds nothing to a schema may be told of it in a message. */
      readonly isChecked?: true;
    };

export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';

export interface Reasoning {
  readonly effort: ReasoningEffort | null;
  /** Tokens that it may take at most. */
  readonly budgetTokens: number | null;
  /** Whether the caller wants to see it (or a summary of it); null: not said. */
  readonly isShown: boolean | null;
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice | null;
  readonly parallelToolCalls: boolean | null;
  readonly answerFormat: AnswerFormat | null;
  readonly maxTokens: number | null;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly topK: number | null;
  readonly frequencyPenalty: number | null;
  readonly presencePenalty: number | null;
  readonly seed: number | null;
  readonly stop: readonly string[];
  /** How many answers; null: one. */
  readonly choices: number | null;
  /** Probabilities of tokens, with so many alternatives each; null: none. */
  readonly logprobs: { readonly top: number } | null;
  /** Token id → bias. */
  readonly logitBias: Readonly<Record<string, number>> | null;
  readonly reasoning: Reasoning | null;
  /** An opaque id of the end user. */
  readonly user: string | null;
  readonly isStream: boolean;
  /** The caller wants usage with a stream, in formats that leave the choice. */
  readonly wantsStreamUsage: boolean;
  /**
   * Fields of the caller's format that have no place here, by their name and value. A provider of the same family may take
   * them as they are; for any other they are unsupported.
   */
  readonly extra: JsonObject;
  /** Whose words `extra` and the provider tools are in. */
  readonly family: FormatFamily;
}

/** Formats that share their vocabulary beyond what stands here. */
export type FormatFamily = 'openai-chat' | 'openai-responses' | 'openai-completions' | 'anthropic';

/** The members of a request that a provider may be unable to do, as translators name them; formats know their own words. */
export type ChatField = Exclude<keyof ChatRequest, 'family' | 'extra'>;

/**
 * Something that a provider can't do. The caller gets a 400 that names the field in its own format, or a warning where it
 * allows fields to be dropped; nothing is ever left out in silence.
 */
export interface Unsupported {
  readonly field: ChatField | 'extra';
  /** Where in it: `[3].parts[1]`, the name of an extra field, or empty for all of it. */
  readonly at: string;
  /** One sentence without the name of the field: `Gemini takes at most five stop sequences`. */
  readonly why: string;
}
