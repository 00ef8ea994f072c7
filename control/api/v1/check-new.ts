/**
 * A service that is not there yet, looked at as a form is filled in: what is wrong with it and with its design, and the lines of weir.yaml that it
 * would come to. Nothing is kept.
 *
 *   POST /v1/services/check {service, draft, secrets}
 */
import * as z from 'zod';
import * as inputs from '../../model/command-inputs.js';
import { createService } from '../../model/decide-services.js';
import type { Service } from '../../model/entities.js';
import { secretNameText } from '../../model/inputs.js';
import { checkDraft, type DraftFault } from '../../publish/managed/check-draft.js';
import { type ApiRoute, apiRoute } from './api-route.js';
import { checkRate } from './check-rates.js';
import { DESIGN_BYTES_MAX, worldOf } from './designs.js';
import type { ManagementSources } from './management.js';

const body = z.strictObject({
  service: inputs.newService,
  draft: inputs.design,
  secrets: z
    .array(secretNameText())
    .max(20)
    .prefault([])
    .describe('Names of secrets that the team will have set before it is published.'),
});

export function checkNewRoutes(sources: ManagementSources): readonly ApiRoute[] {
  const { registry, wallMs, conflictOf } = sources;
  const rateOf = checkRate(wallMs);
  const route = apiRoute({
    ...{ method: 'POST', path: '/v1/services/check', name: 'checkNewService', area: 'services', does: 'read' },
    summary: 'What a service that is not made yet would come to, with its design: faults, and lines of weir.yaml',
    needs: { team: 'developer' },
    teamOf: ({ body: { service } }) => service.teamId,
    body,
    bodyBytesMax: DESIGN_BYTES_MAX,
    async handle({ caller, body: { service: wanted, draft, secrets } }) {
      const waits = rateOf(caller, wanted.teamId, draft);
      if (waits !== null) return waits;
      const context = { actor: caller.actor, wallMs: wallMs(), newId: '', facts: {}, reservedPaths: [] };
      const outcome = createService(registry, wanted, context);
      const [change] = outcome.ok ? outcome.changes : [];
      const service = change?.kind === 'service' ? change.value : null;
      if (outcome.ok && service !== null) {
        const checked = checkNew(service, draft, secrets, sources);
        const conflict = conflictOf(service);
        return { status: 200, body: { ...checked, ok: checked.ok && conflict === null, conflict, diff: [] } };
      }
      const refused = outcome.ok ? [] : (outcome.faults ?? [{ path: '', message: outcome.detail, cure: '' }]);
      const faults: DraftFault[] = refused.map((fault) => ({ severity: 'error', ...fault }));
      return { status: 200, body: { ok: false, faults, yaml: '', routes: [], conflict: null, diff: [] } };
    },
  });
  return [route];
}

function checkNew(service: Service, draft: Service['draft'], secrets: readonly string[], sources: ManagementSources) {
  const world = worldOf(sources);
  const hasSecret = (teamId: string, name: string): boolean => secrets.includes(name) || world.hasSecret(teamId, name);
  // As the first version, where the service tells them apart.
  const name = service.versioning.by === 'none' ? '' : 'v1';
  return checkDraft(service, draft, name, { ...world, hasSecret });
}
