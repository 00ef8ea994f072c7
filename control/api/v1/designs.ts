/**
 * What a service is made of, before and after it is published.
 *
 *   GET|PUT /v1/services/{id}/draft
 *   POST    /v1/services/{id}/draft/check     its faults, and the lines of weir.yaml that it stands for
 *   GET     /v1/services/{id}/yaml            those of what is served
 *   GET     /v1/services/{id}/contract
 */
import * as z from 'zod';
import * as inputs from '../../model/command-inputs.js';
import { refusalOfSecrets } from '../../model/decide-releases.js';
import type { Actor, Design, LiveRelease, Service } from '../../model/entities.js';
import { wholeDiff } from '../../publish/line-diff.js';
import { asFault, type CheckedDraft, checkDraft, type DraftFault } from '../../publish/managed/check-draft.js';
import { offeredAi } from '../../publish/managed/compose-ai.js';
import { composeService, keyPlacesOf, type ManagedWorld, type Served } from '../../publish/managed/compose-service.js';
import { lintComposed } from '../../publish/managed/projection.js';
import { yamlOfService } from '../../publish/managed/service-yaml.js';
import { type ApiRoute, apiRoute } from './api-route.js';
import { checkRate } from './check-rates.js';
import { answerMade } from './executed.js';
import { KeptTexts } from './kept-texts.js';
import { execute, idOf, type ManagementSources, maySee, teamOfService } from './management.js';
import { type ApiProblem, missing, refusal } from './problems.js';

/** A contract of five million characters, as JSON writes it, and the rest. */
export const DESIGN_BYTES_MAX = 12 * 1024 * 1024;

export function designRoutes(sources: ManagementSources): readonly ApiRoute[] {
  return [getDraft(sources), setDraft(sources), check(sources), yaml(sources), contract(sources)];
}

const base = { area: 'services' } as const;

export function worldOf(sources: ManagementSources): ManagedWorld {
  const { names, registry } = sources;
  const { models, prompts, guards } = names();
  return {
    ...{ models: new Set(models), prompts: new Set(prompts), guards: new Set(guards) },
    aiOf: (teamId, id) => {
      const service = registry.get('service', id);
      return service === null || service.teamId !== teamId ? null : offeredAi(service, servedOf(sources, service));
    },
    hasSecret: (teamId, name) => registry.get('secret', `${teamId}/${name}`) !== null,
  };
}

/** Under the name of a version that it would get where nobody says which: the last one that is served. */
export function checkedDraft(sources: ManagementSources, service: Service, name?: string): CheckedDraft {
  const last = service.live.at(-1)?.name ?? (service.versioning.by === 'none' ? '' : 'v1');
  return checkDraft(service, service.draft, name ?? last, worldOf(sources));
}

/** What is no fault of the draft, and should be known before it is published. */
export function warningsOf(sources: ManagementSources, service: Service, actor: Actor): readonly DraftFault[] {
  const { registry, shadowedBy } = sources;
  const secrets = refusalOfSecrets(registry, service, service.draft, actor);
  const shadowed = shadowedBy(service);
  const warning = (path: string, message: string, cure: string): DraftFault => ({
    ...{ severity: 'warning', path, message, cure },
  });
  return [
    ...(secrets === null
      ? []
      : [warning('routes', secrets.detail, 'have an owner publish it; later releases may be yours')]),
    ...(shadowed === null ? [] : [warning('basePath', shadowed, 'choose another place if that is not meant')]),
  ];
}

/** Releases that are served, with what they are made of. */
export function servedOf(
  { registry }: ManagementSources,
  { id, live }: Pick<Service, 'id' | 'live'>,
): readonly Served[] {
  return live.flatMap((one) => {
    const release = registry.get('release', `${id}@${one.release}`);
    return release === null ? [] : [{ ...one, design: release.design }];
  });
}

/** Why none of it would be served if these were its releases; null: it would, or it is not known. */
export function unservable(
  sources: ManagementSources,
  service: Service,
  live: readonly LiveRelease[] = service.live,
): ApiProblem | null {
  const composed = composeService(service, servedOf(sources, { id: service.id, live }), worldOf(sources));
  const errors = [...composed.findings, ...lintComposed(composed)].filter(({ severity }) => severity === 'error');
  const [first] = errors.map(asFault);
  if (first === undefined) return null;
  const detail = `With that, service ${service.id} could not be served any more: \`${first.path}\` ${first.message}`;
  return refusal(422, 'Would Not Be Served', detail, { faults: errors.slice(0, FAULTS_MAX).map(asFault) });
}

const FAULTS_MAX = 20;

export function yamlServed(sources: ManagementSources, service: Service, served: readonly Served[]): string {
  const composed = composeService(service, served, worldOf(sources));
  return composed.findings.some(({ severity }) => severity === 'error') ? '' : yamlOfService(service, served, composed);
}

function getDraft({ registry, ...sources }: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'GET', path: '/v1/services/{id}/draft', name: 'getDraft', needs: { team: 'viewer' } },
    summary: 'The design that is worked on; its version is that of the service',
    teamOf: teamOfService({ registry, ...sources }),
    async handle(request) {
      const service = registry.get('service', idOf(request));
      return service === null ? missing : { status: 200, body: service.draft, version: service.version };
    },
  });
}

