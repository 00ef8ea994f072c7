/** What the routes of /v1 about services and applications work with, in `weir up` and in `weir control`. */
import type { CallsLately, ManagementSources } from '@weir/control/api/v1/management.js';
import type { Insight } from '@weir/control/insight/insight.js';
import { stepMs } from '@weir/control/insight/point.js';
import { pointsSince } from '@weir/control/insight/since.js';
import type { Secret } from '@weir/control/model/entities.js';
import { drawCredential, sha256Hex } from '@weir/control/people/digests.js';
import { namesOf, placeConflict, placeShadowed } from '@weir/control/publish/managed/merge-managed.js';
import { readPublicKey } from '@weir/control/publish/public-keys.js';
import type { Registry } from '@weir/control/registry/registry.js';
import { reachableAddress } from '@weir/proto/bus/address.js';
import type { WeirConfig } from '@weir/proto/config/document.js';
import type { Gateway } from './send-try.js';

export interface ManagementParts {
  readonly registry: Registry;
  /** The weir.yaml in force, as it was compiled; null: none was. */
  readonly config: () => WeirConfig | null;
  readonly secrets: {
    seal(id: string, text: string): string;
    canOpen(secret: Secret): boolean;
    /** Left out: it always takes some. */
    whyNot?(): string | null;
  };
  /** Paths that no service may have. */
  readonly reservedPaths: () => readonly string[];
  readonly insight: Insight;
  /** Left out: this control has no gateway on its machine. */
  readonly gateway?: () => Gateway | null;
}

const KEY_PREFIX = 'weir_k_';
const LATELY_MS = 15 * 60_000;

export function managementSources(parts: ManagementParts): ManagementSources {
  const { registry, config, secrets, insight, reservedPaths, gateway = () => null } = parts;
  return {
    ...{ registry, wallMs: Date.now, sha256: sha256Hex, readPublicKey, drawKey: () => drawCredential(KEY_PREFIX) },
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
    ...{ reservedPaths, seal: (id: string, text: string) => secrets.seal(id, text) },
    whyNotSeal: () => secrets.whyNot?.() ?? null,
    canOpen: (secret) => secrets.canOpen(secret),
    callsOf: (id) => callsLately(insight, id, registry.get('service', id)?.createdWallMs ?? 0),
    gateway() {
      const listening = gateway();
      return listening === null ? null : `${listening.tls ? 'https' : 'http'}://${reachableAddress(listening)}`;
    },
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
