/** Decisions about services: what they are, where they lie, and their way from a draft to their end. Pure. */
import { takenBy } from './base-paths.js';
import { countMax, designsCharsMax } from './bounds.js';
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
import { charsOf, tooManyDesigns } from './designs.js';
import type { Change, Design, LiveRelease, Plan, Service } from './entities.js';
import { refusalOfStep, type ServiceStep, stageAfter } from './life-cycle.js';
import { liveFaults } from './live.js';
import { isAtLeast, roleIn, standingOf } from './permissions.js';

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
  return faultsOf(state, next, context) ?? done([put('service', next)]);
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

/** To another team, with all its releases and subscriptions. Secrets stay: the new team sets its own. */
export function moveService(state: ModelState, { id, teamId }: Move, context: DecisionContext): Outcome {
  const service = state.get('service', id);
  if (service === null) return missing('service', id);
  // Of a team that one can't know of, the same is said as of none.
  if (!isAtLeast(roleIn(state, standingOf(state, context.actor), teamId), 'developer'))
    return invalid('teamId', `you are no developer in a team ${teamId}`, 'write the id of a team of yours');
  return done([put('service', changed(service, { teamId }, context))]);
}

export interface DraftChange {
  readonly id: string;
  readonly draft: Design;
}

export function setDraft(state: ModelState, { id, draft }: DraftChange, context: DecisionContext): Outcome {
  const service = state.get('service', id);
  if (service === null) return missing('service', id);
  if (state.designsChars + charsOf(draft) - charsOf(service.draft) > designsCharsMax) return tooManyDesigns();
  return done([put('service', changed(service, { draft }, context))]);
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
  name: Exclude<ServiceStep, 'delete' | 'publish'>,
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
}

/** Which releases are served: a canary, its promotion, the way back. */
export function setLive(state: ModelState, { id, live, versioning }: LiveChange, context: DecisionContext): Outcome {
  return step('set-live', { state, id, context }, (service) => {
    const unknown = live.find(({ release }) => state.get('release', `${id}@${release}`) === null);
    if (unknown !== undefined)
      return invalid('live', `there is no release ${unknown.release}`, 'write numbers of releases that are kept');
    return { live, versioning: versioning ?? service.versioning };
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
