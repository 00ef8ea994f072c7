/**
 * A provider that speaks OpenAI's chat completions, told in data: where it lies and in what it differs from OpenAI's own API.
 * All of it is JSON, so that a provider which nobody here knows is a few lines of config and no code. What is absent means "as
 * OpenAI does it".
 */
import type { OperationWord } from '@weir/proto/ai/compatible-words.js';
import type { FinishReason } from '../../chat/chat-answer.js';
import type { ReasoningEffort } from '../../chat/chat-request.js';
import type { ProviderErrorKind } from '../../chat/provider-error.js';
import type { Credential } from '../../provider.js';

/** What OpenAI's API can and an imitator may refuse, by the names of its fields where it has some. */
export const refusable = [
  'temperature',
  'top_p',
  'frequency_penalty',
  'presence_penalty',
  'seed',
  'stop',
  'n',
  'logprobs',
  'top_logprobs',
  'logit_bias',
  'user',
  'max_tokens',
  'tools',
  'tool_choice',
  /** `tool_choice: "required"`. */
  'tool_choice.required',
  /** A tool that must be called, by name. */
  'tool_choice.function',
  'parallel_tool_calls',
  /** `strict` of a tool. */
  'strict',
  'json_object',
  'json_schema',
  /** `name` of a message. */
  'messages.name',
  /** Content as a list of parts: texts are joined then, and nothing but text can be said. */
  'content_parts',
  'image',
  /** Images by URL; base64 works. */
  'image_url',
] as const;

export type Refusable = (typeof refusable)[number];

/** Fields of OpenAI's own, which mean something only to it and to those who list them. */
export const openAiExtras = [
  'metadata',
  'modalities',
  'prediction',
  'prompt_cache_key',
  'prompt_cache_retention',
  'safety_identifier',
  'service_tier',
  'store',
  'verbosity',
  'web_search_options',
] as const;

/** What not every imitator has, or OpenAI's own API has not. */
export const takable = [
  'top_k',
  /** Files as content parts. */
  'document',
  /** Documents as Mistral has them: by an address, which may hold the document itself, or as an uploaded file. */
  'document_url',
  /** `input_audio` as a content part. */
  'audio',
  /** Anthropic's `cache_control` on content parts and tools. */
  'cache_control',
  /** Tools that the provider runs itself, in OpenAI's words. */
  'provider_tools',
  /** `refusal` as a content part of what the assistant has said. */
  'refusal',
  ...openAiExtras,
] as const;

export type Takable = (typeof takable)[number];

/** How reasoning is asked for and shown. */
export interface ReasoningWords {
  /** What `reasoning_effort` takes; empty: there is no such field. */
  readonly efforts?: readonly ReasoningEffort[];
  /**
   * How it is switched on and off:
   * `thinking` is `{thinking: {type: "enabled" | "disabled"}}`, `enable_thinking` a boolean of that name,
   * `chat_template_kwargs` the boolean `enable_thinking` within it,
   * `reasoning` OpenRouter's object with `effort`, `max_tokens`, `exclude` and `enabled`, in place of all other fields.
   */
  readonly toggle?: 'thinking' | 'enable_thinking' | 'chat_template_kwargs' | 'reasoning';
  /** The field for the most tokens that it may take. */
  readonly budget?: string;
  /** Answers never hold it. */
  readonly isHidden?: boolean;
  /** The field of an assistant's message in which it goes back to the model; absent: it does not. */
  readonly back?: 'reasoning_content' | 'reasoning';
}

export interface PrefixWords {
  /** A member of the message that is true, or of the body: `continue_final_message`, with `add_generation_prompt` false. */
  readonly by: 'prefix' | 'partial' | 'continue_final_message';
  /** Path that the API lies below for it, where that is another one. */
  readonly basePath?: string;
  /** The answer begins with the text that it was given. */
  readonly echoes?: boolean;
  /** Not while it reasons. */
  readonly unlessReasoning?: boolean;
}

export interface CompatibleSpec {
  /** As in the config. */
  readonly id: string;
  /** For people. */
  readonly title: string;
  /** With the path that the API lies below; absent: the config must say. `{name}` in its path is the setting of that name. */
  readonly defaultUrl?: string;
  /** Below that; `/chat/completions` unless it is said. `{name}` is a setting, `{model}` the model. */
  readonly chatPath?: string;
  /** Settings that a path needs. */
  readonly settings?: readonly string[];
  /** `bearer` unless it is said. */
  readonly credential?: Credential;
  readonly refuses?: readonly Refusable[];
  readonly takes?: readonly Takable[];
  /** Other names for fields of the body: `{"seed": "random_seed"}`. */
  readonly names?: Readonly<Record<string, string>>;
  /** `max_tokens` unless it is said, for that is what nearly all imitators know. */
  readonly maxTokens?: 'max_tokens' | 'max_completion_tokens';
  readonly reasoning?: ReasoningWords;
  /** How it is told to go on from an unfinished message of the assistant; absent: it can't. */
  readonly prefix?: PrefixWords;
  /** Usage of a stream: `asked` with `stream_options` (unless it is said), or it comes by itself and the option is refused. */
  readonly streamUsage?: 'asked' | 'unasked';
  /** Finish reasons beside OpenAI's. */
  readonly finishWords?: Readonly<Record<string, FinishReason>>;
  /** Finish reasons that say that the answer has failed. */
  readonly finishErrors?: Readonly<Record<string, ProviderErrorKind>>;
  /** What its codes or types of errors mean, beside OpenAI's. */
  readonly errorKinds?: Readonly<Record<string, ProviderErrorKind>>;
  /** What it has beside chats; a spec that does not say has nothing. */
  readonly operations?: readonly OperationWord[];
  /** Images are drawn as events where they are asked for so; left out: they come whole. */
  readonly streamsImages?: boolean;
  /** Where they lie, if elsewhere than at OpenAI's paths; `{name}` is a setting, `{model}` the model. */
  readonly operationPaths?: Readonly<Partial<Record<OperationWord, string>>>;
}

/** The words of efforts that OpenAI has had from the start, and that imitators mean where they name none. */
export const commonEfforts: readonly ReasoningEffort[] = ['low', 'medium', 'high'];

/** Finish reasons that say, with anyone who uses them, that the answer has failed. */
export const failedFinishes: Readonly<Record<string, ProviderErrorKind>> = {
  error: 'server',
  // vLLM and SGLang, where a request was given up inside the engine.
  abort: 'cut',
};
