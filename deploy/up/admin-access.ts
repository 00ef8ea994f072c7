/** Who may ask the admin API of `weir up` and of `weir control`. */
import type { AdminAccess } from '@weir/control/api/server.js';
import type { ApiRoute } from '@weir/control/api/v1/api-route.js';
import { type CallersOptions, createCallers } from '@weir/control/people/callers.js';
import { isSameText, sha256Hex } from '@weir/control/people/digests.js';
import { openLocalToken } from '@weir/control/people/local-token.js';
import type { Registry } from '@weir/control/registry/registry.js';

export interface AccessOptions {
  readonly dataFolder: string;
  readonly version: string;
  readonly say: (text: string) => void;
  /** Left out: there is none, and nobody is known but whoever may read the data folder. */
  readonly registry?: Registry;
  /** Rows of /v1. */
  readonly routes?: readonly ApiRoute[];
}

const nobody: CallersOptions['registry'] = { get: () => null, tokenByHash: () => null };

/** Whoever may read the data folder, and whom the registry knows. */
export function openAccess({ dataFolder, version, say, registry, routes = [] }: AccessOptions): AdminAccess {
  const localSha256 = openLocalToken(dataFolder, say);
  const callers = createCallers({
    registry: registry ?? nobody,
    sha256: sha256Hex,
    isSame: isSameText,
    localSha256,
    wallMs: Date.now,
  });
  return { callers, routes, publicUrl: null, version };
}
