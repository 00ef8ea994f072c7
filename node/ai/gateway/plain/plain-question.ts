/**
 * What the driver has to know of a request that is no chat, and of what comes of it: the same few things whichever operation it is. Pure.
 *
 * An answer is either read as a whole and told in the caller's words, or passes as the bytes that it is; a meter looks at those on their
 * way, for what the limits of time, the keys and the accounts have to know.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { AiTargetSpec } from '@weir/proto/snapshot/ai.js';
import type { Usage } from '../../chat/chat-answer.js';
import type { ProviderError } from '../../chat/provider-error.js';
import type { FormatError, Misread } from '../../format.js';
import type { JsonObject } from '../../json.js';
import type { Provider, ProviderPlace } from '../../provider.js';
import type { Names } from '../candidates.js';
import type { SizeOf } from './plain-size.js';

export interface PlainQuestion {
  /** As people call it: `embeddings`. */
  readonly title: string;
  /** What the caller asks for, by its name for it. */
  readonly model: string;
  /** Null: it takes no tokens that anybody bills. */
  readonly size: SizeOf | null;
  /** Null: there is no such name here, or the route does not allow it. */
  targets(names: Names): readonly AiTargetSpec[] | null;
  /** Null: the provider has no such operation. */
  asked(provider: Provider, place: ProviderPlace): PlainAsked | null;
  /** What is answered where no provider that may be asked has it; null: a refusal. */
  fallBack(): PlainAnswer | null;
}

export interface PlainAsked {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Without credentials, Host and Content-Length. */
  readonly headers: HeaderList;
  /** Null: none is sent. */
  readonly body: Uint8Array | null;
  /** Fields that the provider can't do, in the caller's words. */
  readonly lacks: readonly Misread[];
  readonly reading: PlainReading;
}

export type PlainReading =
  | { readonly kind: 'told'; answer(body: unknown, headers: HeaderList): PlainAnswer | ProviderError }
  | {
      readonly kind: 'passed';
      readonly pace: Pace;
      meter(status: number, headers: HeaderList): Meter;
      /** Fields of the provider's head that go to the caller, where its answer passes. */
      head(headers: HeaderList): HeaderList;
      /** What is said of a failure in the middle, so that no reader takes what it has for whole. */
      errorEvent(error: ProviderError): string;
    };

/**
 * How long is waited for content, and for the next.
 *
 * - `stream`: the limits of streams hold from its begin.
 * - `pictures`: each, the first one and the next, may take as long as a whole answer; within one the limit between tokens holds.
 * - `whole`: as long as a whole answer may take, up to its first content.
 */
export type Pace = 'stream' | 'pictures' | 'whole';

export interface PlainAnswer {
  /** A text goes out as it is. */
  readonly body: JsonObject | string;
  readonly usage: Usage | null;
  readonly headers: HeaderList;
}

/** Looks at bytes that pass. */
export interface Meter {
  /** Tokens of content in them: 0 where they hold none, and one at least where they hold some. */
  feed(chunk: Uint8Array): number;
  /** The body has ended. Null: it was whole, as far as anybody can tell. */
  end(): ProviderError | null;
  /** What the bytes have said to be a failure, so far. */
  readonly error: ProviderError | null;
  /** The bytes themselves tell that error, so nobody else need. */
  readonly isErrorTold: boolean;
  readonly usage: Usage | null;
  /** Tokens of content so far; null: bytes say nothing of them. */
  readonly saidTokens: number | null;
  /** All has been said, though the body has not ended. */
  readonly isWhole?: boolean;
  /** Of pictures: none has begun that has not ended. */
  readonly isBetween?: boolean;
}

/** The words in which failures are told. */
export interface ErrorWords {
  readonly name: string;
  error(error: ProviderError): FormatError;
  misread(misread: Misread): FormatError;
}
