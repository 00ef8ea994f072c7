/**
 * What a snapshot says about AI: where providers lie, with which keys, and which names clients call models by. Everything is resolved:
 * a node reads no default of its own. A provider is reached through an upstream of the snapshot, so that balancing, health, breaker,
 * pools and their timers are the same as for any other API.
 */

import type { SpendPeriod } from '../cluster/spend-window.js';
import type { LearntLimitSpec } from './resilience.js';
import type { SecretText } from './snapshot.js';

export interface AiSpec {
  readonly providers: readonly AiProviderSpec[];
  /** Names of the operator's own, each over one or several models of providers. */
  readonly models: readonly AiModelSpec[];
  /** APIs of the operator's own, each with a model behind it. */
  readonly prompts: readonly AiPromptSpec[];
  readonly guards: readonly AiGuardSpec[];
  /** Left out: none, and all prices are the catalogue's. */
  readonly budgets?: AiBudgetsSpec;
  /** What services of teams have of their own, which no other route knows. Left out: none. */
  readonly spaces?: readonly AiSpaceSpec[];
}

/** Names of one release of a service. Routes that are in it know these names, and none of all others. */
export interface AiSpaceSpec {
  /** `SERVICE@RELEASE`. */
  readonly id: string;
  /** Its providers: what callers call them, and their ids. */
  readonly providers: Readonly<Record<string, string>>;
  readonly models: readonly AiModelSpec[];
  /** Of `AiSpec.models`, those that it knows as well. */
  readonly uses: readonly string[];
  readonly prompts: readonly AiPromptSpec[];
  /** Before those of all, of which it knows each that a route names. */
  readonly guards: readonly AiGuardSpec[];
}

export interface AiProviderSpec {
  readonly id: string;
  /** Which translators: `openai`, `anthropic`, `gemini`, `bedrock`, …, or a name of the table of compatible ones. */
  readonly kind: string;
  /** Id of the upstream that it lies at. */
  readonly upstream: string;
  /** Path below which its API lies, without a slash at its end; empty: none. */
  readonly basePath: string;
  /** What its translators need besides: `apiVersion`, `region`, `project`, … */
  readonly settings: Readonly<Record<string, string>>;
  /** How it departs from the generic compatible one, or from its row of the table: words of a CompatibleSpec. Null: it does not. */
  readonly compatible: Readonly<Record<string, unknown>> | null;
  /** None: it is asked without credentials. */
  readonly keys: readonly AiKeySpec[];
  /** It is a team's: routes in a space that names it know it, and no others; what is wrong with it is its own matter. Left out: no. */
  readonly isManaged?: true;
}

export interface AiKeySpec {
  /** For logs, metrics and status; never the key or a part of it. */
  readonly id: string;
  /**
   * As the provider gave it. Of Bedrock access key id, secret key and, of temporary keys, session token, with colons between (none
   * of them holds one), or a Bedrock API key without any; of Vertex AI the JSON of a service account.
   */
  readonly secret: SecretText;
  readonly weight: number;
}

export interface AiModelSpec {
  /** What clients put into `model`. */
  readonly id: string;
  /** Those without `when` share the first attempts by weight, and stand in for each other; the others follow in their order. */
  readonly targets: readonly AiTargetSpec[];
  /** Left out: by weight, and by nothing else. */
  readonly choice?: AiChoiceSpec;
  /** What it is called in metrics, logs and budgets. Left out: as clients call it. */
  readonly label?: string;
}

export interface AiTargetSpec {
  readonly provider: string;
  /** The provider's name of it. */
  readonly model: string;
  readonly weight: number;
  /** It is asked only after a failure of one of these kinds; null: it is one of the first. */
  readonly when: readonly AiCondition[] | null;
}

/** Kinds of failures that a fallback may be meant for. */
export const aiConditions = [
  'timeout', // no first token, or none any more, in time
  'overloaded', // 503, 529, no place, breaker open
  'rateLimited', // 429, and accounts that have nothing left
  'contextExceeded', // the request does not fit into the model
  'contentFiltered',
  'error', // everything else that another model may do better
] as const;
export type AiCondition = (typeof aiConditions)[number];

