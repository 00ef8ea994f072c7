/** Decisions about subscriptions: who asks for a service, and what its owners say to it. Pure. */
import { countMax, subscriptionsPerApplicationMax } from './bounds.js';
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
import type { Change, Service, Subscription } from './entities.js';
import { type SubscriptionStep, subscriptionSteps } from './life-cycle.js';
import { isAtLeast, mayFind, roleIn, standingOf } from './permissions.js';

export interface NewSubscription {
  readonly serviceId: string;
  readonly applicationId: string;
  readonly planId: string;
  readonly reason: string;
}

export function createSubscription(state: ModelState, input: NewSubscription, context: DecisionContext): Outcome {
  const { serviceId, applicationId, planId } = input;
  const application = state.get('application', applicationId);
  if (application === null) return missing('application', applicationId);
  const service = state.get('service', serviceId);
  if (service === null || !mayFind(service, application.teamId)) return missing('service', serviceId);
  const refusal = closedTo(service);
  if (refusal !== null) return refusal;
  const plan = service.plans.find(({ id }) => id === planId);
  if (plan === undefined) return noPlan(service, planId);
  const own = [...state.of('subscription', 'applicationId', applicationId)].filter(
    (one) => one.serviceId === serviceId,
  );
  const present = own.find((one) => one.state !== 'rejected');
  if (present !== undefined)
    return refuse(
      'conflict',
      `application ${applicationId} has a subscription to ${serviceId}, which is ${present.state}`,
    );
  if (state.count('subscription') - own.length >= countMax.subscription)
    return refuse('conflict', `there are ${countMax.subscription} subscriptions, which is the most`);
  if (state.countOf('subscription', 'applicationId', applicationId) - own.length >= subscriptionsPerApplicationMax)
    return refuse(
      'conflict',
      `application ${applicationId} has ${subscriptionsPerApplicationMax} subscriptions, which is the most; end those that it does not use`,
    );
  const subscription = made<Subscription>(
    { ...{ id: context.newId, ...input, opinion: '' }, state: plan.approval === 'auto' ? 'approved' : 'pending' },
    context,
  );
  // What was rejected is answered by the new one.
  const changes: Change[] = [put('subscription', subscription), ...own.map(({ id }) => end('subscription', id))];
  return done(changes, warningsOf(service));
}

function closedTo({ id, stage, access }: Service): Outcome | null {
  if (access === 'open') return refuse('conflict', `service ${id} is open to all; no subscription is needed`);
  if (stage === 'draft') return refuse('conflict', `service ${id} is not published yet`);
  return stage === 'retired' ? refuse('conflict', `service ${id} is retired; use what has followed it`) : null;
}

function noPlan({ id, plans }: Service, planId: string): Outcome {
  const known = plans.map((plan) => plan.id).join(', ');
  return invalid('planId', `service ${id} has no plan ${planId}`, `choose one of ${known}`);
}

function warningsOf({ id, stage, deprecation }: Service): string[] {
  if (stage !== 'deprecated') return [];
  const sunset = deprecation?.sunsetWallMs ?? null;
  const until = sunset === null ? '' : `, and ends on ${new Date(sunset).toISOString().slice(0, 10)}`;
  return [`service ${id} is deprecated${until}`];
}

export interface Verdict {
  readonly id: string;
  readonly opinion: string;
}

/** One step, as the table of life-cycle.ts has it. */
export function decideSubscription(
  step: SubscriptionStep,
  state: ModelState,
  { id, opinion }: Verdict,
  context: DecisionContext,
): Outcome {
  const subscription = state.get('subscription', id);
  if (subscription === null) return missing('subscription', id);
  const { from, to } = subscriptionSteps[step];
  if (!from.includes(subscription.state))
    return refuse(
      'conflict',
      `the subscription is ${subscription.state}; only what is ${from.join(' or ')} can be ${to}`,
    );
  const service = state.get('service', subscription.serviceId);
  if (to === 'approved') {
    if (service === null) return missing('service', subscription.serviceId);
    if (service.stage === 'retired') return refuse('conflict', `service ${service.id} is retired`);
    // What was rejected holds no plan: it may have gone since.
    if (!service.plans.some((plan) => plan.id === subscription.planId)) return noPlan(service, subscription.planId);
  }
  const next = changed(subscription, { state: to, opinion }, context);
  return done([put('subscription', next)], service === null ? [] : warningsOf(service));
}

export interface PlanChange {
  readonly id: string;
  readonly planId: string;
}

/** To another plan: by whoever has the application where the plan is open to all, else by an owner of the service. Calls go on. */
export function changePlan(state: ModelState, { id, planId }: PlanChange, context: DecisionContext): Outcome {
  const subscription = state.get('subscription', id);
  if (subscription === null) return missing('subscription', id);
  const service = state.get('service', subscription.serviceId);
  if (service === null) return missing('service', subscription.serviceId);
  if (subscription.state === 'suspended' || subscription.state === 'rejected')
    return refuse('conflict', `the subscription is ${subscription.state}`);
  const refusal = closedTo(service);
  if (refusal !== null) return refusal;
  const plan = service.plans.find((one) => one.id === planId);
  if (plan === undefined) return noPlan(service, planId);
  const isOwner = isAtLeast(roleIn(state, standingOf(state, context.actor), service.teamId), 'owner');
  if (plan.approval === 'manual' && subscription.state === 'approved' && !isOwner)
    return refuse('forbidden', `plan ${planId} needs an approval; ask an owner of team ${service.teamId} to change it`);
  const standing = plan.approval === 'auto' ? 'approved' : subscription.state;
  return done([put('subscription', changed(subscription, { planId, state: standing }, context))], warningsOf(service));
}

export function deleteSubscription(state: ModelState, { id }: { readonly id: string }): Outcome {
  return state.get('subscription', id) === null ? missing('subscription', id) : done([end('subscription', id)]);
}
