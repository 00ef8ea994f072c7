/**
 * A service out of an OpenAPI document: POST /v1/services/import makes one as a draft, or gives one that is there another draft. What is sent is the
 * document itself, JSON or YAML, up to 5 MiB, and is taken for hostile (control/contract).
 */
import * as z from 'zod';
import type { ContractFault } from '../../contract/contract-faults.js';
import { type ApiAnswer, type ApiRoute, apiRoute } from './api-route.js';
import { madeOf } from './executed.js';
import { execute, type ManagementSources } from './management.js';
import { type ApiProblem, notDone, refusal } from './problems.js';
import { briefOf } from './services.js';

const DOCUMENT_BYTES_MAX = 5 * 1024 * 1024;

const query = z.strictObject({
  id: z.string().min(1).max(64).describe('Of the service.'),
  teamId: z.string().min(1).max(64).optional().describe('Of a new one; of one that is there it stays.'),
  name: z.string().min(1).max(200).optional().describe('Left out: the title of the document.'),
  basePath: z.string().min(1).max(500).optional().describe('Where it lies; left out: `/` and the id.'),
  access: z.enum(['open', 'key']).default('key'),
  visibility: z.enum(['team', 'organisation', 'public']).default('team').describe('Of a new one.'),
});

type Asked = z.output<typeof query>;

export function importRoutes(sources: ManagementSources): readonly ApiRoute[] {
  const { registry } = sources;
  return [
    apiRoute<Asked, string>({
      ...{ method: 'POST', path: '/v1/services/import', name: 'importService', area: 'services', success: 201 },
      summary: 'A draft out of an OpenAPI document: of a new service, or of one that is there',
      needs: { team: 'developer' },
      teamOf: ({ query: { id, teamId } }) => registry.get('service', id)?.teamId ?? teamId ?? null,
      query,
      body: z.string().min(1).max(DOCUMENT_BYTES_MAX),
      ...{ bodyIs: 'text', bodyBytesMax: DOCUMENT_BYTES_MAX },
      async handle(request): Promise<ApiAnswer> {
        const { id, teamId = '', name, basePath = `/${id}`, access, visibility } = request.query;
        // Loaded here: nobody who does not import needs it.
        const [{ readContract }, { designOf }] = await Promise.all([
          import('../../contract/read.js'),
          import('../../contract/to-design.js'),
        ]);
        const { contract, faults } = readContract(request.body);
        if (contract === null) return faultyDocument(faults);
        const { design, summary, faults: designed } = designOf(contract);
        if (registry.get('service', id) === null) {
          const title = name ?? (summary.title === '' ? id : summary.title.slice(0, 200));
          const plans = access === 'key' ? [{ id: 'default', name: 'Default', limits: [], approval: 'manual' }] : [];
          const made = await execute(sources, request, 'service.create', {
            ...{ id, teamId, name: title, basePath, access, visibility, plans },
          });
          if (!made.ok) return notDone(made);
        }
        const set = await execute(
          sources,
          // The version that was seen is of the service as it was, and its key has been used by the line above.
          { ...request, expected: undefined, idempotencyKey: undefined },
          'service.set-draft',
          { id, draft: design },
        );
        if (!set.ok) return notDone(set);
        const service = madeOf(set, 'service');
        const body = {
          ...(service === null ? {} : { service: briefOf(service) }),
          summary,
          faults: [...faults, ...designed],
        };
        return { status: 201, body, ...(service === null ? {} : { version: service.version }) };
      },
    }),
  ];
}

const SHOWN_MAX = 100;

export function faultyDocument(faults: readonly ContractFault[]): ApiProblem {
  const errors = faults.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  const where = first === undefined || first.pointer === '' ? '' : `${first.pointer}: `;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return refusal(422, 'Faulty Document', `${where}${first?.message ?? 'It can not be read.'}${more}`, {
    faults: errors
      .slice(0, SHOWN_MAX)
      .map(({ pointer, line, message, cure }) => ({ path: pointer, line, message, cure })),
  });
}