/** The action of a route that answers by models. The operation is told by the end of the path: `/chat/completions`, `/messages`, … */
export interface AiRouteSpec {
  readonly kind: 'ai';
  /** Names that may be asked for; empty: all of `AiSpec.models`, and `provider/model` for every provider. */
  readonly models: readonly string[];
  readonly timers: AiTimersSpec;
  /** While a stream waits, a comment goes to the client this often, so that nobody in between cuts it; 0: never. */
  readonly heartbeatMs: number;
  /** What a provider can't do: is refused with the name of the field, or dropped with a warning. */
  readonly unsupported: 'refuse' | 'drop';
  /** Attempts at models and keys for one request, at most. */
  readonly attempts: number;
  /** Characters of a whole answer that are kept, at most; beyond it the answer fails. */
  readonly answerCharsMax: number;
  /** Prompts that it offers; null: all. */
  readonly prompts: readonly string[] | null;
  /** Nothing is asked of models but by prompts. */
  readonly isPromptsOnly: boolean;
  /** What questions and answers pass, in this order on the way in. */
  readonly guards: readonly string[];
  /** Null: every question is asked. */
  readonly cache: AiCacheSpec | null;
  /** Null: a stream ends with its connection. */
  readonly durable: AiDurableSpec | null;
  /** Left out: a stream has one attempt at a time. */
  readonly hedge?: AiHedgeSpec;
  /** `continue`: text that broke off is carried on by another attempt. Left out: it ends with an error. */
  readonly resume?: 'continue';
  /** The route speaks the API of one provider, and translates nothing. Left out: it answers by models. */
  readonly passthrough?: AiPassthroughSpec;
  /** Characters of a question, and of its answer, that stand in the access log. Left out: no word of either. */
  readonly loggedChars?: number;
  /** Of this route; left out: none. Those of all routes are in AiBudgetsSpec. */
  readonly limits?: readonly AiLimitSpec[];
  /** Id of the space whose names it knows. Left out: those of AiSpec. */
  readonly space?: string;
}

/** Of one attempt; the deadline of the request bounds all of them together. */
export interface AiTimersSpec {
  /** From the attempt's begin to its first content: not to headers, role or pings. */
  readonly firstTokenMs: number;
  /** Between two pieces of content; pings and comments don't count. */
  readonly betweenTokensMs: number;
  /** Over ten seconds; 0: no such limit. */
  readonly tokensPerSecondMin: number;
}

// Prompts: `POST …/prompts/{id}`.

export interface AiPromptSpec {
  readonly id: string;
  /** For its OpenAPI document; empty: none. */
  readonly description: string;
  /** One at least has a weight. */
  readonly versions: readonly AiPromptVersionSpec[];
}

export interface AiPromptVersionSpec {
  readonly id: string;
  /** Share of those who name no version; 0: it has to be named. */
  readonly weight: number;
  /** A name of `AiSpec.models`, or `provider/model`; the route's own `models` are for those who choose themselves. */
  readonly model: string;
  /** With the examples in their place. */
  readonly messages: readonly AiPromptMessageSpec[];
  readonly variables: readonly AiVariableSpec[];
  readonly parameters: AiPromptParametersSpec;
  /** Null: the answer is a text. */
  readonly output: AiPromptOutputSpec | null;
}

export interface AiPromptMessageSpec {
  readonly role: 'system' | 'user' | 'assistant';
  readonly pieces: readonly AiPromptPiece[];
}

/** A piece of a text, or the place of a variable's value. */
export interface AiPromptPiece {
  readonly text: string;
  /** Null: it is the text. */
  readonly variable: string | null;
  /** It stands there only where this variable has a value, and that is neither false nor empty; null: always. */
  readonly when: string | null;
}

