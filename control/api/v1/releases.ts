/**
 * Releases of a service, and which of them are served to whom.
 *
 *   GET|POST /v1/services/{id}/releases               POST publishes the draft
 *   GET      /v1/services/{id}/releases/{number}
 *   GET      /v1/services/{id}/releases/{a}/diff/{b}
 *   PUT      /v1/services/{id}/live                    canary, promotion, the way back
 */

import type { ContractChange } from '../../contract/breaking.js';
import * as inputs from '../../model/command-inputs.js';
import type { Release, Service } from '../../model/entities.js';
import { wholeDiff } from '../../publish/line-diff.js';
import { type ApiAnswer, type ApiRoute, apiRoute } from './api-route.js';
import { checkedDraft, unservable, warningsOf, yamlServed } from './designs.js';
import { answerMade } from './executed.js';
import { execute, idOf, type ManagementSources, teamOfService } from './management.js';
import { missing, refusal } from './problems.js';
import { shownService } from './services.js';

export function releaseRoutes(sources: ManagementSources): readonly ApiRoute[] {
  return [list(sources), publish(sources), get(sources), diff(sources), live(sources)];
}

const base = { area: 'services' } as const;
const RELEASES = '/v1/services/{id}/releases';

/** Without its design. */
function briefOf({ design, ...rest }: Release) {
  const { upstreams, routes, validate, mock, contract } = design;
  return { ...rest, upstreams: upstreams.length, routes: routes.length, validate, mock, hasContract: contract !== '' };
}

function list(sources: ManagementSources): ApiRoute {
  const { registry } = sources;
  return apiRoute({
    ...{ ...base, method: 'GET', path: RELEASES, name: 'listReleases', needs: { team: 'viewer' } },
    summary: 'Releases, the last one first',
    teamOf: teamOfService(sources),
    async handle(request) {
      const all = [...registry.of('release', 'serviceId', idOf(request))].sort((a, b) => b.number - a.number);
      return { status: 200, body: { items: all.map(briefOf), next: null } };
    },
  });
}

function publish(sources: ManagementSources): ApiRoute {
  const { registry } = sources;
  return apiRoute({
    ...{ ...base, method: 'POST', path: RELEASES, name: 'publishService', success: 201, needs: { team: 'developer' } },
    summary: 'Publish the draft as the next release, for all callers or for a share of them',
    teamOf: teamOfService(sources),
    body: inputs.publication.omit({ id: true }),
    async handle(request): Promise<ApiAnswer> {
      const id = idOf(request);
      const service = registry.get('service', id);
      if (service === null) return missing;
      const conflict = sources.conflictOf(service);
      if (conflict !== null) return refusal(409, 'Conflict', conflict);
      const { name } = request.body;
      const { ok, faults } = checkedDraft(sources, service, name);
      if (!ok) {
        const errors = faults.filter(({ severity }) => severity === 'error');
        const [first] = errors;
        const detail = `The draft can’t be served: \`${first?.path}\` ${first?.message}`;
        return refusal(422, 'Faulty Draft', detail, { faults: errors });
      }
      // What was looked at is what is published: another draft that came meanwhile is 412.
      const seen = { ...request, expected: request.expected ?? service.version };
      const executed = await execute(sources, seen, 'service.publish', { ...request.body, id });
      const location = ({ number }: Release): string => `/v1/services/${id}/releases/${number}`;
      const warnings = warningsOf(sources, service, request.caller.actor);
      const show = (release: Release) => ({ ...briefOf(release), warnings });
      return answerMade(executed, { status: 201, kind: 'release', show, location });
    },
  });
}

function releaseOf({ registry }: ManagementSources, id: string, number: string | undefined): Release | null {
  return registry.get('release', `${id}@${Number(number)}`);
}

function get(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'GET', path: `${RELEASES}/{number}`, name: 'getRelease', needs: { team: 'viewer' } },
    summary: 'A release with its design',
    teamOf: teamOfService(sources),
    async handle(request) {
      const release = releaseOf(sources, idOf(request), request.params['number']);
      return release === null ? missing : { status: 200, body: release, version: release.version };
    },
  });
}

function diff(sources: ManagementSources): ApiRoute {
  const { registry } = sources;
  return apiRoute({
    ...{ ...base, method: 'GET', path: `${RELEASES}/{a}/diff/{b}`, name: 'compareReleases', needs: { team: 'viewer' } },
    summary: 'What differs between two releases, in the lines of weir.yaml that they stand for',
    teamOf: teamOfService(sources),
    async handle(request) {
      const service = registry.get('service', idOf(request));
      const [a, b] = [request.params['a'], request.params['b']].map((number) =>
        releaseOf(sources, idOf(request), number),
      );
      if (!service || !a || !b) return missing;
      const linesOf = ({ design }: Release): string[] => {
        // Under the number of neither, or every line with an id would differ.
        const text = yamlServed(sources, service, [{ release: 0, share: 100, name: '', design }]);
        return text === '' ? [] : text.trimEnd().split('\n');
      };
      const changes = wholeDiff(linesOf(a), linesOf(b));
      return { status: 200, body: { changes, breaking: await breaking(service, a, b) } };
    },
  });
}

/** What the later one does to whoever calls the earlier one; empty where one of them has no contract, nor prompts, nor models. */
async function breaking(service: Service, before: Release, after: Release): Promise<readonly ContractChange[]> {
  const [{ contractChanges }, { readContract }, { modelsDocument }] = await Promise.all([
    import('../../contract/breaking.js'),
    import('../../contract/read.js'),
    import('../../contract/models-document.js'),
  ]);
  const textOf = ({ design }: Release): string => {
    const own = modelsDocument(service, design);
    return own === null ? design.contract : JSON.stringify(own);
  };
  const [first, second] = [textOf(before), textOf(after)];
  if (first === '' || second === '' || first === second) return [];
  const [earlier, later] = [readContract(first).contract, readContract(second).contract];
  return earlier === null || later === null ? [] : contractChanges(earlier, later);
}

function live(sources: ManagementSources): ApiRoute {
  const { registry } = sources;
  return apiRoute({
    ...{ ...base, method: 'PUT', path: '/v1/services/{id}/live', name: 'setLive', needs: { team: 'developer' } },
    summary: 'Which releases are served, to which share of the callers, under which names of versions',
    teamOf: teamOfService(sources),
    body: inputs.liveChange.omit({ id: true }),
    async handle(request): Promise<ApiAnswer> {
      const id = idOf(request);
      const service = registry.get('service', id);
      if (service === null) return missing;
      const { live, versioning = service.versioning } = request.body;
      const refused = unservable(sources, { ...service, versioning }, live);
      if (refused !== null) return refused;
      // What was looked at is what is changed.
      const seen = { ...request, expected: request.expected ?? service.version };
      return answerMade(await execute(sources, seen, 'service.set-live', { ...request.body, id }), shownService);
    },
  });
}
