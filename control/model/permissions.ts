/**
 * Who may do and see what. One place says it, for the registry, for the admin API and for the lists that it shows. Pure.
 *
 *   operator   everything, in every team            developer  designs, publishes, has applications and keys
 *   owner      a developer who also has the         viewer     looks
 *              members, the secrets, and the word   nobody     what is public in the catalogue
 *              on who subscribes
 *
 * Whoever may not know of a thing is told that it is not there, in the same words.
 */
import { type ModelState, missing, type Refusal, refuse } from './decision.js';
import type { Actor, Entities, EntityKind, Service, TeamRole, User } from './entities.js';

/** Who an actor is now: rights go with the user as known, not with what the actor once was. */
export interface Standing {
  readonly isOperator: boolean;
  /** Null: nobody signed in, or `local`. */
  readonly user: User | null;
}

export const NOBODY: Standing = { isOperator: false, user: null };

export function standingOf(state: Pick<ModelState, 'get'>, { userId, via }: Pick<Actor, 'userId' | 'via'>): Standing {
  if (via === 'local') return { isOperator: true, user: null };
  if (via === 'none') return NOBODY;
  const user = state.get('user', userId);
  return user === null || user.isDisabled ? NOBODY : { isOperator: user.isOperator, user };
}

const RANK: Readonly<Record<TeamRole, number>> = { viewer: 1, developer: 2, owner: 3 };

export function isAtLeast(role: TeamRole | null, least: TeamRole): boolean {
  return role !== null && RANK[role] >= RANK[least];
}

/** Null: no member. An operator is an owner everywhere. */
export function roleIn(
  state: Pick<ModelState, 'get'>,
  { isOperator, user }: Standing,
  teamId: string,
): TeamRole | null {
  const team = state.get('team', teamId);
  if (team === null) return null;
  if (isOperator) return 'owner';
  return user !== null && Object.hasOwn(team.members, user.id) ? (team.members[user.id] ?? null) : null;
}

export interface TeamNeed {
  readonly teamId: string;
  readonly role: TeamRole;
}

/**
 * `prover`: the code that signs people in, which says whom it has found to be genuine. `teams`: one of them is enough; null: there
 * is no such thing. `self`: the user whose thing it is, or an operator where `orOperator`.
 */
export type CommandNeeds<Input> =
  | 'prover'
  | 'signed-in'
  | 'operator'
  | { readonly teams: (state: ModelState, input: Input) => readonly TeamNeed[] | null }
  | { readonly self: (state: ModelState, input: Input) => string | null; readonly orOperator: boolean };

/** Null: they may. */
export function refusalOf<Input>(
  state: ModelState,
  actor: Actor,
  needs: CommandNeeds<Input>,
  input: Input,
  target: { readonly kind: EntityKind | 'registry'; readonly id: string },
): Refusal | null {
  // Whether somebody has proven who they are is looked at by the two decisions that are of this kind.
  if (needs === 'prover') return null;
  const standing = standingOf(state, actor);
  if (standing === NOBODY) return refuse('forbidden', 'nobody is signed in, or the account is disabled; sign in');
  const notThere = missing(target.kind, target.id);
  if (needs === 'operator') return standing.isOperator ? null : refuse('forbidden', 'only an operator may do this');
  if (needs === 'signed-in')
    return standing.user === null ? refuse('forbidden', 'only somebody who is signed in may do this') : null;
  if ('self' in needs) {
    const owner = needs.self(state, input);
    if (owner === null) return notThere;
    if (owner === standing.user?.id || (needs.orOperator && standing.isOperator)) return null;
    return mayKnow(state, standing, target) ? refuse('forbidden', 'only they themselves may do this') : notThere;
  }
  const teams = needs.teams(state, input);
  if (teams === null) return notThere;
  if (teams.some(({ teamId, role }) => isAtLeast(roleIn(state, standing, teamId), role))) return null;
  const isMember = teams.some(({ teamId }) => roleIn(state, standing, teamId) !== null);
  if (!isMember && !mayKnow(state, standing, target)) return notThere;
  const asked = teams.map(({ teamId, role }) => `${role} in team ${teamId}`).join(' or ');
  return refuse('forbidden', `this needs the role of ${asked}; ask an owner of the team`);
}

function mayKnow(
  state: ModelState,
  standing: Standing,
  { kind, id }: { kind: EntityKind | 'registry'; id: string },
): boolean {
  if (kind === 'registry') return true;
  const entity = state.get(kind, id);
  return entity !== null && maySee(state, standing, kind, entity) !== null;
}

