/** Decisions about services: what they are, where they lie, and their way from a draft to their end. Pure. */
import { coversHosts, takenBy } from './base-paths.js';
import { loansOf, loansTo, refusalOfLoss, tellLoans } from './borrowed-models.js';
import { countMax, servicesPerTeamMax } from './bounds.js';
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
import { tooManyDesigns } from './designs.js';
import type { Change, Design, LiveRelease, Plan, Service } from './entities.js';
import { refusalOfStep, type ServiceStep, stageAfter } from './life-cycle.js';
import { liveFaults } from './live.js';
import { isAtLeast, roleIn, standingOf } from './permissions.js';
import { secretsIn } from './secret-uses.js';

/** What people set of a service, apart from its design. */
export type ServiceFields = Pick<
  Service,
  'kind' | 'name' | 'description' | 'tags' | 'visibility' | 'basePath' | 'hosts' | 'versioning' | 'access' | 'plans'
>;

export const emptyDesign: Design = { contract: '', upstreams: [], routes: [], validate: 'off', mock: false };

/** What a service with keys has where nothing else was said. */
export const defaultPlan: Plan = { id: 'default', name: 'Default', limits: [], approval: 'manual' };

export type NewService = ServiceFields & { readonly id: string; readonly teamId: string };

export function createService(state: ModelState, input: NewService, context: DecisionContext): Outcome {
  const { id, teamId } = input;
  if (state.get('service', id) !== null) return refuse('conflict', `the id ${id} is taken; choose another one`);
  if (state.get('team', teamId) === null) return missing('team', teamId);
  if (state.count('service') >= countMax.service)
    return refuse('conflict', `there are ${countMax.service} services, which is the most; delete retired ones`);
  if (isFull(state, teamId)) return tooManyServices(teamId);
  const plans = input.access === 'key' && input.plans.length === 0 ? [defaultPlan] : input.plans;
  const service = made<Service>(
    {
      ...{ ...input, plans, draft: emptyDesign, stage: 'draft', lastRelease: 0 },
      ...{ live: [], deprecation: null, successor: '' },
    },
    context,
  );
  return faultsOf(state, service, context) ?? done([put('service', service)]);
}

function isFull(state: ModelState, teamId: string): boolean {
  return state.countOf('service', 'teamId', teamId) >= servicesPerTeamMax;
}

function tooManyServices(teamId: string): Outcome {
  return refuse(
    'conflict',
    `team ${teamId} has ${servicesPerTeamMax} services, which is the most; delete retired ones, or make another team`,
  );
}

/** What must hold of every service that is not retired, whoever has changed it; null: it does. */
export function faultsOf(state: ModelState, service: Service, context: DecisionContext): Outcome | null {
  const taken = service.stage === 'retired' ? null : takenBy(state, service, context);
  if (taken !== null) return invalid('basePath', taken.message, taken.cure);
  const { plans, access } = service;
  if (access === 'key' && plans.length === 0)
    return invalid('plans', 'are empty', 'add one: a service with keys is used by a plan');
  if (new Set(plans.map(({ id }) => id)).size !== plans.length)
    return invalid('plans', 'have one id twice', 'give each plan an id of its own');
  return liveFaults(service);
}

export type ServicePatch = { readonly id: string } & {
  readonly [F in keyof ServiceFields]?: ServiceFields[F] | undefined;
};

export function changeService(state: ModelState, { id, ...patch }: ServicePatch, context: DecisionContext): Outcome {
  const service = state.get('service', id);
  if (service === null) return missing('service', id);
  const next = changed(service, patch, context);
  const inUse = patch.plans === undefined ? null : planInUse(state, id, patch.plans);
  if (inUse !== null) return inUse;
  const refusal = faultsOf(state, next, context) ?? withoutItsOwner(state, service, next, context);
  if (refusal !== null) return refusal;
  const moved = isElsewhere(service, next)
    ? refusalOfStep('rehome', { state, service, context, isForced: false })
    : null;
  return moved ?? done([put('service', next)]);
}

const SIGHTS: Readonly<Record<Service['visibility'], number>> = { team: 0, organisation: 1, public: 2 };

