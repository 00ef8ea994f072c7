/** Decisions about applications and their keys. Pure. */
import {
  applicationsPerTeamMax,
  countMax,
  keysPerApplicationMax,
  overlapMaxMs,
  signingKeysPerApplicationMax,
} from './bounds.js';
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
import type { AppKey, Application, Change } from './entities.js';

export interface NewApplication {
  readonly id: string;
  readonly teamId: string;
  readonly name: string;
  readonly description: string;
}

export function createApplication(state: ModelState, input: NewApplication, context: DecisionContext): Outcome {
  const { id, teamId } = input;
  if (state.get('application', id) !== null) return refuse('conflict', `the id ${id} is taken; choose another one`);
  if (state.get('team', teamId) === null) return missing('team', teamId);
  if (state.count('application') >= countMax.application)
    return refuse('conflict', `there are ${countMax.application} applications, which is the most`);
  if (state.countOf('application', 'teamId', teamId) >= applicationsPerTeamMax)
    return refuse(
      'conflict',
      `team ${teamId} has ${applicationsPerTeamMax} applications, which is the most; delete those that call nothing any more`,
    );
  return done([put('application', made<Application>({ ...input, isDisabled: false }, context))]);
}

export interface ApplicationPatch {
  readonly id: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly isDisabled?: boolean | undefined;
}

export function changeApplication(state: ModelState, input: ApplicationPatch, context: DecisionContext): Outcome {
  const { id, ...patch } = input;
  const application = state.get('application', id);
  if (application === null) return missing('application', id);
  return done([put('application', changed(application, patch, context))]);
}

/** With its keys and subscriptions. */
export function deleteApplication(state: ModelState, { id }: { readonly id: string }): Outcome {
  if (state.get('application', id) === null) return missing('application', id);
  const changes: Change[] = [end('application', id)];
  for (const key of state.of('key', 'applicationId', id)) changes.push(end('key', key.id));
  for (const subscription of state.of('subscription', 'applicationId', id))
    changes.push(end('subscription', subscription.id));
  return done(changes);
}

export interface NewKey {
  readonly applicationId: string;
  readonly name: string;
  readonly expiresWallMs: number | null;
}

export function createKey(state: ModelState, input: NewKey, context: DecisionContext): Outcome {
  const { applicationId, expiresWallMs } = input;
  if (state.get('application', applicationId) === null) return missing('application', applicationId);
  if (expiresWallMs !== null && expiresWallMs <= context.wallMs)
    return invalid('expiresWallMs', 'has passed', 'choose a day to come, or leave it out');
  return oneMore(state, applicationId, input, context, []);
}

/** What has expired makes room; nothing else does. */
function oneMore(
  state: ModelState,
  applicationId: string,
  { name, expiresWallMs }: Pick<AppKey, 'name' | 'expiresWallMs'>,
  context: DecisionContext,
  others: readonly Change[],
): Outcome {
  const { credential } = context.facts;
  if (credential === undefined) return invalid('credential', 'is missing', 'draw one');
  if (state.isHashTaken(credential.sha256)) return refuse('conflict', 'this key is there already');
  const own = [...state.of('key', 'applicationId', applicationId)];
  const over = own.filter((key) => key.expiresWallMs !== null && key.expiresWallMs <= context.wallMs);
  const signing = own.filter(({ publicKey }) => publicKey !== undefined).length;
  if (credential.publicKey !== undefined && signing >= signingKeysPerApplicationMax)
    return refuse(
      'conflict',
      `application ${applicationId} has ${signingKeysPerApplicationMax} public keys, which is the most; delete one that signs no more`,
    );
  if (own.length - over.length >= keysPerApplicationMax)
    return refuse(
      'conflict',
      `application ${applicationId} has ${keysPerApplicationMax} keys, which is the most; delete one that is not used`,
    );
  if (state.count('key') - over.length >= countMax.key)
    return refuse('conflict', `there are ${countMax.key} keys, which is the most`);
  const key = made<AppKey>({ id: context.newId, applicationId, name, ...credential, expiresWallMs }, context);
  return done([put('key', key), ...others, ...over.map(({ id }) => end('key', id))]);
}

export interface Rotation {
  readonly id: string;
  /** How long the old one goes on. */
  readonly overlapMs: number;
}

/** A new key of the same name and end; the old one goes on for a while, or ends at once. */
export function rotateKey(state: ModelState, { id, overlapMs }: Rotation, context: DecisionContext): Outcome {
  const old = state.get('key', id);
  if (old === null) return missing('key', id);
  if (old.publicKey !== undefined)
    return refuse(
      'conflict',
      'its other half is yours to change: register the next public key beside it, and delete this one',
    );
  if (overlapMs > overlapMaxMs) return invalid('overlapMs', 'is longer than 90 days', 'choose a shorter one');
  const { expiresWallMs, applicationId } = old;
  if (expiresWallMs !== null && expiresWallMs <= context.wallMs)
    return refuse('conflict', 'this key has expired; make a new one');
  const endsAt = Math.min(context.wallMs + overlapMs, expiresWallMs ?? Number.POSITIVE_INFINITY);
  const ended = overlapMs === 0 ? end('key', id) : put('key', changed(old, { expiresWallMs: endsAt }, context));
  return oneMore(state, applicationId, old, context, [ended]);
}

export function deleteKey(state: ModelState, { id }: { readonly id: string }): Outcome {
  return state.get('key', id) === null ? missing('key', id) : done([end('key', id)]);
}
