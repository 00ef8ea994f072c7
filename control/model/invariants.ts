/**
 * What holds of every state, whatever was done to it: each thing that is named is there, and every bound and rule is kept. What a
 * document of the registry would make is held to it before it is applied, and the tests hold every state to it. Pure.
 */
import { takenBy } from './base-paths.js';
import {
  applicationsPerTeamMax,
  countMax,
  keysPerApplicationMax,
  membersPerTeamMax,
  releasesPerServiceMax,
  secretsPerTeamMax,
  servicesPerTeamMax,
  sessionsPerUserMax,
  subscriptionsPerApplicationMax,
  tokensPerUserMax,
} from './bounds.js';
import type { ModelState, Owner } from './decision.js';
import type { Entities, EntityKind, Service } from './entities.js';
import { liveFaults } from './live.js';

/** In words, at most `max` of them; empty where all holds. */
export function violations(state: ModelState, reservedPaths: readonly string[] = [], max = 50): string[] {
  const found: string[] = [];
  for (const violation of allViolations(state, reservedPaths)) {
    found.push(violation);
    if (found.length >= max) break;
  }
  return found;
}

function* allViolations(state: ModelState, reservedPaths: readonly string[]): Iterable<string> {
  for (const [kind, max] of Object.entries(countMax)) {
    // The keys of the table of bounds are the kinds.
    if (state.count(kind as EntityKind) > max) yield `there are more than ${max} of ${kind}`;
  }
  yield* referenceFaults(state);
  yield* boundFaults(state);
  for (const service of state.all('service')) yield* serviceFaults(state, service, reservedPaths);
  for (const subscription of state.all('subscription')) yield* subscriptionFaults(state, subscription);
}

type References = { readonly [K in EntityKind]?: (entity: Entities[K]) => readonly (readonly [EntityKind, string])[] };

const references: References = {
  session: ({ userId }) => [['user', userId]],
  token: ({ userId }) => [['user', userId]],
  team: ({ members }) => Object.keys(members).map((id) => ['user', id] as const),
  service: ({ id, teamId, live }) => [
    ['team', teamId],
    ...live.map(({ release }) => ['release', `${id}@${release}`] as const),
  ],
  release: ({ serviceId }) => [['service', serviceId]],
  application: ({ teamId }) => [['team', teamId]],
  key: ({ applicationId }) => [['application', applicationId]],
  subscription: ({ serviceId, applicationId }) => [
    ['service', serviceId],
    ['application', applicationId],
  ],
  secret: ({ teamId }) => [['team', teamId]],
};

function* referenceFaults(state: ModelState): Iterable<string> {
  // The keys of that table are kinds, and each row takes entities of its own.
  for (const kind of Object.keys(references) as (keyof References)[]) {
    for (const entity of state.all(kind)) {
      for (const [other, id] of references[kind]?.(entity as never) ?? [])
        if (state.get(other, id) === null) yield `${kind} ${entity.id} names ${other} ${id}, which is not there`;
    }
  }
}

const owned: readonly (readonly [EntityKind, Owner, EntityKind, number])[] = [
  ['user', 'userId', 'session', sessionsPerUserMax],
  ['user', 'userId', 'token', tokensPerUserMax],
  ['team', 'teamId', 'secret', secretsPerTeamMax],
  ['team', 'teamId', 'service', servicesPerTeamMax],
  ['team', 'teamId', 'application', applicationsPerTeamMax],
  ['application', 'applicationId', 'subscription', subscriptionsPerApplicationMax],
  ['application', 'applicationId', 'key', keysPerApplicationMax],
  ['service', 'serviceId', 'release', releasesPerServiceMax],
];

function* boundFaults(state: ModelState): Iterable<string> {
  for (const [kind, by, other, max] of owned) {
    for (const { id } of state.all(kind))
      if (state.countOf(other, by, id) > max) yield `${kind} ${id} has more than ${max} of ${other}`;
  }
  for (const { id, members } of state.all('team'))
    if (Object.keys(members).length > membersPerTeamMax) yield `team ${id} has more than ${membersPerTeamMax} members`;
  for (const { id, login } of state.all('user'))
    if (state.userByLogin(login)?.id !== id) yield `two users sign in as ${login}`;
}

function* serviceFaults(state: ModelState, service: Service, reservedPaths: readonly string[]): Iterable<string> {
  const { id, stage, plans, access, deprecation, lastRelease } = service;
  const taken = stage === 'retired' ? null : takenBy(state, service, { reservedPaths });
  if (taken !== null) yield `service ${id}: ${taken.message}`;
  const live = liveFaults(service);
  if (live?.ok === false) yield `service ${id}: ${live.detail}`;
  if (access === 'key' && plans.length === 0) yield `service ${id} has keys, and no plan`;
  if ((stage === 'deprecated') !== (deprecation !== null) && stage !== 'retired')
    yield `service ${id} is ${stage}, and its deprecation says otherwise`;
  if ((stage === 'draft') !== (lastRelease === 0)) yield `service ${id} is ${stage} with ${lastRelease} releases`;
  for (const { number } of state.of('release', 'serviceId', id))
    if (number > lastRelease) yield `service ${id} has release ${number}, and ${lastRelease} is its last`;
}

function* subscriptionFaults(state: ModelState, subscription: Entities['subscription']): Iterable<string> {
  const { id, serviceId, applicationId, planId } = subscription;
  if (subscription.state === 'rejected') return;
  const plans = state.get('service', serviceId)?.plans ?? [];
  if (!plans.some((plan) => plan.id === planId)) yield `subscription ${id} is by plan ${planId}, which is not there`;
  for (const other of state.of('subscription', 'applicationId', applicationId))
    if (other.serviceId === serviceId && other.state !== 'rejected' && other.id < id)
      yield `application ${applicationId} has subscribed to ${serviceId} twice`;
}
