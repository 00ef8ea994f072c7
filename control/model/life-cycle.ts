/**
 * The life of a service and of a subscription: one table each, with the guards of every step.
 *
 *              publish              deprecate       retire: its sunset has passed and nobody borrows of it, or by force
 *     draft ───────────▶ published ───────────▶ deprecated ─────────────────────────────▶ retired
 *       │                 │  ▲  ▲ ◀─ undeprecate ──┘ ▲ │                                    │  │
 *       │                 └──┘  └────────────────────┼─┼──── restore: its path is free ─────┘  │
 *       ▼                publish                     └─┘ publish (a mended release)            ▼
 *    deleted                                                                                deleted
 *
 * A publication, or another set of live releases, takes no model away that others borrow, or only by force (borrowed-models.ts).
 *
 *     pending ──approve──▶ approved ──suspend──▶ suspended ──resume──▶ approved
 *        └──reject──▶ rejected ──approve──▶ approved
 */
import { takenBy } from './base-paths.js';
import { loansOf, tellLoans } from './borrowed-models.js';
import { type DecisionContext, type ModelState, plural, type Refusal, refuse } from './decision.js';
import type { LifeStage, Service, Subscription } from './entities.js';

export type ServiceStep =
  | 'publish'
  | 'set-live'
  | 'deprecate'
  | 'undeprecate'
  | 'retire'
  | 'restore'
  /** To another base path, to fewer hosts, to other names of versions: whoever calls it where it was would not find it any more. */
  | 'rehome'
  | 'delete';

/** What a guard looks at. */
export interface Situation {
  readonly state: ModelState;
  readonly service: Service;
  readonly context: DecisionContext;
  /** Its author knows what the guard would say, and wants it still. */
  readonly isForced: boolean;
}

type Guard = (situation: Situation) => Refusal | null;

interface Transition {
  readonly from: readonly LifeStage[];
  /** `same`: the stage stays. Null: the service is no more. */
  readonly to: LifeStage | 'same' | null;
  readonly guards: readonly Guard[];
  /** What to do where the stage is another one. */
  readonly cure: string;
}

export const transitions: Readonly<Record<ServiceStep, Transition>> = {
  publish: {
    from: ['draft', 'published', 'deprecated'],
    to: 'same',
    guards: [],
    cure: 'restore it first',
  },
  'set-live': {
    from: ['published', 'deprecated'],
    to: 'same',
    guards: [],
    cure: 'publish a release first, or restore the service',
  },
  deprecate: { from: ['published', 'deprecated'], to: 'deprecated', guards: [], cure: 'publish it first' },
  undeprecate: { from: ['deprecated'], to: 'published', guards: [], cure: 'only what is deprecated can be taken back' },
  retire: {
    from: ['published', 'deprecated'],
    to: 'retired',
    guards: [sunsetHasPassed, nobodyBorrows],
    cure: 'delete a draft instead',
  },
  restore: {
    from: ['retired'],
    to: 'published',
    guards: [pathIsFree, hasRelease],
    cure: 'only what is retired can be restored',
  },
  rehome: {
    from: ['draft', 'retired'],
    to: 'same',
    guards: [],
    cure: 'its callers would not find it any more; retire it and restore it at its new place, or make another service there',
  },
  delete: { from: ['draft', 'retired'], to: null, guards: [], cure: 'retire it first' },
};

/** Null: it may be done. */
export function refusalOfStep(step: ServiceStep, situation: Situation): Refusal | null {
  const { from, guards, cure } = transitions[step];
  const { id, stage } = situation.service;
  if (!from.includes(stage)) return refuse('conflict', `service ${id} is ${stage}: ${cure}`);
  const [first, ...others] = guards.flatMap((guard) => guard(situation) ?? []);
  // Told at once: whoever answers one of them by force has to know of all.
  return first === undefined
    ? null
    : { ...first, detail: [first.detail, ...others.map(({ detail }) => detail)].join('; ') };
}

/** Of the first release, `published`; else as the table says. */
export function stageAfter(step: Exclude<ServiceStep, 'delete' | 'rehome'>, stage: LifeStage): LifeStage {
  const { to } = transitions[step];
  if (to !== 'same' && to !== null) return to;
  return stage === 'draft' ? 'published' : stage;
}

function sunsetHasPassed({ state, service, context, isForced }: Situation): Refusal | null {
  if (isForced) return null;
  const sunset = service.deprecation?.sunsetWallMs ?? null;
  if (sunset !== null && sunset <= context.wallMs) return null;
  let subscribers = 0;
  for (const { state: standing } of state.of('subscription', 'serviceId', service.id))
    if (standing === 'approved' || standing === 'suspended') subscribers += 1;
  const why =
    service.stage === 'published'
      ? 'is not deprecated'
      : sunset === null
        ? 'has no sunset'
        : `is to be served until ${new Date(sunset).toISOString()}`;
  const users = plural(subscribers, 'application subscribes', 'applications subscribe');
  const cure = 'deprecate it with a sunset and wait for that, or retire it with `force`';
  return refuse('conflict', `service ${service.id} ${why}, and ${users} to it: ${cure}`);
}

/** Its subscribers had a sunset to read; those who ask its models behind a prompt of their own know of none. */
function nobodyBorrows({ state, service, isForced }: Situation): Refusal | null {
  if (isForced) return null;
  const loans = loansOf(state, service);
  return loans.length === 0
    ? null
    : refuse(
        'conflict',
        `other services of team ${service.teamId} ask its models and would be served no longer: ${tellLoans(loans)}: give them other models, or retire it with \`force\``,
      );
}

function pathIsFree({ state, service, context }: Situation): Refusal | null {
  const taken = takenBy(state, service, context);
  return taken === null
    ? null
    : refuse('conflict', `${taken.message}: give service ${service.id} another base path first`);
}

function hasRelease({ state, service }: Situation): Refusal | null {
  return state.countOf('release', 'serviceId', service.id) > 0
    ? null
    : refuse('conflict', `service ${service.id} has no release`);
}

export type SubscriptionStep = 'approve' | 'reject' | 'suspend' | 'resume';
type SubscriptionState = Subscription['state'];

export const subscriptionSteps: Readonly<
  Record<SubscriptionStep, { readonly from: readonly SubscriptionState[]; readonly to: SubscriptionState }>
> = {
  approve: { from: ['pending', 'rejected'], to: 'approved' },
  reject: { from: ['pending'], to: 'rejected' },
  suspend: { from: ['approved'], to: 'suspended' },
  resume: { from: ['suspended'], to: 'approved' },
};
