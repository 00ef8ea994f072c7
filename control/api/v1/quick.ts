/**
 * From a server, or an OpenAPI document, to something that can be called, in one request: a service that is published, and an application of the same
 * team that is subscribed to it, with a key that is shown in the answer.
 *
 *   POST /v1/services/quick {id, server | document, …}
 *
 * Each step is a command of its own, and decided by its own rights. Where one is refused, what was done before it stays, and the same request goes on
 * from there: a service that was never published gets its design anew, and one that was with this very design is left as it is, like an
 * application and a subscription that are there.
 */
import * as z from 'zod';
import { contractCharsMax } from '../../model/bounds.js';
import type { AppKey, Service, Subscription } from '../../model/entities.js';
import type { Executed } from '../../registry/registry.js';
import { type ApiAnswer, type ApiRequest, type ApiRoute, apiRoute, type Caller } from './api-route.js';
import { checkedDraft, DESIGN_BYTES_MAX } from './designs.js';
import { madeOf } from './executed.js';
import { faultyDocument } from './import.js';
import { execute, type ManagementSources } from './management.js';
import { type ApiProblem, forbidden, notDone, refusal } from './problems.js';
import type { Drawn } from './quick-design.js';
import { briefOf } from './services.js';

const body = z.strictObject({
  id: z.string().min(1).max(63).describe('Of the service.'),
  server: z
    .string()
    .max(2_048)
    .default('')
    .describe('Where requests go: http://127.0.0.1:9000. Beside a document: in place of the one that it names.'),
  document: z
    .string()
    .max(contractCharsMax)
    .default('')
    .describe('OpenAPI 3.x, JSON or YAML. Left out: the server alone.'),
  teamId: z
    .string()
    .max(64)
    .default('')
    .describe('Left out: the only one of the caller. An operator gets the team `default` made where there is none.'),
  name: z.string().max(100).default('').describe('Left out: the title of the document, or the id.'),
  basePath: z.string().max(500).default('').describe('Where it lies. Left out: `/` and the id.'),
  access: z.enum(['open', 'key']).default('key').describe('`open`: no key is needed, and none is made.'),
  visibility: z.enum(['team', 'organisation', 'public']).default('team'),
  applicationId: z.string().max(63).default('').describe('Who calls it. Left out: the id of the service and `-app`.'),
});

type Wanted = z.output<typeof body>;

export function quickRoutes(sources: ManagementSources): readonly ApiRoute[] {
  const route = apiRoute<Record<string, never>, Wanted>({
    ...{ method: 'POST', path: '/v1/services/quick', name: 'quickService', area: 'services', success: 201 },
    summary: 'A service that is published, with an application and its key, out of a server or an OpenAPI document',
    needs: { team: 'developer' },
    teamOf: ({ caller, body: wanted }) => meantTeam(sources, caller, wanted),
    body,
    bodyBytesMax: DESIGN_BYTES_MAX,
    handle: (request) => made(new Steps(sources, request), request),
  });
  return [route];
}

/** Commands of one request, one after the other. What was seen of a version, and its key, are about none of them alone. */
class Steps {
  readonly sources: ManagementSources;
  readonly #asked: { readonly caller: Caller; readonly expected: undefined; readonly idempotencyKey: undefined };

  constructor(sources: ManagementSources, { caller }: Pick<ApiRequest<unknown, unknown>, 'caller'>) {
    this.sources = sources;
    this.#asked = { caller, expected: undefined, idempotencyKey: undefined };
  }