/** Who gets in without being asked for is a matter of the owners, who have the word on who subscribes. Of a draft nothing is let in yet. */
function withoutItsOwner(
  state: ModelState,
  service: Service,
  next: Service,
  { actor }: DecisionContext,
): Outcome | null {
  if (service.stage === 'draft') return null;
  const asked = service.plans.filter(({ approval }) => approval === 'manual').map(({ id }) => id);
  const known = new Set(service.plans.map(({ id }) => id));
  const opened = next.plans.find(({ id, approval }) => approval === 'auto' && (asked.includes(id) || !known.has(id)));
  const what =
    next.access !== service.access
      ? `who may call service ${service.id} (\`access\`)`
      : SIGHTS[next.visibility] > SIGHTS[service.visibility]
        ? `who else finds service ${service.id} (\`visibility\`)`
        : opened !== undefined
          ? `that nobody is asked for plan ${opened.id} (\`approval\`)`
          : null;
  if (what === null || isAtLeast(roleIn(state, standingOf(state, actor), service.teamId), 'owner')) return null;
  return refuse('forbidden', `an owner of team ${service.teamId} decides ${what}`);
}

/** Whether a caller might not find it where it was. */
function isElsewhere(before: Service, next: Service): boolean {
  return (
    next.basePath !== before.basePath ||
    next.kind !== before.kind ||
    JSON.stringify(next.versioning) !== JSON.stringify(before.versioning) ||
    !coversHosts(next.hosts, before.hosts)
  );
}

function planInUse(state: ModelState, id: string, plans: readonly Plan[]): Outcome | null {
  const kept = new Set(plans.map((plan) => plan.id));
  const users = new Map<string, number>();
  for (const { planId, state: standing } of state.of('subscription', 'serviceId', id))
    if (standing !== 'rejected' && !kept.has(planId)) users.set(planId, (users.get(planId) ?? 0) + 1);
  const [first] = users;
  if (first === undefined) return null;
  const [planId, count] = first;
  const message = `plan ${planId} is used by ${plural(count, 'subscription')}`;
  return refuse('conflict', `${message}; keep it, or end those first`);
}

export interface Move {
  readonly id: string;
  readonly teamId: string;
}

/**
 * To another team, with all its releases and subscriptions. Secrets stay: the new team sets its own, and an owner of it has to want them
 * used by what comes.
 */
export function moveService(state: ModelState, { id, teamId }: Move, context: DecisionContext): Outcome {
  const service = state.get('service', id);
  if (service === null) return missing('service', id);
  const role = roleIn(state, standingOf(state, context.actor), teamId);
  // Of a team that one can't know of, the same is said as of none.
  if (role === null) return missing('team', teamId);
  if (!isAtLeast(role, 'owner')) return refuse('forbidden', `an owner of team ${teamId} takes a service into it`);
  if (service.teamId === teamId) return invalid('teamId', 'has it already', 'write the id of another team');
  if (isFull(state, teamId)) return tooManyServices(teamId);
  const lost = secretsServed(state, service).find((name) => state.get('secret', `${teamId}/${name}`) === null);
  if (lost !== undefined)
    return refuse(
      'conflict',
      `what is served of ${id} needs the secret ${lost}, which team ${teamId} has not: set it there first, or it would be served no longer`,
    );
  const loans = [...loansOf(state, service), ...loansTo(state, service)];
  if (loans.length > 0)
    return refuse(
      'conflict',
      `models are lent within a team alone, and these would be served no longer: ${tellLoans(loans)}: give them other models first`,
    );
  return done([put('service', changed(service, { teamId }, context))]);
}

function secretsServed(state: ModelState, { id, live }: Service): string[] {
  return live.flatMap(({ release }) => {
    const kept = state.get('release', `${id}@${release}`);
    return kept === null ? [] : [...secretsIn(kept.design)];
  });
}

export interface DraftChange {
  readonly id: string;
  readonly draft: Design;
}

export function setDraft(state: ModelState, { id, draft }: DraftChange, context: DecisionContext): Outcome {
  const service = state.get('service', id);
  if (service === null) return missing('service', id);
  return (
    tooManyDesigns(state, service, { more: draft, less: service.draft }) ??
    done([put('service', changed(service, { draft }, context))])
  );
}

