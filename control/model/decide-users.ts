/** Decisions about users: who there is, who is an operator, and what ends with a user. The last operator stays. Pure. */
import { countMax } from './bounds.js';
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
import type { Change, User } from './entities.js';

export interface NewUser {
  readonly login: string;
  readonly name: string;
  readonly isOperator: boolean;
}

/** With a password where one was hashed, to be changed at the first sign-in; else for those who sign in elsewhere. */
export function createUser(state: ModelState, input: NewUser, context: DecisionContext): Outcome {
  const refusal = placeFor(state, input.login, null);
  if (refusal !== null) return refusal;
  const { passwordHash = null } = context.facts;
  const user = made<User>(
    {
      ...{ id: context.newId, ...input, isDisabled: false, oidc: null, sessionEpoch: 1 },
      ...{ passwordHash, mustChangePassword: passwordHash !== null },
    },
    context,
  );
  return done([put('user', user)]);
}

function placeFor(state: ModelState, login: string, self: string | null): Outcome | null {
  const other = state.userByLogin(login);
  if (other !== null && other.id !== self)
    return refuse('conflict', `there is a user ${login} already; choose another login`);
  return self === null && state.count('user') >= countMax.user
    ? refuse('conflict', `there are ${countMax.user} users, which is the most; delete some who left`)
    : null;
}

export interface UserPatch {
  readonly id: string;
  readonly login?: string | undefined;
  readonly name?: string | undefined;
  readonly isOperator?: boolean | undefined;
  readonly isDisabled?: boolean | undefined;
}

export function changeUser(state: ModelState, { id, ...patch }: UserPatch, context: DecisionContext): Outcome {
  const user = state.get('user', id);
  if (user === null) return missing('user', id);
  if (patch.login !== undefined) {
    const refusal = placeFor(state, patch.login, id);
    if (refusal !== null) return refusal;
  }
  const isLess = patch.isOperator === false || patch.isDisabled === true;
  if (isLess && isLastOperator(state, user)) return lastOperator(user);
  // Whoever was disabled has to sign in again when it is over.
  const sessionEpoch = patch.isDisabled === true ? user.sessionEpoch + 1 : user.sessionEpoch;
  const ended = patch.isDisabled === true ? endOf(state, 'session', id) : [];
  return done([put('user', changed(user, { ...patch, sessionEpoch }, context)), ...ended]);
}

function isLastOperator(state: ModelState, user: User): boolean {
  return user.isOperator && !user.isDisabled && state.operators() <= 1;
}

function lastOperator({ login }: User): Outcome {
  return refuse('conflict', `${login} is the last operator who can sign in; make another user an operator first`);
}

/** All that a user has goes as well: sessions, tokens, memberships. */
export function deleteUser(state: ModelState, { id }: { readonly id: string }, context: DecisionContext): Outcome {
  const user = state.get('user', id);
  if (user === null) return missing('user', id);
  if (isLastOperator(state, user)) return lastOperator(user);
  const changes: Change[] = [end('user', id)];
  for (const team of state.of('team', 'userId', id)) {
    const { [id]: role, ...members } = team.members;
    if (role === 'owner' && !Object.values(members).includes('owner'))
      return refuse(
        'conflict',
        `${user.login} is the last owner of team ${team.id}; make another member an owner first`,
      );
    changes.push(put('team', changed(team, { members }, context)));
  }
  return done([...changes, ...endOf(state, 'session', id), ...endOf(state, 'token', id)]);
}

function endOf(state: ModelState, kind: 'session' | 'token', userId: string): Change[] {
  return [...state.of(kind, 'userId', userId)].map(({ id }) => end(kind, id));
}

/** One that an operator has drawn for them, to be changed at the next sign-in. Whoever is signed in by the old one is so no longer. */
export function resetPassword(state: ModelState, { id }: { readonly id: string }, context: DecisionContext): Outcome {
  return setPassword(state, { id, keptSession: '' }, context, true);
}

export interface PasswordChange {
  readonly id: string;
  /** The session that goes on; all others end. */
  readonly keptSession: string;
}

/** By themselves; that they know the old one has been looked at by whoever hashed the new one. */
export function changePassword(state: ModelState, input: PasswordChange, context: DecisionContext): Outcome {
  return setPassword(state, input, context, false);
}

function setPassword(
  state: ModelState,
  { id, keptSession }: PasswordChange,
  context: DecisionContext,
  mustChangePassword: boolean,
): Outcome {
  const user = state.get('user', id);
  if (user === null) return missing('user', id);
  const { passwordHash } = context.facts;
  if (passwordHash === undefined) return invalid('password', 'is missing', 'send a password');
  const sessionEpoch = user.sessionEpoch + 1;
  const changes: Change[] = [put('user', changed(user, { passwordHash, mustChangePassword, sessionEpoch }, context))];
  for (const session of state.of('session', 'userId', id))
    changes.push(
      session.id === keptSession
        ? put('session', changed(session, { sessionEpoch }, context))
        : end('session', session.id),
    );
  return done([...changes, ...endOf(state, 'token', id)]);
}

export interface Enrolment {
  readonly issuer: string;
  readonly subject: string;
  readonly login: string;
  readonly name: string;
  readonly isOperator: boolean;
}

/**
 * Whoever signs in by OIDC for the first time becomes a user. A login that is taken is never taken over: the issuer's word on a name
 * proves nothing about an account that somebody else made here.
 */
export function enrolUser(state: ModelState, input: Enrolment, context: DecisionContext): Outcome {
  const { issuer, subject, login, name, isOperator } = input;
  const { proven } = context.facts;
  if (proven === undefined || !('issuer' in proven) || proven.issuer !== issuer || proven.subject !== subject)
    return refuse('forbidden', 'nobody has signed in as that subject');
  if (state.userByOidc(issuer, subject) !== null) return refuse('conflict', 'this subject is a user already');
  const refusal = placeFor(state, login, null);
  if (refusal !== null) return refusal;
  const user = made<User>(
    {
      ...{ id: context.newId, login, name, isOperator, isDisabled: false, sessionEpoch: 1 },
      ...{ passwordHash: null, mustChangePassword: false, oidc: { issuer, subject } },
    },
    context,
  );
  return done([put('user', user)]);
}

export interface OidcLink {
  readonly id: string;
  readonly oidc: { readonly issuer: string; readonly subject: string } | null;
}

/** By an operator, who knows that both are one person. */
export function linkUser(state: ModelState, { id, oidc }: OidcLink, context: DecisionContext): Outcome {
  const user = state.get('user', id);
  if (user === null) return missing('user', id);
  const other = oidc === null ? null : state.userByOidc(oidc.issuer, oidc.subject);
  if (other !== null && other.id !== id) return refuse('conflict', `that subject is user ${other.login} already`);
  return done([
    put('user', changed(user, { oidc, sessionEpoch: user.sessionEpoch + 1 }, context)),
    ...endOf(state, 'session', id),
  ]);
}
