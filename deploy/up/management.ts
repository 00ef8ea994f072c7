/** What the routes of /v1 about services and applications work with, in `weir up` and in `weir control`. */
import type { CallsLately, ManagementSources } from '@weir/control/api/v1/management.js';
import type { Insight } from '@weir/control/insight/insight.js';
import { stepMs } from '@weir/control/insight/point.js';
import { pointsSince } from '@weir/control/insight/since.js';
import { drawCredential, sha256Hex } from '@weir/control/people/digests.js';
import { namesOf, placeConflict, placeShadowed } from '@weir/control/publish/managed/merge-managed.js';
import type { Registry } from '@weir/control/registry/registry.js';
import type { WeirConfig } from '@weir/proto/config/document.js';
import type { RegistrySecrets } from './registry-secrets.js';

export interface ManagementParts {
  readonly registry: Registry;
  /** The weir.yaml in force, as it was compiled; null: none was. */
  readonly config: () => WeirConfig | null;
  readonly secrets: RegistrySecrets;
  readonly insight: Insight;
}

const KEY_PREFIX = 'weir_k_';
const LATELY_MS = 15 * 60_000;

export function managementSources({ registry, config, secrets, insight }: ManagementParts): ManagementSources {
  return {
    ...{ registry, wallMs: Date.now, sha256: sha256Hex, drawKey: () => drawCredential(KEY_PREFIX) },
    names: () => {
      const known = config();
      return known === null ? { models: [], prompts: [], guards: [] } : namesOf(known);
    },
    conflictOf: (service) => {
      const known = config();
      return known === null ? null : placeConflict(known, service);
    },
    shadowedBy: (service) => {
      const known = config();
      return known === null ? null : placeShadowed(known, service);
    },
    seal: secrets.seal,
    callsOf: (id) => callsLately(insight, id, registry.get('service', id)?.createdWallMs ?? 0),
  };
}

/** `bornWallMs`: what was called before that was another one of that id. */
function callsLately(insight: Insight, serviceId: string, bornWallMs: number): CallsLately | null {
  const nowMs = Date.now();
  const window = { fromMs: nowMs - LATELY_MS, toMs: nowMs + stepMs['1m'], bornWallMs };
  const points = pointsSince(insight.series, `service:${serviceId}`, '1m', window);
  if (points.length === 0) return null;
  const sum = (of: 'requests' | 'errors' | 'timeouts'): number => points.reduce((all, point) => all + point[of], 0);
  const p95Ms = points.reduce((most, { p95 }) => Math.max(most, p95 ?? 0), 0);
  return { requests: sum('requests'), errors: sum('errors'), timeouts: sum('timeouts'), p95Ms };
}