export const aiVariableTypes = ['string', 'integer', 'number', 'boolean', 'enum', 'list'] as const;
export type AiVariableType = (typeof aiVariableTypes)[number];
export type AiVariableValue = string | number | boolean | readonly string[];

export interface AiVariableSpec {
  readonly name: string;
  /** `list`: of texts. */
  readonly type: AiVariableType;
  readonly description: string;
  readonly isRequired: boolean;
  /** Null: none. */
  readonly default: AiVariableValue | null;
  /** Of `enum`. */
  readonly values: readonly string[];
  /** Of numbers. */
  readonly minimum: number | null;
  readonly maximum: number | null;
  /** Characters of a text, or of each text of a list. */
  readonly lengthMax: number;
  /** Of a list. */
  readonly itemsMax: number;
  /** Stands between the texts of a list. */
  readonly separator: string;
}

/** Null: not said. */
export interface AiPromptParametersSpec {
  readonly maxTokens: number | null;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly frequencyPenalty: number | null;
  readonly presencePenalty: number | null;
  readonly seed: number | null;
  readonly stop: readonly string[];
  readonly effort: 'none' | 'minimal' | 'low' | 'medium' | 'high' | null;
}

export interface AiPromptOutputSpec {
  /** JSON Schema 2020-12 that the output fits. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly isStrict: boolean | null;
  /** How models are told: by structured output, or by a message of the system. */
  readonly by: 'schema' | 'message';
  /** What does not fit is refused, mended as a text, or, where that does not help, asked for once more. */
  readonly repair: 'none' | 'text' | 'ask';
  /** A team has written it: outputs are held to it with each step counted. Left out: it is the operator's. */
  readonly isCounted?: true;
}

// Guards: what questions and answers pass.

export const aiPiiKinds = ['email', 'phone', 'creditCard', 'iban', 'ip', 'secret'] as const;
export type AiPiiKind = (typeof aiPiiKinds)[number];

export interface AiGuardSpec {
  readonly id: string;
  readonly onRequest: boolean;
  readonly onAnswer: boolean;
  /** What is done with what `pii`, `patterns` and `deny` find. */
  readonly action: 'mask' | 'refuse';
  /** What was masked in a question comes back in its answer. */
  readonly restores: boolean;
  readonly pii: readonly AiPiiKind[];
  readonly patterns: readonly AiGuardPatternSpec[];
  /** Words and phrases, whatever their case. */
  readonly deny: readonly string[];
  /** Null: no such limit. */
  readonly charactersMax: number | null;
  readonly messagesMax: number | null;
  readonly answerCharactersMax: number | null;
  /** A question of this score or more is refused; null: none is scored. */
  readonly injectionScore: number | null;
  readonly webhook: AiWebhookSpec | null;
}

export interface AiGuardPatternSpec {
  readonly name: string;
  /** In the syntax of RE2. */
  readonly pattern: string;
  /** Longest match that is found for sure. */
  readonly lengthMax: number;
  /** A match may hold white space; else it is looked for between it. */
  readonly hasSpaces: boolean;
}

export interface AiWebhookSpec {
  readonly upstream: string;
  readonly path: string;
  readonly timeoutMs: number;
  /** Whether a question or an answer passes that could not be checked. */
  readonly isOpen: boolean;
}

// Answers that are given again, and streams that outlive their connection.

export interface AiCacheSpec {
  readonly ttlMs: number;
  /** One consumer may get what another has asked for. */
  readonly isShared: boolean;
  /** Pace of a stream that is given again; null: as fast as it is taken. */
  readonly tokensPerSecond: number | null;
  /** Questions with a higher one are not looked up. */
  readonly temperatureMax: number;
  /** Also answers that a filter has ended, or a model has refused. */
  readonly keepsFiltered: boolean;
  /** Identical questions that come together are one. */
  readonly collapses: boolean;
  readonly answerBytesMax: number;
  readonly semantic: AiSemanticSpec | null;
}

