/** What became of a request to models; kept on its exchange, for logs and metrics. The driver writes it. */
import type { MutableHeaderList } from '@weir/proto/http/headers.js';
import type { AiLimitSpec } from '@weir/proto/snapshot/ai.js';
import type { Usage } from '../chat/chat-answer.js';
import type { ProviderErrorKind } from '../chat/provider-error.js';
import type { SeamKind } from '../route/seam.js';
import type { Move } from './attempts.js';
import type { LoggedText } from './logged-text.js';

export interface AiOutcome {
  /** What was asked for, in OpenTelemetry's words where it has one: `chat`, `text_completion`, `embeddings`. */
  readonly operation: string;
  /** The caller's name for it where the configuration has that name, else `provider/*`: nobody names series but the operator. */
  readonly model: string;
  /** Who was asked last, and for which of its models; empty: nobody. */
  provider: string;
  providerModel: string;
  /** Why the request failed; null: it has not, or its client left. */
  error: ProviderErrorKind | null;
  /** From the begin of the attempt that answered to its first content; NaN without one. */
  firstTokenMs: number;
  /** Of a stream, from there to its last content; NaN of all else. */
  contentMs: number;
  usage: Usage | null;
  /** What attempts took of whose answer nothing was told, and which is not in `usage`: each at the provider that bills it. */
  readonly besides: AiBesides[];
  /** What those took that were carried on: a part of `usage`, and billed by each of them. */
  readonly carried: AiCarried[];
  /** What the gateway asked for by itself: beside `usage` and `bill`, and paid for by the same budgets. */
  readonly asides: AiAside[];
  /** A second attempt beside the first; null: there was none. `won`: it is the one that answered. */
  hedge: 'won' | 'lost' | null;
  /** Attempts that carried on what broke off in the middle, and how they were asked to. */
  readonly resumed: AiResumed[];
  /** What it cost with all that was asked in vain, in microdollars; null: nothing is known of it, or of one of the prices. */
  costMicros: number | null;
  /** The same by who bills it. Written by budgets. */
  readonly bill: AiBilled[];
  /** What was left of the budgets that it fell under, when it was over or refused. Written by budgets. */
  readonly budgets: AiBudgetLeft[];
  /** Of its consumer; empty: none. */
  team: string;
  /** What the answer took when it was asked for, and not again: it was kept, or another one's as well. Written by the cache. */
  saved: Usage | null;
  readonly moves: AiMove[];
  /** Fields that were left out, in the caller's words. */
  dropped: readonly string[];
  /** What guards did with the question and its answer. */
  readonly guarded: Guarded[];
  /** Null: the route does not say that what was said is to be logged. */
  logged: LoggedText | null;
  /** Fields of the layers around the models; they go out with the head. */
  readonly headers: MutableHeaderList;
}

export interface AiBesides {
  readonly provider: string;
  readonly providerModel: string;
  usage: Usage;
  /** Its provider has said how long the question was; else it is guessed from its bytes. */
  readonly isInputSaid: boolean;
  /** It lost a race, or failed unseen: it had said by then what it took, or was asked for too long. */
  readonly why: 'hedge' | 'failed';
}

export type AiCarried = Pick<AiBesides, 'provider' | 'providerModel' | 'usage'>;

/** Written by ../budget/aside.ts: a guess when it is asked for, and the real figure when there is one. */
export interface AiAside {
  readonly provider: string;
  readonly providerModel: string;
  usage: Usage;
  costMicros: number | null;
}

export interface AiBilled {
  readonly provider: string;
  readonly usage: Usage;
  /** Null: nobody knows the price. */
  readonly costMicros: number | null;
}

export interface AiBudgetLeft extends Pick<AiLimitSpec, 'unit' | 'period' | 'mode'> {
  /** That it is of; empty: it is of all. */
  readonly route: string;
  /** In RateLimit fields. */
  readonly name: string;
  /** Whom it counts, in the order of its `by`. */
  readonly of: readonly string[];
  /** Whose it is, where it counts for a consumer or a team. */
  readonly team: string;
  readonly limit: number;
  readonly left: number;
  readonly untilWallMs: number;
}

export interface AiResumed {
  readonly provider: string;
  readonly providerModel: string;
  readonly how: SeamKind;
}

/** One more attempt, and what the one before it had met. */
export interface AiMove {
  readonly how: Move;
  readonly provider: string;
  readonly why: ProviderErrorKind;
}

/** `unchecked`: its webhook could not be asked, and it lets pass what could not be checked; `failed`: it does not. */
export type GuardedHow = 'masked' | 'refused' | 'unchecked' | 'failed';

export interface Guarded {
  readonly guard: string;
  readonly on: 'request' | 'answer';
  readonly how: GuardedHow;
}

export function newOutcome(model: string, operation = 'chat'): AiOutcome {
  return {
    operation,
    model,
    provider: '',
    providerModel: '',
    error: null,
    firstTokenMs: Number.NaN,
    contentMs: Number.NaN,
    usage: null,
    besides: [],
    carried: [],
    asides: [],
    hedge: null,
    resumed: [],
    costMicros: null,
    bill: [],
    budgets: [],
    team: '',
    saved: null,
    moves: [],
    dropped: [],
    guarded: [],
    logged: null,
    headers: [],
  };
}
