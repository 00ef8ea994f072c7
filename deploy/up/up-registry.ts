/** What people manage, in `weir up`: the registry in the data folder, what it adds to the config, and the key that its secrets are sealed with. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { drawId } from '@weir/control/registry/draw.js';
import { openLogRegistry } from '@weir/control/registry/log-registry.js';
import { openEmbeddedRegistry } from '@weir/control/registry/open-registry.js';
import type { Registry } from '@weir/control/registry/registry.js';
import { KEY_BYTES, type Sealing, sealingWith } from '@weir/control/secrets/seal.js';
import {
  drawnSecretKey,
  parseSecretKey,
  readSecretKey,
  SECRET_KEY_VARIABLE,
} from '@weir/control/secrets/secret-key.js';
import { memoryLog } from '@weir/proto/bus/memory-log.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import type { Fault } from '@weir/proto/config/faults.js';
import { RegistryFeed } from './registry-feed.js';
import { type RegistrySecrets, registrySecrets } from './registry-secrets.js';

export interface House {
  readonly registry: Registry;
  readonly feed: RegistryFeed;
  readonly secrets: RegistrySecrets;
}

const REGISTRY_FILE = 'registry.mdb';
const MEMORY_LOG = { messagesMax: 100_000, bytesMax: 64 * 1024 * 1024 };

/** `dataFolder` null: all of it ends with this process. Throws for a key that is none. */
export async function openHouse(
  { secretKey, say = () => {} }: { readonly secretKey?: string; readonly say?: (text: string) => void },
  dataFolder: string | null,
): Promise<House> {
  let feed: RegistryFeed | null = null;
  const reservedPaths = (): readonly string[] => [feed?.config?.gateway.jobs.prefix ?? '/.weir'];
  const shared = { clock: realClock, wallMs: Date.now, say, reservedPaths };
  const registry =
    dataFolder === null
      ? await openLogRegistry({
          ...{ ...shared, log: memoryLog(MEMORY_LOG), checkpoints: null, writer: 'up', draw: drawId, every: null },
        })
      : await openEmbeddedRegistry({ ...shared, file: join(dataFolder, REGISTRY_FILE) });
  const secrets = registrySecrets(registry, sealingOf(secretKey, dataFolder));
  feed = new RegistryFeed({
    registry,
    clock: realClock,
    wallMs: Date.now,
    say,
    canOpen: (secret) => secrets.canOpen(secret),
  });
  return { registry, feed, secrets };
}

/** What was given is read now, so that a mistake in it is told at the start; one of our own is made with the first secret. */
function sealingOf(file: string | undefined, dataFolder: string | null): () => Sealing {
  const variable = process.env[SECRET_KEY_VARIABLE];
  const given =
    file !== undefined ? readSecretKey(file) : variable ? parseSecretKey(variable, SECRET_KEY_VARIABLE) : null;
  let sealing: Sealing | null = given === null ? null : sealingWith(given);
  return () => {
    sealing ??= sealingWith(
      dataFolder === null ? randomBytes(KEY_BYTES) : drawnSecretKey(join(dataFolder, 'secret.key')),
    );
    return sealing;
  };
}

/** Why nothing is made of a config now, though no line of it is at fault. */
export function registryUnknown(registry: Pick<Registry, 'trouble'>, dataFolder: string): Fault {
  const message = `what teams publish is not known, for ${join(dataFolder, REGISTRY_FILE)} can't be read: ${registry.trouble()}`;
  const cure = 'make it readable, or put one from a backup in its place; it is tried every second';
  return { severity: 'error', line: 1, column: 1, path: 'registry', message, cure };
}
