/** Decisions about teams, their members and their secrets. A team that has owners keeps one. Pure. */
import { countMax, membersPerTeamMax, secretsPerTeamMax, teamsPerUserMax } from './bounds.js';
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
  plural,
  put,
  refuse,
} from './decision.js';
import type { Secret, Team, TeamRole } from './entities.js';

export interface NewTeam {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Id of its first owner; empty: none yet. */
  readonly ownerId: string;
}

export function createTeam(state: ModelState, input: NewTeam, context: DecisionContext): Outcome {
  const { id, name, description, ownerId } = input;
  if (state.get('team', id) !== null) return refuse('conflict', `there is a team ${id} already; choose another id`);
  if (state.count('team') >= countMax.team)
    return refuse('conflict', `there are ${countMax.team} teams, which is the most`);
  if (ownerId !== '' && state.get('user', ownerId) === null) return noUser('ownerId', ownerId);
  const members: Record<string, TeamRole> = ownerId === '' ? {} : { [ownerId]: 'owner' };
  return done([put('team', made<Team>({ id, name, description, members }, context))]);
}

function noUser(path: string, id: string): Outcome {
  return invalid(path, `there is no user ${id}`, 'write the id of a user');
}

export interface TeamPatch {
  readonly id: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
}

export function changeTeam(state: ModelState, { id, ...patch }: TeamPatch, context: DecisionContext): Outcome {
  const team = state.get('team', id);
  return team === null ? missing('team', id) : done([put('team', changed(team, patch, context))]);
}

/** Its secrets go with it; services and applications have to go first. */
export function deleteTeam(state: ModelState, { id }: { readonly id: string }): Outcome {
  if (state.get('team', id) === null) return missing('team', id);
  const services = state.countOf('service', 'teamId', id);
  const applications = state.countOf('application', 'teamId', id);
  if (services + applications > 0) {
    const has = `${plural(services, 'service')} and ${plural(applications, 'application')}`;
    return refuse('conflict', `team ${id} has ${has}; delete them or give them to another team first`);
  }
  const secrets = [...state.of('secret', 'teamId', id)].map((secret) => end('secret', secret.id));
  return done([end('team', id), ...secrets]);
}

export interface Membership {
  readonly id: string;
  readonly userId: string;
  readonly role: TeamRole;
}

export function setMember(state: ModelState, { id, userId, role }: Membership, context: DecisionContext): Outcome {
  const team = state.get('team', id);
  if (team === null) return missing('team', id);
  if (state.get('user', userId) === null) return noUser('userId', userId);
  const isNew = !Object.hasOwn(team.members, userId);
  if (isNew && Object.keys(team.members).length >= membersPerTeamMax)
    return refuse('conflict', `team ${id} has ${membersPerTeamMax} members, which is the most`);
  if (isNew && state.countOf('team', 'userId', userId) >= teamsPerUserMax)
    return refuse('conflict', `the user is in ${teamsPerUserMax} teams, which is the most`);
  return withMembers(team, { ...team.members, [userId]: role }, context);
}

export function removeMember(state: ModelState, input: Omit<Membership, 'role'>, context: DecisionContext): Outcome {
  const team = state.get('team', input.id);
  if (team === null) return missing('team', input.id);
  if (!Object.hasOwn(team.members, input.userId))
    return refuse('missing', `user ${input.userId} is no member of team ${input.id}`);
  const { [input.userId]: _, ...members } = team.members;
  return withMembers(team, members, context);
}

function withMembers(team: Team, members: Readonly<Record<string, TeamRole>>, context: DecisionContext): Outcome {
  const hasOwner = (all: Team['members']): boolean => Object.values(all).includes('owner');
  if (hasOwner(team.members) && !hasOwner(members))
    return refuse('conflict', `this would leave team ${team.id} without an owner; make another member an owner first`);
  return done([put('team', changed(team, { members }, context))]);
}

export interface SecretName {
  readonly teamId: string;
  readonly name: string;
}

export function secretId({ teamId, name }: SecretName): string {
  return `${teamId}/${name}`;
}

export function setSecret(state: ModelState, input: SecretName, context: DecisionContext): Outcome {
  const { teamId, name } = input;
  const { sealed } = context.facts;
  if (sealed === undefined) return invalid('value', 'is missing', 'send a value');
  const id = secretId(input);
  const known = state.get('secret', id);
  if (known !== null) return done([put('secret', changed(known, { sealed }, context))]);
  if (state.countOf('secret', 'teamId', teamId) >= secretsPerTeamMax || state.count('secret') >= countMax.secret)
    return refuse(
      'conflict',
      `team ${teamId} has ${secretsPerTeamMax} secrets, which is the most; delete one that is not used`,
    );
  return done([put('secret', made<Secret>({ id, teamId, name, sealed }, context))]);
}

export function deleteSecret(state: ModelState, input: SecretName): Outcome {
  const id = secretId(input);
  return state.get('secret', id) === null ? missing('secret', id) : done([end('secret', id)]);
}
