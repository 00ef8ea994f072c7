/**
 * Secrets of teams on their way to nodes: sealed in the registry, opened here for what is compiled, and sealed again for each node by its
 * supervisor. Owns which of them nodes are given: those of the config that is offered, and of the one before, which nodes may go back to.
 */
import type { Entities } from '@weir/control/model/entities.js';
import type { Registry } from '@weir/control/registry/registry.js';
import type { Sealing } from '@weir/control/secrets/seal.js';

export interface RegistrySecrets {
  seal(id: string, text: string): string;
  /** Whether nodes could be given it. */
  canOpen(secret: Entities['secret']): boolean;
  /** What the next offer needs, as `TEAM/NAME`. */
  want(ids: readonly string[]): void;
  /** As nodes name them: `secret:TEAM/NAME` to the text. */
  values(): Readonly<Record<string, string>>;
}

/** The key is asked for when it is needed; `sealing` throws where it can be neither read nor made. */
export function registrySecrets(registry: Pick<Registry, 'get'>, sealing: () => Sealing): RegistrySecrets {
  let wanted: readonly string[] = [];
  let before: readonly string[] = [];
  const known = new WeakMap<Entities['secret'], string | null>();
  const open = (secret: Entities['secret']): string | null => {
    const text = known.get(secret) ?? opened(sealing, secret);
    known.set(secret, text);
    return text;
  };
  return {
    seal: (id, text) => sealing().seal(id, text),
    canOpen: (secret) => open(secret) !== null,
    want(ids) {
      before = wanted;
      wanted = ids;
    },
    values() {
      const values: Record<string, string> = {};
      for (const id of [...before, ...wanted]) {
        const secret = registry.get('secret', id);
        const text = secret === null ? null : open(secret);
        if (text !== null) values[`secret:${id}`] = text;
      }
      return values;
    },
  };
}

/** Those that bytes of a snapshot name: of one that is kept nobody knows what it was made of. */
export function secretsNamedIn(bytes: Uint8Array, all: Iterable<Entities['secret']>): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return [...all].flatMap(({ id }) => (text.includes(`\${secret:${id}}`) ? [id] : []));
}

/** A service whose secret can't be opened is not served, and says so; all others are. */
function opened(sealing: () => Sealing, { id, sealed }: Entities['secret']): string | null {
  try {
    return sealing().open(id, sealed);
  } catch {
    return null;
  }
}
