/** The consumers of one snapshot and how their credentials are checked. */
import type { JwtKeysSpec } from '@weir/proto/snapshot/snapshot.js';

export interface Credentials {
  /** Consumer id of an API key, or null. Synchronous: this is on the hot path. */
  consumerOfKey(key: string): string | null;
  /** Consumer id of a Basic credential; a password check is slow on purpose, so known good ones are remembered. */
  consumerOfBasic(username: string, password: string): Promise<string | null>;
  readonly jwtKeys: (spec: JwtKeysSpec) => unknown;
}
