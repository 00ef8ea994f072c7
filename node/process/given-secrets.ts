/**
 * Secrets of the registry as this process has been given them: sealed for a key that it has drawn, kept in memory alone, under names that no variable
 * of an environment has. Owns that key, and what fills `${…}` in texts of snapshots.
 */
import { drawBoxKey } from '@weir/proto/signing/sealed-box.js';
import type { Environment } from '@weir/proto/snapshot/secret-text.js';

export interface GivenSecrets {
  /** The process's own variables, and what it was given. */
  readonly environment: Environment;
  readonly publicKey: string;
  /** All there are from now on; undefined: none. Throws with the reason. */
  take(sealed: Uint8Array | undefined): void;
}

const PREFIX = 'secret:';

export function givenSecrets(own: Environment): GivenSecrets {
  const key = drawBoxKey();
  const environment: Record<string, string | undefined> = { ...own };
  return {
    environment,
    publicKey: key.publicKey,
    take(sealed) {
      const values = sealed === undefined ? {} : valuesOf(key.open(sealed));
      for (const name of Object.keys(environment))
        if (name.startsWith(PREFIX) && !Object.hasOwn(values, name)) delete environment[name];
      Object.assign(environment, values);
    },
  };
}

function valuesOf(opened: Uint8Array | null): Record<string, string> {
  if (opened === null) throw new Error('the secrets that came with the snapshot were not sealed for this process');
  const values: unknown = JSON.parse(new TextDecoder().decode(opened));
  if (typeof values !== 'object' || values === null)
    throw new Error('the secrets that came with the snapshot are none');
  const texts = Object.entries(values).filter(([name, text]) => name.startsWith(PREFIX) && typeof text === 'string');
  return Object.fromEntries(texts) as Record<string, string>; // Each of them is a text.
}