/** With its releases and whoever has subscribed to it. */
export function deleteService(state: ModelState, { id }: { readonly id: string }, context: DecisionContext): Outcome {
  const service = state.get('service', id);
  if (service === null) return missing('service', id);
  const refusal = refusalOfStep('delete', { state, service, context, isForced: false });
  if (refusal !== null) return refusal;
  const changes: Change[] = [end('service', id)];
  for (const release of state.of('release', 'serviceId', id)) changes.push(end('release', release.id));
  for (const subscription of state.of('subscription', 'serviceId', id))
    changes.push(end('subscription', subscription.id));
  return done(changes);
}

type PatchOf = (service: Service) => Partial<Service> | Outcome;

/** One step of the life of a service, as the table of life-cycle.ts has it. */
function step(
  name: Exclude<ServiceStep, 'delete' | 'publish' | 'rehome'>,
  {
    state,
    id,
    context,
    isForced = false,
  }: { state: ModelState; id: string; context: DecisionContext; isForced?: boolean },
  patchOf: PatchOf,
): Outcome {
  const service = state.get('service', id);
  if (service === null) return missing('service', id);
  const refusal = refusalOfStep(name, { state, service, context, isForced });
  if (refusal !== null) return refusal;
  const patch = patchOf(service);
  if ('ok' in patch) return patch;
  const next = changed(service, { ...patch, stage: stageAfter(name, service.stage) }, context);
  return faultsOf(state, next, context) ?? done([put('service', next)]);
}

export interface LiveChange {
  readonly id: string;
  readonly live: readonly LiveRelease[];
  /** Left out: as it was. */
  readonly versioning?: Service['versioning'] | undefined;
  /** Also where other services lose a model by it. */
  readonly force: boolean;
}

/** Which releases are served: a canary, its promotion, the way back. */
export function setLive(
  state: ModelState,
  { id, live, versioning, force }: LiveChange,
  context: DecisionContext,
): Outcome {
  return step('set-live', { state, id, context }, (service) => {
    const unknown = live.find(({ release }) => state.get('release', `${id}@${release}`) === null);
    if (unknown !== undefined)
      return invalid('live', `there is no release ${unknown.release}`, 'write numbers of releases that are kept');
    const first = state.get('release', `${id}@${live[0]?.release}`)?.design;
    const loss = force ? null : refusalOfLoss(state, service, first);
    return loss ?? { live, versioning: versioning ?? service.versioning };
  });
}

export interface Deprecation {
  readonly id: string;
  readonly sunsetWallMs: number | null;
  readonly link: string;
}

export function deprecateService(state: ModelState, input: Deprecation, context: DecisionContext): Outcome {
  const { id, sunsetWallMs, link } = input;
  return step('deprecate', { state, id, context }, ({ deprecation }) => {
    if (sunsetWallMs !== null && sunsetWallMs <= context.wallMs)
      return invalid('sunsetWallMs', 'has passed', 'choose a day to come, or leave it out');
    // Said again, it is deprecated since it was said first.
    return { deprecation: { sinceWallMs: deprecation?.sinceWallMs ?? context.wallMs, sunsetWallMs, link } };
  });
}

export function undeprecateService(
  state: ModelState,
  { id }: { readonly id: string },
  context: DecisionContext,
): Outcome {
  return step('undeprecate', { state, id, context }, () => ({ deprecation: null }));
}

export interface Retirement {
  readonly id: string;
  readonly successor: string;
  readonly force: boolean;
}

export function retireService(
  state: ModelState,
  { id, successor, force }: Retirement,
  context: DecisionContext,
): Outcome {
  return step('retire', { state, id, context, isForced: force }, () => ({ live: [], successor }));
}

export interface Restoration {
  readonly id: string;
  /** Empty: its last release. */
  readonly live: readonly LiveRelease[];
}

export function restoreService(state: ModelState, { id, live }: Restoration, context: DecisionContext): Outcome {
  return step('restore', { state, id, context }, (service) => {
    const unknown = live.find(({ release }) => state.get('release', `${id}@${release}`) === null);
    if (unknown !== undefined)
      return invalid('live', `there is no release ${unknown.release}`, 'write numbers of releases that are kept');
    if (live.length === 0 && service.versioning.by !== 'none')
      return invalid('live', 'is empty', 'say which release is served under which name of a version');
    const last = { release: service.lastRelease, share: 100, name: '' };
    return { live: live.length === 0 ? [last] : live, deprecation: null, successor: '' };
  });
}
