/**
 * What a snapshot says about AI: where providers lie, with which keys, and which names clients call models by. Everything is resolved:
 * a node reads no default of its own. A provider is reached through an upstream of the snapshot, so that balancing, health, breaker,
 * pools and their timers are the same as for any other API.
 */
import type { SecretText } from './snapshot.js';

export interface AiSpec {
  readonly providers: readonly AiProviderSpec[];
  /** Names of the operator's own, each over one or several models of providers. */
  readonly models: readonly AiModelSpec[];
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
