/** Decisions about releases: a draft becomes the next one, which is never changed. Numbers rise for ever. Pure. */
import { refusalOfLoss } from './borrowed-models.js';
import { countMax, releasesPerServiceMax } from './bounds.js';
import { faultsOf } from './decide-services.js';
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
  type Refusal,
  refuse,
} from './decision.js';
import { tooManyDesigns } from './designs.js';
import type { Actor, Change, Design, Release, Service } from './entities.js';
import { refusalOfStep, stageAfter } from './life-cycle.js';
import { liveWith } from './live.js';
import { isAtLeast, roleIn, standingOf } from './permissions.js';
import { sentAnew } from './secret-uses.js';

export interface Publication {
  readonly id: string;
  readonly notes: string;
  /** Of the callers, in percent; below 100 it is a canary beside what is served. */
  readonly share: number;
  /** Of the version; empty without versioning. */
  readonly name: string;
  /** Also where other services lose a model by it. */
  readonly force: boolean;
}

export function releaseId(serviceId: string, number: number): string {
  return `${serviceId}@${number}`;
}

export function publishService(state: ModelState, input: Publication, context: DecisionContext): Outcome {
  const { id, notes, share, name, force } = input;
  const service = state.get('service', id);
  if (service === null) return missing('service', id);
  const refusal = refusalOfStep('publish', { state, service, context, isForced: false });
  if (refusal !== null) return refusal;
  const { draft } = service;
  if (draft.contract === '' && draft.routes.length === 0)
    return invalid('draft', 'has neither routes nor a contract', 'design something first');
  const unsaid =
    refusalOfSecrets(state, service, draft, context.actor) ?? tooManyDesigns(state, service, { more: draft });
  if (unsaid !== null) return unsaid;
  if (state.count('release') >= countMax.release)
    return refuse('conflict', `there are ${countMax.release} releases, which is the most; delete retired services`);
  const number = service.lastRelease + 1;
  const live = liveWith(service.live, { release: number, share, name });
  if ('ok' in live) return live;
  const [first] = live;
  const design = first?.release === number ? draft : state.get('release', releaseId(id, first?.release ?? 0))?.design;
  const loss = force ? null : refusalOfLoss(state, service, design);
  if (loss !== null) return loss;
  const stage = stageAfter('publish', service.stage);
  const next = changed(service, { live, stage, lastRelease: number }, context);
  const release = made<Release>(
    { id: releaseId(id, number), serviceId: id, number, design: draft, notes, byUserId: context.actor.userId },
    context,
  );
  return (
    faultsOf(state, next, context) ?? done([put('service', next), put('release', release), ...givenUp(state, next)])
  );
}

/** A secret that it would send where no release has sent it, which an owner has to publish; null: whoever publishes may. */
export function refusalOfSecrets(
  state: ModelState,
  { id, teamId }: Pick<Service, 'id' | 'teamId'>,
  draft: Design,
  actor: Actor,
): Refusal | null {
  const sent = sentAnew(draft, state.of('release', 'serviceId', id));
  if (sent === null || isAtLeast(roleIn(state, standingOf(state, actor), teamId), 'owner')) return null;
  return refuse(
    'forbidden',
    `no release of ${id} has sent the secret ${sent}: an owner of team ${teamId} publishes that`,
  );
}

/** The oldest that are not served, so that with the new one there are as many as may be kept. */
function givenUp(state: ModelState, { id, live }: Service): Change[] {
  const served = new Set(live.map(({ release }) => release));
  const kept = [...state.of('release', 'serviceId', id)].sort((a, b) => a.number - b.number);
  const tooMany = Math.max(0, kept.length + 1 - releasesPerServiceMax);
  return kept
    .filter(({ number }) => !served.has(number))
    .slice(0, tooMany)
    .map((release) => end('release', release.id));
}