/** `full`: as its team sees it. `catalogue`: its public side alone. Null: it is not there for them. */
export type Sight = 'full' | 'catalogue' | null;

export function maySee<K extends EntityKind>(
  state: ModelState,
  standing: Standing,
  kind: K,
  entity: Entities[K],
): Sight {
  if (standing.isOperator) return 'full';
  // An entity of kind K is the value of that kind in the table of entities, which the compiler can't follow through K.
  return sights[kind](state, standing, entity as never);
}

const sights: { readonly [K in EntityKind]: (state: ModelState, standing: Standing, entity: Entities[K]) => Sight } = {
  user: (state, { user }, other) =>
    user === null ? null : user.id === other.id ? 'full' : isTeamMate(state, user, other) ? 'catalogue' : null,
  session: (_, { user }, { userId }) => (user?.id === userId ? 'full' : null),
  token: (_, { user }, { userId }) => (user?.id === userId ? 'full' : null),
  team: (state, standing, { id }) => sightOfMember(state, standing, id),
  service: sightOfService,
  release(state, standing, { serviceId }) {
    const service = state.get('service', serviceId);
    return service === null ? null : sightOfService(state, standing, service);
  },
  application: sightOfApplication,
  key(state, standing, { applicationId }) {
    const application = state.get('application', applicationId);
    return application === null ? null : sightOfMember(state, standing, application.teamId);
  },
  subscription(state, standing, { serviceId, applicationId }) {
    const teams = [state.get('service', serviceId)?.teamId, state.get('application', applicationId)?.teamId];
    return teams.some((teamId) => teamId !== undefined && roleIn(state, standing, teamId) !== null) ? 'full' : null;
  },
  secret: (state, standing, { teamId }) => sightOfMember(state, standing, teamId),
};

function sightOfMember(state: ModelState, standing: Standing, teamId: string): Sight {
  return roleIn(state, standing, teamId) === null ? null : 'full';
}

function sightOfService(state: ModelState, standing: Standing, service: Service): Sight {
  if (roleIn(state, standing, service.teamId) !== null) return 'full';
  // What was never published is nobody else's business.
  if (service.stage === 'draft') return null;
  if (service.visibility === 'public') return 'catalogue';
  if (standing.user === null) return null;
  if (service.visibility === 'organisation') return 'catalogue';
  // Whoever has subscribed while it was to be seen goes on to see it.
  return hasAskedFor(state, service, standing.user) ? 'catalogue' : null;
}

/** Whether a team finds the service in the catalogue, for its applications to subscribe to. */
export function mayFind(service: Service, teamId: string): boolean {
  return service.teamId === teamId || (service.stage !== 'draft' && service.visibility !== 'team');
}

/**
 * Whether an application of the user's teams has subscribed to it, looked for from the side that has less: a catalogue asks this of each service,
 * and there may be as many subscriptions of one team as of one service.
 */
function hasAskedFor(state: ModelState, service: Service, user: User): boolean {
  const teams = [...state.of('team', 'userId', user.id)];
  const applications = teams.reduce((sum, { id }) => sum + state.countOf('application', 'teamId', id), 0);
  if (state.countOf('subscription', 'serviceId', service.id) <= applications) {
    for (const { applicationId } of state.of('subscription', 'serviceId', service.id)) {
      const teamId = state.get('application', applicationId)?.teamId;
      if (teams.some(({ id }) => id === teamId)) return true;
    }
    return false;
  }
  for (const team of teams)
    for (const application of state.of('application', 'teamId', team.id))
      for (const { serviceId } of state.of('subscription', 'applicationId', application.id))
        if (serviceId === service.id) return true;
  return false;
}

/** Whoever decides on a subscription has to see whose it is. */
function sightOfApplication(state: ModelState, standing: Standing, { id, teamId }: Entities['application']): Sight {
  if (roleIn(state, standing, teamId) !== null) return 'full';
  for (const { serviceId } of state.of('subscription', 'applicationId', id)) {
    const service = state.get('service', serviceId);
    if (service !== null && roleIn(state, standing, service.teamId) !== null) return 'catalogue';
  }
  return null;
}

function isTeamMate(state: ModelState, user: User, other: User): boolean {
  for (const team of state.of('team', 'userId', user.id)) if (Object.hasOwn(team.members, other.id)) return true;
  return false;
}
