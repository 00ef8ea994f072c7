import { join } from 'node:path';
import { createSigningKey } from '@weir/deploy/cluster/signing-key.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../support/built.js';
import { startNats } from '../support/nats-server.js';
import { freePort, onStage, until } from '../support/stage.js';
import { weirControl } from '../support/weir-control.js';

const LONG_MS = 180_000;
beforeAll(ensureBuilt, LONG_MS);

describe('a control that is started while NATS is away', () => {
  it(
    'is up, says what it cannot reach, and takes a config when NATS is there',
    () =>
      onStage(async (stage) => {
        const port = await freePort();
        const keyFile = join(stage.folder(), 'signing.key');
        createSigningKey(keyFile);
        const nats = `nats://127.0.0.1:${port}`;
        const control = await weirControl(stage, { id: 'c0', nats, keyFile, folder: stage.folder() });
        expect(control.said()).toContain('the revision log cannot be reached');
        expect((await control.status()).cluster?.bus.isConnected).toBe(false);
        await startNats(stage, { port, config: `jetstream { store_dir: "${stage.folder()}" }` });
        await until(async () => (await control.status()).cluster?.bus.isConnected === true, control.said);
        // The logs have a connection of their own.
        const text = 'version: 1\nroutes: [{ match: /*, respond: { status: 204 } }]\n';
        const isTaken = (): Promise<boolean> =>
          control.append(text).then(
            () => true,
            () => false,
          );
        await until(isTaken, control.said);
        control.child.kill('SIGTERM');
        expect(await control.exited).toBe(0);
      }),
    LONG_MS,
  );
});
