/** Who may ask the admin API of `weir up` and of `weir control`. */
import type { AdminAccess } from '@weir/control/api/server.js';
import { createCallers } from '@weir/control/people/callers.js';
import { isSameText, sha256Hex } from '@weir/control/people/digests.js';
import { openLocalToken } from '@weir/control/people/local-token.js';

export interface AccessOptions {
  readonly dataFolder: string;
  readonly version: string;
  readonly say: (text: string) => void;
}

/** Whoever may read the data folder, and nobody else. */
export function openAccess({ dataFolder, version, say }: AccessOptions): AdminAccess {
  const localSha256 = openLocalToken(dataFolder, say);
  const registry = { get: () => null, tokenByHash: () => null };
  const callers = createCallers({ registry, sha256: sha256Hex, isSame: isSameText, localSha256, wallMs: Date.now });
  return { callers, routes: [], publicUrl: null, version };
}
