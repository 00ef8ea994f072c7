/**
 * The onion around the models, in the neutral vocabulary: a question goes in, and events or a whole answer come out. What stands
 * between a caller and the models (guards, cache, budgets) is a layer here, written once for every format and every provider.
 *
 *   conversation ──question──▶ layer ──▶ layer ──▶ models
 *        ◀── events, ended · answered · failed ──┘
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { AiTargetSpec } from '@weir/proto/snapshot/ai.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import type { ChatAnswer, ChatEvent } from '../chat/chat-answer.js';
import type { ChatRequest, Unsupported } from '../chat/chat-request.js';
import type { ProviderError } from '../chat/provider-error.js';
import type { Misread } from '../format.js';
import type { AiRules } from './ai-route.js';
import type { FiredLimit } from './failed-model.js';
import type { AiOutcome } from './outcome.js';

/** One question on its way to the models. */
export interface Question {
  readonly chat: ChatRequest;
  /** What the name that was asked for stands for. */
  readonly targets: readonly AiTargetSpec[];
  readonly request: GatewayRequest;
  /** Bytes of the body that it came in. */
  readonly bytes: number;
  /** Written by all layers, for logs, metrics and the fields of the answer. */
  readonly outcome: AiOutcome;
  /** A field in the caller's words. */
  nameOf(unsupported: Unsupported): string;
}

/** Who asked. After `ended`, `answered` or `failed` nothing more comes. */
export interface ChatAsker {
  /** Returns whether there is room for more. The first ones have content or an end in them: no other attempt takes their place. */
  events(events: readonly ChatEvent[]): boolean;
  /** A stream has ended, and was whole. */
  ended(): void;
  answered(answer: ChatAnswer): void;
  /** Before anything was told, or in the middle of a stream. */
  failed(failed: ChatFailure): void;
}

export interface ChatFailure {
  readonly error: ProviderError;
  /** The provider that it came from; empty: none. */
  readonly where: string;
  /** A limit of the gateway's own that it met. */
  readonly limit: FiredLimit | null;
  /** A field that can't be done here, where that is why nobody was asked. */
  readonly misread: Misread | null;
  /** What it is to the gateway, where that is more than the error says. Its answer is made in the caller's format. */
  readonly failure: Failure | null;
}

/** An answer that is on its way. Neither may be called once it is over; both do nothing then. */
export interface ChatAnswering {
  /** There is room again. */
  resume(): void;
  /** Nothing more is wanted. */
  giveUp(): void;
}

/** May tell its asker before it returns. */
export type AskChat = (question: Question, asker: ChatAsker) => ChatAnswering;

/** Null: the route has no need of it. */
export type ChatLayer = (rules: AiRules) => ((next: AskChat) => AskChat) | null;

export function chatFailure(error: ProviderError, more: Partial<Omit<ChatFailure, 'error'>> = {}): ChatFailure {
  const { where = '', limit = null, misread = null, failure = null } = more;
  return { error, where, limit, misread, failure };
}

/** `layers`: the outermost first. */
export function chatChain(layers: readonly ChatLayer[], rules: AiRules, models: AskChat): AskChat {
  return layers.reduceRight((next, layer) => layer(rules)?.(next) ?? next, models);
}
