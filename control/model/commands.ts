/**
 * The one table of what can be done to the registry: who may do it, what it takes, what it is on, and the function that decides. The
 * registry executes nothing else, the audit names nothing else, and the tests of rights walk through it row by row.
 */
import type * as z from 'zod';
import * as inputs from './command-inputs.js';
import { type CommandRow, row, type Target } from './command-row.js';
import {
  changeApplication,
  createApplication,
  createKey,
  deleteApplication,
  deleteKey,
  rotateKey,
} from './decide-applications.js';
import { importDocument } from './decide-import.js';
import { publishService } from './decide-releases.js';
import {
  changeService,
  createService,
  deleteService,
  deprecateService,
  moveService,
  restoreService,
  retireService,
  setDraft,
  setLive,
  undeprecateService,
} from './decide-services.js';
import { closeSession, createToken, deleteToken, openSession, signOut } from './decide-sessions.js';
import { changePlan, createSubscription, decideSubscription, deleteSubscription } from './decide-subscriptions.js';
import {
  changeTeam,
  createTeam,
  deleteSecret,
  deleteTeam,
  removeMember,
  secretId,
  setMember,
  setSecret,
} from './decide-teams.js';
import {
  changePassword,
  changeUser,
  createUser,
  deleteUser,
  enrolUser,
  linkUser,
  resetPassword,
} from './decide-users.js';
import { type Decision, type DecisionContext, type ModelState, refuse } from './decision.js';
import { documentSchema } from './document-schema.js';
import type { EntityKind, TeamRole } from './entities.js';
import type { CommandNeeds, TeamNeed } from './permissions.js';

type Needs<S extends z.ZodType> = CommandNeeds<z.output<S>>;

const itself =
  (kind: EntityKind) =>
  (input: { readonly id: string }): Target => ({ kind, id: input.id });
const drawn =
  (kind: EntityKind) =>
  (_: unknown, { newId }: DecisionContext): Target => ({ kind, id: newId });

/** Of the team that the input names. */
const ofTeam = (role: TeamRole): Needs<typeof inputs.onTeam> => ({
  teams: (state, { id }) => (state.get('team', id) === null ? null : [{ teamId: id, role }]),
});
const inTeam = (role: TeamRole) => ({
  teams: (state: ModelState, { teamId }: { readonly teamId: string }) =>
    state.get('team', teamId) === null ? null : [{ teamId, role }],
});
const ofService = (role: TeamRole): Needs<typeof inputs.onService> => ({
  teams: (state, { id }) => needOf(state.get('service', id), role),
});
const ofApplication = (role: TeamRole): Needs<typeof inputs.onApplication> => ({
  teams: (state, { id }) => needOf(state.get('application', id), role),
});
const inApplication = (role: TeamRole) => ({
  teams: (state: ModelState, { applicationId }: { readonly applicationId: string }) =>
    needOf(state.get('application', applicationId), role),
});
const ofKey = (role: TeamRole): Needs<typeof inputs.onKey> => ({
  teams: (state, { id }) => needOf(state.get('application', state.get('key', id)?.applicationId ?? ''), role),
});
const self = (orOperator: boolean): Needs<typeof inputs.onUser> => ({
  self: (state, { id }) => state.get('user', id)?.id ?? null,
  orOperator,
});

function needOf(entity: { readonly teamId: string } | null, role: TeamRole): TeamNeed[] | null {
  return entity === null ? null : [{ teamId: entity.teamId, role }];
}

/** Whoever owns the service that it is to. */
const ofSubscribed: Needs<typeof inputs.onSubscription> = {
  teams: (state, { id }) => needOf(state.get('service', state.get('subscription', id)?.serviceId ?? ''), 'owner'),
};

/** Whoever has subscribed, or owns the service; what was suspended can be ended by its owners alone, else it would be begun anew. */
const ofEitherSide: Needs<typeof inputs.onSubscription> = {
  teams(state, input) {
    const subscription = state.get('subscription', input.id);
    if (subscription === null) return null;
    const owners = needOf(state.get('service', subscription.serviceId), 'owner') ?? [];
    if (subscription.state === 'suspended') return owners;
    return [...(needOf(state.get('application', subscription.applicationId), 'developer') ?? []), ...owners];
  },
};

