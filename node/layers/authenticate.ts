/**
 * Lets pass who proves to be someone: any of the route's entries that accepts is enough. Owns `exchange.consumerId`,
 * who vouches for it, and whether Authorization was shown.
 *
 * Entries are asked in their order; those that can answer at once (keys, and what is remembered) make no promise. When
 * none accepts, the answer is the most telling one: 400 for a credential that comes twice, 403 for a good one that is
 * not for this route, 503 when it could not be checked, and else 401 with a challenge for each entry.
 *
 * A part of a composition comes with the gateway's own word for who the client is (exchange.outer): an entry that knows its consumers by
 * a list takes it without looking at the credentials again. One that reads tokens looks, for it passes on what they claim.
 *
 * Fields that carry claims upstream are the gateway's own: a client's are removed also when it got in by another entry.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { type HeaderList, hasField, type MutableHeaderList } from '@weir/proto/http/headers.js';
import { mayHold, sketchOf } from '@weir/proto/http/name-sketch.js';
import { type Authenticator, type AuthOutcome, compileAuthenticator } from '../auth/authenticators.js';
import type { Place } from '../pipeline/chain.js';
import { withHeaders } from '../pipeline/derived-request.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
} from '../pipeline/dispatch.js';
import { goOnLater } from '../pipeline/late-dispatch.js';

const AUTHORIZATION = sketchOf('authorization');

export const authenticate: Place = (route, services) => {
  if (route.auth.length === 0) return null;
  const wallMs = () => services.clock.wallMs();
  const entries = route.auth.map((spec) => compileAuthenticator(spec, services.credentials, wallMs));
  const ownFields = new Set(entries.flatMap((entry) => entry.ownFields));
  return (next) => {
    const proceed = (request: GatewayRequest, handler: ResponseHandler, verdict: Verdict): Cancel => {
      if (verdict.by === null) {
        handler.onError(verdict.failure);
        return nothingToCancel;
      }
      request.exchange.consumerId = verdict.consumerId;
      request.exchange.vouchedBy = verdict.vouchedBy;
      request.exchange.isAuthorized =
        mayHold(request.names, AUTHORIZATION) && hasField(request.headers, 'authorization');
      return next(admitted(request, verdict, ownFields), handler);
    };
    return (request, handler) => {
      const vouched = byWord(entries, request);
      if (vouched !== null) return proceed(request, handler, vouched);
      const verdict = askFrom(entries, 0, request, NOBODY_ASKED);
      if (!(verdict instanceof Promise)) return proceed(request, handler, verdict);
      return goOnLater(verdict, handler, (later, ear) => proceed(request, ear, later), uncheckable);
    };
  };
};

function byWord(entries: readonly Authenticator[], { exchange: { outer } }: GatewayRequest): Verdict | null {
  const word = outer?.word ?? null;
  if (word === null) return null;
  const by = entries.find(({ takesWord }) => takesWord(word.consumerId, word.vouchedBy));
  return by === undefined ? null : { by, ...word, claimFields: [] };
}

const uncheckable = (cause: unknown): Failure =>
  failure('internal_error', 'the credentials could not be checked', { cause });

const NOBODY_ASKED: readonly AuthOutcome[] = [];

type Verdict =
  | {
      readonly by: Authenticator;
      readonly consumerId: string;
      readonly vouchedBy: string;
      readonly claimFields: HeaderList;
    }
  | { readonly by: null; readonly failure: Failure };

/** Asks one entry after the other, from the first that was not asked yet; becomes a promise only where an entry does. */
function askFrom(
  entries: readonly Authenticator[],
  from: number,
  request: GatewayRequest,
  before: readonly AuthOutcome[],
): Verdict | Promise<Verdict> {
  const entry = entries[from];
  if (entry === undefined) return { by: null, failure: refusal(entries, before) };
  const outcome = entry.check(request);
  if (!(outcome instanceof Promise)) return judge(entries, from, request, before, entry, outcome);
  return outcome.then((later) => judge(entries, from, request, before, entry, later));
}

function judge(
  entries: readonly Authenticator[],
  at: number,
  request: GatewayRequest,
  before: readonly AuthOutcome[],
  entry: Authenticator,
  outcome: AuthOutcome,
): Verdict | Promise<Verdict> {
  if (outcome.kind === 'accepted') {
    const { consumerId, vouchedBy, claimFields } = outcome;
    return { by: entry, consumerId, vouchedBy, claimFields };
  }
  // Nothing that comes later can tell which of the two was meant.
  if (outcome.kind === 'ambiguous') return { by: null, failure: refusal(entries, [outcome]) };
  return askFrom(entries, at + 1, request, [...before, outcome]);
}

function admitted(
  request: Parameters<Dispatch>[0],
  { by, claimFields }: { readonly by: Authenticator; readonly claimFields: HeaderList },
  ownFields: ReadonlySet<string>,
): GatewayRequest {
  const shown = by.hide === null ? request : by.hide(request);
  if (ownFields.size === 0) return shown;
  const headers: MutableHeaderList = [];
  for (let i = 0; i < shown.headers.length; i += 2) {
    const name = shown.headers[i] ?? '';
    if (!ownFields.has(name)) headers.push(name, shown.headers[i + 1] ?? '');
  }
  headers.push(...claimFields);
  return withHeaders(shown, headers);
}

function refusal(entries: readonly Authenticator[], outcomes: readonly AuthOutcome[]): Failure {
  const is = (kind: AuthOutcome['kind']): boolean => outcomes.some((outcome) => outcome.kind === kind);
  if (is('ambiguous')) return failure('bad_request', 'a credential comes more than once');
  if (is('forbidden')) return failure('forbidden', 'this consumer may not use the route');
  if (is('busy')) return failure('auth_unavailable', 'the credentials cannot be checked now', { retryAfterS: 1 });
  const reasons = outcomes.map((outcome) => (outcome.kind === 'refused' ? outcome.reason : null));
  const challenges = new Set(entries.map((entry, i) => entry.challenge(reasons[i] ?? null)));
  const detail = reasons.find((reason) => reason !== null) ?? 'credentials are missing';
  return failure('unauthorized', detail, {
    headers: [...challenges].flatMap((challenge) => ['www-authenticate', challenge]),
  });
}
