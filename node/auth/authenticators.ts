/** The ways of proving who one is, each as one value: how to check a request, how to hide the proof, what to ask for. */
import { type HeaderList, withoutField } from '@weir/proto/http/headers.js';
import type { AuthSpec } from '@weir/proto/snapshot/snapshot.js';
import { withFewerHeaders, withQuery } from '../pipeline/derived-request.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import type { Admits } from './admission.js';
import {
  type Found,
  onlyAuthorization,
  onlyField,
  onlyParameter,
  parseBasic,
  withoutParameter,
} from './authorization.js';
import { type ConsumerJwtSpec, compileConsumerTokens } from './consumer-tokens.js';
import type { BasicVerdict, Credentials } from './credentials.js';
import { compileTokenCheck, type JwtAuthSpec, type TokenVerdict } from './jwt.js';
import { OWN_CONSUMERS } from './own-consumers.js';

export type AuthOutcome =
  | {
      readonly kind: 'accepted';
      readonly consumerId: string;
      /** Who says so: OWN_CONSUMERS, or who has signed. The same name by two of them is two consumers. */
      readonly vouchedBy: string;
      readonly claimFields: HeaderList;
    }
  /** No credential of this kind. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Good, but not for this route. */
  | { readonly kind: 'forbidden' }
  /** The same credential comes more than once. */
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'busy' };

export interface Authenticator {
  check(request: GatewayRequest): AuthOutcome | Promise<AuthOutcome>;
  /** Whether the gateway's own word for who someone is stands for a credential of this kind. */
  takesWord(consumerId: string, vouchedBy: string): boolean;
  /** The request without the credential, in every place where this kind looks for it. Null: it goes upstream. */
  readonly hide: ((request: GatewayRequest) => GatewayRequest) | null;
  /** Fields that only this kind may write: a client's own are removed, whoever it proves to be. */
  readonly ownFields: readonly string[];
  /** Value of WWW-Authenticate; `reason` is that of a credential of this kind that was refused. */
  challenge(reason: string | null): string;
}

export function compileAuthenticator(spec: AuthSpec, credentials: Credentials, wallMs: () => number): Authenticator {
  switch (spec.kind) {
    case 'apiKey':
      return apiKey(spec, credentials);
    case 'basic':
      return basic(spec, credentials);
    case 'jwt':
      return jwt(spec, credentials, wallMs);
    case 'consumerJwt':
      return consumerJwt(spec, credentials, wallMs);
  }
}

const absent: AuthOutcome = { kind: 'absent' };
const ambiguous: AuthOutcome = { kind: 'ambiguous' };
const forbidden: AuthOutcome = { kind: 'forbidden' };
const busy: AuthOutcome = { kind: 'busy' };
const NO_FIELDS: HeaderList = [];

/** Turns a consumer into an outcome. */
function admission(admits: Admits): (consumerId: string) => AuthOutcome {
  return (consumerId) =>
    admits(consumerId) ? { kind: 'accepted', consumerId, vouchedBy: OWN_CONSUMERS, claimFields: NO_FIELDS } : forbidden;
}

type KeyPlace = Extract<AuthSpec, { kind: 'apiKey' }>['in'][number];

/** The gateway knows its own consumers by itself; of others it has no more than what a token says. */
function takingWord(admits: Admits): Authenticator['takesWord'] {
  return (consumerId, vouchedBy) => vouchedBy === OWN_CONSUMERS && admits(consumerId);
}

function apiKey(spec: Extract<AuthSpec, { kind: 'apiKey' }>, credentials: Credentials): Authenticator {
  const admit = admission(credentials.admits(spec.consumers));
  const unknown: AuthOutcome = { kind: 'refused', reason: 'the key is not known' };
  const [first] = spec.in;
  return {
    check(request) {
      let outcome = absent;
      // A good key in any place is enough; two keys in one place are never good.
      for (const place of spec.in) {
        const key = keyIn(request, place);
        if (key === undefined) continue;
        if (key === null) return ambiguous;
        if (outcome.kind === 'accepted') continue;
        const consumerId = credentials.consumerOfKey(key);
        outcome = consumerId === null ? unknown : admit(consumerId);
        if (outcome.kind === 'forbidden') return outcome;
      }
      return outcome;
    },
    takesWord: takingWord(credentials.admits(spec.consumers)),
    hide: spec.hide ? (request) => spec.in.reduce(withoutKeyIn, request) : null,
    ownFields: [],
    challenge: () => challengeOf(first),
  };
}