const people: Readonly<Record<string, CommandRow>> = {
  'user.create': row({ needs: 'operator', input: inputs.newUser, on: drawn('user'), decide: createUser }),
  'user.change': row({ needs: 'operator', input: inputs.userPatch, on: itself('user'), decide: changeUser }),
  'user.delete': row({ needs: 'operator', input: inputs.onUser, on: itself('user'), decide: deleteUser }),
  'user.reset-password': row({ needs: 'operator', input: inputs.onUser, on: itself('user'), decide: resetPassword }),
  'user.link': row({ needs: 'operator', input: inputs.oidcLink, on: itself('user'), decide: linkUser }),
  'user.enrol': row({ needs: 'prover', input: inputs.enrolment, on: drawn('user'), decide: enrolUser }),
  'user.rename': row({ needs: self(false), input: inputs.ownName, on: itself('user'), decide: changeUser }),
  'user.password': row({
    ...{ needs: self(false), input: inputs.ownPassword, on: itself('user'), decide: changePassword },
    isBeforePassword: true,
  }),
  'user.sign-out': row({
    ...{ needs: self(true), input: inputs.onUser, on: itself('user'), decide: signOut },
    isBeforePassword: true,
  }),
  'session.open': row({
    ...{ needs: 'prover', input: inputs.newSession, decide: openSession },
    on: ({ userId }) => ({ kind: 'user', id: userId }),
  }),
  'session.close': row({
    needs: { self: (state, { id }) => state.get('session', id)?.userId ?? null, orOperator: true },
    ...{ input: inputs.onSession, on: itself('session'), decide: closeSession },
    isBeforePassword: true,
  }),
  'token.create': row({ needs: 'signed-in', input: inputs.newToken, on: drawn('token'), decide: createToken }),
  'token.delete': row({
    needs: { self: (state, { id }) => state.get('token', id)?.userId ?? null, orOperator: true },
    ...{ input: inputs.onToken, on: itself('token'), decide: deleteToken },
  }),
};

const onSecret = (input: { readonly teamId: string; readonly name: string }): Target => ({
  kind: 'secret',
  id: secretId(input),
});

const teams: Readonly<Record<string, CommandRow>> = {
  'team.create': row({ needs: 'operator', input: inputs.newTeam, on: itself('team'), decide: createTeam }),
  'team.change': row({ needs: ofTeam('owner'), input: inputs.teamPatch, on: itself('team'), decide: changeTeam }),
  'team.delete': row({ needs: 'operator', input: inputs.onTeam, on: itself('team'), decide: deleteTeam }),
  'team.set-member': row({ needs: ofTeam('owner'), input: inputs.membership, on: itself('team'), decide: setMember }),
  'team.remove-member': row({ needs: ofTeam('owner'), input: inputs.member, on: itself('team'), decide: removeMember }),
  'secret.set': row({ needs: inTeam('owner'), input: inputs.secretName, on: onSecret, decide: setSecret }),
  'secret.delete': row({ needs: inTeam('owner'), input: inputs.secretName, on: onSecret, decide: deleteSecret }),
};