function setDraft(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'PUT', path: '/v1/services/{id}/draft', name: 'setDraft', needs: { team: 'developer' } },
    summary: 'Put another design in its place; it may have faults, which `check` tells',
    teamOf: teamOfService(sources),
    body: inputs.design,
    bodyBytesMax: DESIGN_BYTES_MAX,
    async handle(request) {
      const input = { id: idOf(request), draft: request.body };
      const executed = await execute(sources, request, 'service.set-draft', input);
      return answerMade(executed, { status: 200, kind: 'service', show: ({ draft }) => draft });
    },
  });
}

function check(sources: ManagementSources): ApiRoute {
  const rateOf = checkRate(sources.wallMs);
  return apiRoute({
    ...{ ...base, method: 'POST', path: '/v1/services/{id}/draft/check', name: 'checkDraft', does: 'read' },
    summary:
      'What the draft would come to: its faults, the lines of weir.yaml that it stands for, and what differs from what is served',
    needs: { team: 'viewer' },
    teamOf: teamOfService(sources),
    body: z.strictObject({
      name: z.string().max(32).optional().describe('Of the version; left out: that of the last live release.'),
      draft: inputs.design.optional().describe('Left out: the draft as it is kept.'),
    }),
    bodyBytesMax: DESIGN_BYTES_MAX,
    async handle(request) {
      const service = sources.registry.get('service', idOf(request));
      if (service === null) return missing;
      const { draft = service.draft, name } = request.body;
      const waits = rateOf(request.caller, service.teamId, draft);
      if (waits !== null) return waits;
      const drafted = { ...service, draft };
      const found = checkedDraft(sources, drafted, name);
      const checked = { ...found, faults: [...found.faults, ...warningsOf(sources, drafted, request.caller.actor)] };
      const conflict = sources.conflictOf(service);
      const served = yamlServed(sources, service, servedOf(sources, service));
      const lines = (text: string): string[] => (text === '' ? [] : text.trimEnd().split('\n'));
      const diff = checked.ok ? wholeDiff(lines(served), lines(checked.yaml)) : [];
      return { status: 200, body: { ...checked, ok: checked.ok && conflict === null, conflict, diff } };
    },
  });
}

function yaml(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'GET', path: '/v1/services/{id}/yaml', name: 'getServiceYaml', needs: { team: 'viewer' } },
    summary: 'What is served of it, as lines of weir.yaml',
    teamOf: teamOfService(sources),
    async handle(request) {
      const service = sources.registry.get('service', idOf(request));
      if (service === null) return missing;
      const text = yamlServed(sources, service, servedOf(sources, service));
      return { status: 200, contentType: 'application/yaml', text, version: service.version };
    },
  });
}

/** Of all contracts: the longest design takes five million. */
const CONTRACT_CHARACTERS_MAX = 16 * 1024 * 1024;

function contract(sources: ManagementSources): ApiRoute {
  const kept = new KeptTexts(CONTRACT_CHARACTERS_MAX);
  return apiRoute({
    ...{ ...base, method: 'GET', path: '/v1/services/{id}/contract', name: 'getContract', needs: 'nobody' },
    summary: 'The OpenAPI document of what is served, for whoever finds the service in the catalogue',
    query: z.strictObject({
      format: z.enum(['json', 'yaml']).default('json'),
      release: z.coerce.number().int().positive().optional(),
    }),
    async handle(request) {
      const { registry } = sources;
      const service = registry.get('service', idOf(request));
      if (service === null) return missing;
      const sight = maySee(sources, request.caller, 'service', service);
      const number = request.query.release ?? service.live.at(-1)?.release ?? service.lastRelease;
      const isServed = service.live.some(({ release }) => release === number);
      if (sight === null || (sight === 'catalogue' && !isServed)) return missing;
      const design = registry.get('release', `${service.id}@${number}`)?.design;
      if (design === undefined) return refusal(404, 'No Contract', 'Nothing of this service was published yet.');
      const { format } = request.query;
      // A release is never changed; what else stands in its contract is of the service, and known by its version.
      const { id, version, createdWallMs, changedWallMs } = service;
      // The times tell it from one of its name that was there before.
      const key = JSON.stringify([id, version, createdWallMs, changedWallMs, number, format]);
      const known = kept.get(key);
      const text = known ?? (await writtenContract(service, design, number, format));
      if (known === undefined) kept.put(key, text);
      return { status: 200, contentType: `application/${format}`, text };
    },
  });
}

async function writtenContract(
  service: Service,
  design: Design,
  number: number,
  format: 'json' | 'yaml',
): Promise<string> {
  const version = service.live.find(({ release }) => release === number)?.name ?? '';
  const [{ exportedContract }, { modelsDocument }] = await Promise.all([
    import('../../contract/export.js'),
    import('../../contract/models-document.js'),
  ]);
  const own = modelsDocument(service, design);
  const gateway = { urls: [], keyPlaces: keyPlacesOf(service), version };
  const document = exportedContract(service, design, gateway, ...(own === null ? [] : [own]));
  if (format === 'json') return JSON.stringify(document);
  const { stringify } = await import('yaml');
  return stringify(document, { aliasDuplicateObjects: false });
}