export interface AiSemanticSpec {
  /** Whose model makes vectors of texts. */
  readonly provider: string;
  readonly model: string;
  /** Least cosine of two questions that mean the same. */
  readonly threshold: number;
  /** A vector is not waited for any longer. */
  readonly timeoutMs: number;
  /** Vectors of one scope. */
  readonly entriesMax: number;
  /** Whether nodes tell each other of them. */
  readonly store: 'memory' | 'redis';
}

export interface AiDurableSpec {
  /** After its end. */
  readonly keepMs: number;
  /** The model goes on so long for nobody. */
  readonly withoutClientMs: number;
  readonly bytesMax: number;
  /** Of the route, in one store. */
  readonly streamsMax: number;
}

// Which model, how many at once, and what becomes of half an answer.

/** How one of a model's first targets is chosen, and what is known of them that speaks against one. */
export interface AiChoiceSpec {
  /** `cheapest` for what is asked, by the catalogue; `fastest` by what was learnt. */
  readonly balance: 'weighted' | 'cheapest' | 'fastest';
  /** Requests that have it in common go to the same target by the same key, while that is well. */
  readonly affinity: AiAffinitySpec | null;
  /** One that a request can't fit, as far as the catalogue knows, is passed over where another is left. */
  readonly fits: boolean;
}

export type AiAffinitySpec =
  /** What the caller names: this field of its head, else `prompt_cache_key`, else its user; else as `prefix`. */
  | { readonly kind: 'session'; readonly header: string }
  /** What stands before all that differs: tools, instructions, and the first message. */
  | { readonly kind: 'prefix' };

/** A second attempt at a stream, beside one that has no content yet. */
export interface AiHedgeSpec {
  /** From the begin of the first attempt; what is learnt is the time to a first token of its model. */
  readonly after: LearntLimitSpec;
  /** Hedges as a share of the streams of the last ten seconds, and beside it a floor per second, of all AI routes together. */
  readonly budgetShare: number;
  readonly budgetFloorPerS: number;
}

// Native passthrough: a provider's own API, with the gateway's key.

export interface AiPassthroughSpec {
  readonly provider: string;
  /** Begin of the path that is the route's own: what follows is the provider's. */
  readonly prefix: string;
}

// Budgets: what requests to models may spend, and what models cost.

export interface AiBudgetsSpec {
  /** Of all AI routes together. */
  readonly limits: readonly AiLimitSpec[];
  /** Before those of the catalogue. */
  readonly prices: readonly AiPriceSpec[];
  /** By consumer; whoever is not in it has none. */
  readonly teams: Readonly<Record<string, string>>;
  /** Whole answers say what they have cost. */
  readonly costHeader: boolean;
}

export interface AiLimitSpec {
  readonly unit: 'requests' | 'tokens' | 'cost';
  /** Of `cost` in microdollars. */
  readonly amount: number;
  readonly period: SpendPeriod;
  /** Whom it counts apart; empty: all together. */
  readonly by: readonly AiLimitKey[];
  /** Of the first of `by`: those that it is for; empty: each. */
  readonly only: readonly string[];
  readonly mode: 'local' | 'shared' | 'strict';
  /** Of a strict one. */
  readonly redis: { readonly withinMs: number; readonly onLoss: 'open' | 'closed' } | null;
  readonly keys: number;
  /** It counts these consumers alone, and groups of them as `@GROUP`. Left out: everybody. */
  readonly consumers?: readonly string[];
  /** Those of one scope count together, wherever they stand. Left out: each route by itself. */
  readonly scope?: string;
}

export type AiLimitKey = 'consumer' | 'team' | 'model' | 'route' | 'address' | { readonly header: string };

export interface AiPriceSpec {
  readonly provider: string;
  readonly model: string;
  /** Dollars for a million tokens; `request` for a thousand requests. */
  readonly price: {
    readonly input: number;
    readonly output: number;
    readonly cachedInput?: number;
    readonly cacheWrite?: number;
    readonly reasoning?: number;
    readonly request?: number;
  };
}
