/** Decisions about sessions and tokens: who is signed in, and which programs speak for them. Pure. */
import { countMax, sessionMaxMs, sessionsPerUserMax, tokenMaxMs, tokensPerUserMax } from './bounds.js';
import {
  changed,
  type DecisionContext,
  done,
  end,
  invalid,
  type ModelState,
  made,
  missing,
  type Outcome,
  put,
  refuse,
} from './decision.js';
import type { ApiToken, Change, Session } from './entities.js';
import { standingOf } from './permissions.js';

export interface NewSession {
  readonly userId: string;
  readonly expiresWallMs: number;
  readonly from: string;
}

/** Its id is the hash of what the cookie holds. The oldest of a user ends where there are too many. */
export function openSession(state: ModelState, input: NewSession, context: DecisionContext): Outcome {
  const { userId, expiresWallMs, from } = input;
  const { proven, credential } = context.facts;
  const user = state.get('user', userId);
  const isProven =
    user !== null &&
    proven !== undefined &&
    ('userId' in proven ? proven.userId === userId : isSubject(user.oidc, proven));
  if (user === null || !isProven || user.isDisabled) return refuse('forbidden', 'nobody has signed in as that user');
  if (credential === undefined) return invalid('credential', 'is missing', 'draw one');
  if (state.get('session', credential.sha256) !== null) return refuse('conflict', 'this session is there already');
  const { sessionEpoch } = user;
  const expires = Math.min(expiresWallMs, context.wallMs + sessionMaxMs);
  const session = made<Session>({ id: credential.sha256, userId, sessionEpoch, expiresWallMs: expires, from }, context);
  return done([put('session', session), ...outOfPlace(state, userId, context.wallMs)]);
}

function isSubject(
  oidc: { issuer: string; subject: string } | null,
  proven: { issuer: string; subject: string },
): boolean {
  return oidc !== null && oidc.issuer === proven.issuer && oidc.subject === proven.subject;
}

/** What has to end so that one more is within the bounds: what has expired, then the oldest. */
function outOfPlace(state: ModelState, userId: string, wallMs: number): Change[] {
  const own = [...state.of('session', 'userId', userId)];
  const over = own.filter(({ expiresWallMs }) => expiresWallMs <= wallMs);
  const rest = own.filter(({ expiresWallMs }) => expiresWallMs > wallMs).sort(oldestFirst);
  const ended = [...over, ...rest.slice(0, Math.max(0, rest.length - sessionsPerUserMax + 1))];
  if (ended.length === 0 && state.count('session') >= countMax.session) {
    let oldest: Session | null = null;
    for (const session of state.all('session'))
      if (oldest === null || oldestFirst(session, oldest) < 0) oldest = session;
    if (oldest !== null) ended.push(oldest);
  }
  return ended.map(({ id }) => end('session', id));
}

function oldestFirst(a: Session, b: Session): number {
  return a.createdWallMs - b.createdWallMs || (a.id < b.id ? -1 : 1);
}

export function closeSession(state: ModelState, { id }: { readonly id: string }): Outcome {
  return state.get('session', id) === null ? missing('session', id) : done([end('session', id)]);
}

/** Everywhere: sessions and tokens. */
export function signOut(state: ModelState, { id }: { readonly id: string }, context: DecisionContext): Outcome {
  const user = state.get('user', id);
  if (user === null) return missing('user', id);
  const sessions = [...state.of('session', 'userId', id)].map((session) => end('session', session.id));
  const tokens = [...state.of('token', 'userId', id)].map((token) => end('token', token.id));
  return done([put('user', changed(user, { sessionEpoch: user.sessionEpoch + 1 }, context)), ...sessions, ...tokens]);
}

export interface NewToken {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresWallMs: number;
}

export function createToken(state: ModelState, input: NewToken, context: DecisionContext): Outcome {
  const { user } = standingOf(state, context.actor);
  const { credential } = context.facts;
  if (user === null) return refuse('forbidden', 'only somebody who is signed in has tokens');
  // Else a token that was stolen would be there for ever, under other names.
  if (context.actor.via === 'token') return refuse('forbidden', 'a token makes no tokens; sign in');
  if (credential === undefined) return invalid('credential', 'is missing', 'draw one');
  if (state.isHashTaken(credential.sha256)) return refuse('conflict', 'this token is there already');
  const { expiresWallMs } = input;
  if (expiresWallMs <= context.wallMs || expiresWallMs > context.wallMs + tokenMaxMs)
    return invalid('expiresWallMs', 'is not within the next 366 days', 'choose a day within a year');
  const own = [...state.of('token', 'userId', user.id)];
  const over = own.filter((token) => token.expiresWallMs <= context.wallMs);
  if (own.length - over.length >= tokensPerUserMax)
    return refuse('conflict', `you have ${tokensPerUserMax} tokens, which is the most; delete one that is not used`);
  if (state.count('token') - over.length >= countMax.token)
    return refuse('conflict', `there are ${countMax.token} tokens, which is the most`);
  const { sessionEpoch } = user;
  const token = made<ApiToken>(
    { ...{ id: context.newId, userId: user.id, sha256: credential.sha256, sessionEpoch }, ...input },
    context,
  );
  return done([put('token', token), ...over.map(({ id }) => end('token', id))]);
}

export function deleteToken(state: ModelState, { id }: { readonly id: string }): Outcome {
  return state.get('token', id) === null ? missing('token', id) : done([end('token', id)]);
}