const services: Readonly<Record<string, CommandRow>> = {
  'service.create': row({
    needs: inTeam('developer'),
    input: inputs.newService,
    on: itself('service'),
    decide: createService,
  }),
  'service.change': row({
    needs: ofService('developer'),
    input: inputs.servicePatch,
    on: itself('service'),
    decide: changeService,
  }),
  'service.move': row({
    // An owner of the team that has it; that the other one takes it is looked at as well.
    needs: ofService('owner'),
    ...{ input: inputs.serviceMove, on: itself('service'), decide: moveService },
  }),
  'service.set-draft': row({
    needs: ofService('developer'),
    input: inputs.draftChange,
    on: itself('service'),
    decide: setDraft,
  }),
  'service.publish': row({
    needs: ofService('developer'),
    input: inputs.publication,
    on: itself('service'),
    decide: publishService,
  }),
  'service.set-live': row({
    needs: ofService('developer'),
    input: inputs.liveChange,
    on: itself('service'),
    decide: setLive,
  }),
  'service.deprecate': row({
    needs: ofService('developer'),
    input: inputs.deprecation,
    on: itself('service'),
    decide: deprecateService,
  }),
  'service.undeprecate': row({
    needs: ofService('developer'),
    input: inputs.onService,
    on: itself('service'),
    decide: undeprecateService,
  }),
  'service.retire': row({
    needs: ofService('owner'),
    input: inputs.retirement,
    on: itself('service'),
    decide: retireService,
  }),
  'service.restore': row({
    needs: ofService('owner'),
    input: inputs.restoration,
    on: itself('service'),
    decide: restoreService,
  }),
  'service.delete': row({
    needs: ofService('owner'),
    input: inputs.onService,
    on: itself('service'),
    decide: deleteService,
  }),
};

const consumers: Readonly<Record<string, CommandRow>> = {
  'application.create': row({
    needs: inTeam('developer'),
    input: inputs.newApplication,
    on: itself('application'),
    decide: createApplication,
  }),
  'application.change': row({
    needs: ofApplication('developer'),
    input: inputs.applicationPatch,
    on: itself('application'),
    decide: changeApplication,
  }),
  'application.delete': row({
    needs: ofApplication('developer'),
    input: inputs.onApplication,
    on: itself('application'),
    decide: deleteApplication,
  }),
  'key.create': row({ needs: inApplication('developer'), input: inputs.newKey, on: drawn('key'), decide: createKey }),
  'key.rotate': row({ needs: ofKey('developer'), input: inputs.rotation, on: itself('key'), decide: rotateKey }),
  'key.delete': row({ needs: ofKey('developer'), input: inputs.onKey, on: itself('key'), decide: deleteKey }),
  'subscription.create': row({
    needs: inApplication('developer'),
    input: inputs.newSubscription,
    on: drawn('subscription'),
    decide: createSubscription,
  }),
  'subscription.approve': verdictRow('approve'),
  'subscription.reject': verdictRow('reject'),
  'subscription.suspend': verdictRow('suspend'),
  'subscription.resume': verdictRow('resume'),
  'subscription.set-plan': row({
    needs: ofEitherSide,
    input: inputs.planChange,
    on: itself('subscription'),
    decide: changePlan,
  }),
  'subscription.delete': row({
    needs: ofEitherSide,
    input: inputs.onSubscription,
    on: itself('subscription'),
    decide: deleteSubscription,
  }),
};

function verdictRow(step: 'approve' | 'reject' | 'suspend' | 'resume'): CommandRow {
  return row({
    ...{ needs: ofSubscribed, input: inputs.verdict, on: itself('subscription') },
    decide: (state, input, context) => decideSubscription(step, state, input, context),
  });
}

const whole: Readonly<Record<string, CommandRow>> = {
  'registry.import': row({
    ...{ needs: 'operator', input: documentSchema, decide: importDocument },
    on: () => ({ kind: 'registry', id: '' }),
  }),
};

export const commands: Readonly<Record<string, CommandRow>> = {
  ...whole,
  ...people,
  ...teams,
  ...services,
  ...consumers,
};

export interface AskedCommand {
  readonly what: string;
  readonly input: unknown;
  /** The version that its author has seen; left out: whatever it is. 0: there is none yet. */
  readonly expected?: number | undefined;
}

/** The one way to a change of the registry. */
export function decide(state: ModelState, { what, input, expected }: AskedCommand, context: DecisionContext): Decision {
  const found = Object.hasOwn(commands, what) ? commands[what] : undefined;
  return found === undefined
    ? refuse('invalid', `${what} is nothing that can be done`)
    : found.decide(state, input, expected, context);
}