  run(what: string, input: object, facts?: Parameters<typeof execute>[4]): Promise<Executed> {
    return execute(this.sources, this.#asked, what, input, facts);
  }
}

async function made(steps: Steps, request: ApiRequest<unknown, Wanted>): Promise<ApiAnswer> {
  const { caller, body: wanted } = request;
  const areas = wanted.access === 'open' ? [] : ['applications', 'subscriptions'];
  const closed = areas.find((area) => !caller.reaches(area, 'write'));
  if (closed !== undefined) return forbidden(`This also writes ${closed}, where the token does not reach.`);
  const drawn = await drawnOf(wanted);
  if ('problem' in drawn) return drawn;
  const team = await teamOf(steps, caller, wanted);
  if (typeof team !== 'string') return team;
  const other = otherDraft(steps, team, wanted);
  if (other !== null) return other;
  const application = wanted.access === 'open' ? null : await applicationOf(steps, team, wanted);
  if (typeof application === 'object' && application !== null) return application;
  const service = await published(steps, { ...wanted, teamId: team }, drawn);
  if ('problem' in service) return service;
  const called = application === null ? nobodyCalls : await subscribed(steps, service, application);
  if ('problem' in called) return called;
  const path = `${service.basePath}${drawn.firstPath}`;
  const gateway = steps.sources.gateway?.() ?? null;
  const url = gateway === null ? null : `${gateway}${path}`;
  return { status: 201, body: { service: briefOf(service), path, url, ...called, faults: drawn.faults } };
}

/** What to draw is loaded here: nobody who makes nothing this way needs it. */
async function drawnOf({ server, document }: Wanted): Promise<(Drawn & { design: Service['draft'] }) | ApiProblem> {
  if (server === '' && document === '')
    return refusal(422, 'Faulty Input', 'Say where requests go (`server`), or send an OpenAPI document (`document`).');
  const { designOfDocument, designOfServer } = await import('./quick-design.js');
  const drawn = document === '' ? designOfServer(server) : designOfDocument(document, server);
  const { design } = drawn;
  return design === null ? faultyDocument(drawn.faults) : { ...drawn, design };
}

const TEAM = { id: 'default', name: 'Default' };

/** In which team: the one that is named; else one that the caller designs in, or is in at all; of an operator the one that is made. */
function meantTeam({ registry }: ManagementSources, caller: Caller, { teamId }: Wanted): string | null {
  if (teamId !== '') return teamId;
  const first = (where: (role: string | null) => boolean): string | undefined =>
    registry.list('team', { max: 1, where: ({ id }) => where(caller.roleIn(id)) }).items[0]?.id;
  const found = first((role) => role === 'owner' || role === 'developer') ?? first((role) => role !== null);
  return found ?? (caller.isOperator ? TEAM.id : null);
}

async function teamOf(steps: Steps, caller: Caller, { teamId }: Wanted): Promise<string | ApiProblem> {
  if (teamId !== '') return teamId;
  const mayDesign = (id: string): boolean => ['owner', 'developer'].includes(caller.roleIn(id) ?? '');
  const { items } = steps.sources.registry.list('team', { max: 2, where: ({ id }) => mayDesign(id) });
  const [only, another] = items;
  if (only !== undefined && another === undefined) return only.id;
  if (only !== undefined)
    return refusal(422, 'Faulty Input', 'Say which team it belongs to (`teamId`): you have several.');
  if (!caller.reaches('teams', 'write')) return forbidden('This also writes teams, where the token does not reach.');
  const team = await steps.run('team.create', TEAM);
  return team.ok ? TEAM.id : notDone(team);
}

async function published(
  steps: Steps,
  { id, teamId, name, basePath, access, visibility }: Wanted,
  { design, title }: Drawn & { design: Service['draft'] },
): Promise<Service | ApiProblem> {
  const { sources } = steps;
  const known = sources.registry.get('service', id);
  const last = known === null ? null : sources.registry.get('release', `${id}@${known.lastRelease}`);
  if (known?.teamId === teamId && last !== null && JSON.stringify(last.design) === JSON.stringify(design)) return known;
  if (known === null || known.teamId !== teamId || known.lastRelease > 0) {
    // Whoever is in the team may call it at once; others are asked about, as soon as they may find it.
    const plan = { id: 'default', name: 'Default', limits: [], approval: visibility === 'team' ? 'auto' : 'manual' };
    const created = await steps.run('service.create', {
      ...{ id, teamId, access, visibility },
      name: name || title.slice(0, 100) || id,
      basePath: basePath || `/${id}`,
      plans: access === 'key' ? [plan] : [],
    });
    if (!created.ok) return notDone(created);
  }
  const set = await steps.run('service.set-draft', { id, draft: design });
  if (!set.ok) return notDone(set);
  const service = madeOf(set, 'service') ?? sources.registry.get('service', id);
  if (service === null) return refusal(409, 'Conflict', `Somebody has ended ${id} meanwhile.`);
  const conflict = sources.conflictOf(service);
  if (conflict !== null)
    return refusal(409, 'Conflict', `${conflict} The draft of ${id} is there, and nothing is served.`);
  const { ok, faults } = checkedDraft(sources, service, '');
  if (!ok) {
    const errors = faults.filter(({ severity }) => severity === 'error');
    const [first] = errors;
    const detail = `The draft of ${id} is there, and can’t be served: \`${first?.path}\` ${first?.message}`;
    return refusal(422, 'Faulty Draft', detail, { faults: errors });
  }
  const executed = await steps.run('service.publish', { id, notes: '', share: 100, name: '' });
  if (!executed.ok) return notDone(executed);
  return madeOf(executed, 'service') ?? service;
}

/** One that was never published would be published as it is, and not as it is asked for. */
function otherDraft({ sources }: Steps, teamId: string, wanted: Wanted): ApiProblem | null {
  const { id, access, visibility } = wanted;
  const known = sources.registry.get('service', id);
  if (known?.teamId !== teamId || known.lastRelease > 0) return null;
  const others = differing(known, { access, visibility, basePath: wanted.basePath || `/${id}` });
  if (others.length === 0) return null;
  const detail = `There is a draft of ${id} with ${others.join(' and ')}: ask for it so, or end it first.`;
  return refusal(409, 'Conflict', detail);
}

function differing(known: Service, wanted: Pick<Service, 'access' | 'visibility' | 'basePath'>): string[] {
  const words = ['access', 'visibility', 'basePath'] as const;
  return words.flatMap((word) => (known[word] === wanted[word] ? [] : [`\`${word}\` ${known[word]}`]));
}

interface Called {
  readonly application: string | null;
  /** `approved`, or `pending` where somebody else has to say yes. */
  readonly subscription: Subscription['state'] | null;
  readonly key: (Pick<AppKey, 'id' | 'name' | 'lastFour'> & { readonly key: string }) | null;
}

const nobodyCalls: Called = { application: null, subscription: null, key: null };

/** Before anything is served: another team may have one of that id. */
async function applicationOf(
  steps: Steps,
  teamId: string,
  { applicationId, id }: Wanted,
): Promise<string | ApiProblem> {
  const application = applicationId || `${id.slice(0, 59)}-app`;
  if (steps.sources.registry.get('application', application)?.teamId === teamId) return application;
  const created = await steps.run('application.create', { id: application, teamId, name: application });
  return created.ok ? application : notDone(created);
}

async function subscribed(steps: Steps, service: Service, application: string): Promise<Called | ApiProblem> {
  const state = await subscriptionOf(steps, service, application);
  if (typeof state !== 'string') return state;
  const secret = steps.sources.drawKey();
  const credential = { sha256: steps.sources.sha256(secret), lastFour: secret.slice(-4) };
  const executed = await steps.run('key.create', { applicationId: application, name: 'first' }, { credential });
  if (!executed.ok) return notDone(executed);
  const key = madeOf(executed, 'key');
  if (key === null) return refusal(409, 'Conflict', `Somebody has ended ${application} meanwhile.`);
  const { id: keyId, name, lastFour } = key;
  return { application, subscription: state, key: { id: keyId, name, lastFour, key: secret } };
}

/** Approved at once where the caller may do that as well. */
async function subscriptionOf(
  steps: Steps,
  { id, plans }: Service,
  applicationId: string,
): Promise<Subscription['state'] | ApiProblem> {
  const own = [...steps.sources.registry.of('subscription', 'applicationId', applicationId)];
  let subscription = own.find(({ serviceId, state }) => serviceId === id && state !== 'rejected') ?? null;
  if (subscription === null) {
    const input = { serviceId: id, applicationId, planId: plans[0]?.id ?? '' };
    const created = await steps.run('subscription.create', input);
    if (!created.ok) return notDone(created);
    subscription = madeOf(created, 'subscription');
  }
  if (subscription?.state !== 'pending') return subscription?.state ?? 'pending';
  const approved = await steps.run('subscription.approve', { id: subscription.id, opinion: '' });
  return approved.ok ? 'approved' : 'pending';
}