function keyIn({ headers, query }: GatewayRequest, place: KeyPlace): Found {
  if (place === 'bearer') return onlyAuthorization(headers, 'bearer');
  return 'header' in place ? onlyField(headers, place.header) : onlyParameter(query, place.query);
}

function withoutKeyIn(request: GatewayRequest, place: KeyPlace): GatewayRequest {
  if (place === 'bearer') return withoutAuthorization(request, 'bearer');
  if ('header' in place) return withFewerHeaders(request, withoutField(request.headers, place.header));
  return withQuery(request, withoutParameter(request.query, place.query));
}

/** No scheme is registered for keys in other places; RFC 9110 §11.6.1 wants a challenge all the same. */
function challengeOf(place: KeyPlace | undefined): string {
  if (place === undefined || place === 'bearer') return 'Bearer';
  return 'header' in place
    ? `ApiKey in="header", name=${quoted(place.header)}`
    : `ApiKey in="query", name=${quoted(place.query)}`;
}

function basic(spec: Extract<AuthSpec, { kind: 'basic' }>, credentials: Credentials): Authenticator {
  const admit = admission(credentials.admits(spec.consumers));
  const outcomeOf = (verdict: BasicVerdict): AuthOutcome => {
    if (verdict.kind === 'accepted') return admit(verdict.consumerId);
    return verdict.kind === 'busy' ? busy : { kind: 'refused', reason: 'name or password are not accepted' };
  };
  return {
    check({ headers }) {
      const found = onlyAuthorization(headers, 'basic');
      if (found === undefined) return absent;
      if (found === null) return ambiguous;
      const pair = parseBasic(found);
      if (pair === null) return { kind: 'refused', reason: 'the credentials are malformed' };
      const verdict = credentials.consumerOfBasic(pair.username, pair.password);
      return verdict instanceof Promise ? verdict.then(outcomeOf) : outcomeOf(verdict);
    },
    takesWord: takingWord(credentials.admits(spec.consumers)),
    hide: spec.hide ? (request) => withoutAuthorization(request, 'basic') : null,
    ownFields: [],
    challenge: () => `Basic realm=${quoted(spec.realm)}, charset="UTF-8"`,
  };
}

function jwt(spec: JwtAuthSpec, credentials: Credentials, wallMs: () => number): Authenticator {
  const verify = compileTokenCheck(spec, credentials.jwtKeys(spec.keys), wallMs);
  // The verdict's shape is that of an outcome already.
  const check = (request: GatewayRequest): TokenVerdict | AuthOutcome | Promise<TokenVerdict> => {
    const token = onlyAuthorization(request.headers, 'bearer');
    if (token === undefined) return absent;
    return token === null ? ambiguous : verify(token);
  };
  return {
    check,
    takesWord: () => false,
    hide: spec.hide ? (request) => withoutAuthorization(request, 'bearer') : null,
    ownFields: Object.values(spec.forwardClaims),
    challenge: challengeOfToken,
  };
}

/** As of any token, but that the gateway knows by itself whose it is. */
function consumerJwt(spec: ConsumerJwtSpec, credentials: Credentials, wallMs: () => number): Authenticator {
  const verify = compileConsumerTokens(spec, credentials, wallMs);
  const admits = credentials.admits(spec.consumers);
  const outcomeOf = (verdict: TokenVerdict): AuthOutcome => {
    if (verdict.kind !== 'accepted') return verdict;
    return admits(verdict.consumerId) ? { ...verdict, vouchedBy: OWN_CONSUMERS } : forbidden;
  };
  return {
    check({ headers }) {
      const token = onlyAuthorization(headers, 'bearer');
      if (token === undefined) return absent;
      if (token === null) return ambiguous;
      const verdict = verify(token);
      return verdict instanceof Promise ? verdict.then(outcomeOf) : outcomeOf(verdict);
    },
    takesWord: takingWord(admits),
    hide: spec.hide ? (request) => withoutAuthorization(request, 'bearer') : null,
    ownFields: Object.values(spec.forwardClaims),
    challenge: challengeOfToken,
  };
}

/** RFC 6750 §3: the error only where a token was there. */
function challengeOfToken(reason: string | null): string {
  return reason === null ? 'Bearer' : `Bearer error="invalid_token", error_description=${quoted(reason)}`;
}

function withoutAuthorization(request: GatewayRequest, scheme: 'basic' | 'bearer'): GatewayRequest {
  if (onlyAuthorization(request.headers, scheme) === undefined) return request;
  return withFewerHeaders(request, withoutField(request.headers, 'authorization'));
}

/** A quoted string (RFC 9110 §5.6.4); what could break the field is left out. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`;
}
