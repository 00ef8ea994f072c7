/** The registry of a cluster on a real nats-server, which loses its disk, or a part of what was on it, and on which strangers write. */
import { randomBytes } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { registrySealing, revisionSealing } from '@weir/control/log/sealed-log.js';
import type { Actor } from '@weir/control/model/entities.js';
import { openClusterRegistry, streamOfRegistry } from '@weir/control/registry/cluster-registry.js';
import { encodeEntry } from '@weir/control/registry/entry.js';
import type { Executed, Registry } from '@weir/control/registry/registry.js';
import { everything } from '@weir/control/registry/state.js';
import { JetStream } from '@weir/proto/bus/jetstream.js';
import { jetStreamLog } from '@weir/proto/bus/jetstream-log.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { createKeyPair, keyRing, signerOf } from '@weir/proto/signing/ed25519.js';
import { describe, expect, it } from 'vitest';
import { realClock } from '../../conformance/bus/bus-suite.js';
import { startNats } from '../../support/nats-server.js';
import { onStage, type Stage, until } from '../../support/stage.js';

const subjects = new Subjects('registry');
const pair = createKeyPair();
const signer = signerOf(pair.privateKey);
const sealing = registrySealing('registry', signer, keyRing([pair.publicKey]));
const local: Actor = { userId: 'local', login: 'local', via: 'local', from: '' };
let connections = 0;

interface Control {
  readonly registry: Registry;
  readonly said: string[];
  readonly dataFolder: string;
  readonly jetStream: JetStream;
  close(): Promise<void>;
}

async function startControl(stage: Stage, url: string, id: string, dataFolder = stage.folder()): Promise<Control> {
  connections += 1;
  const parts = { clock: realClock, random: Math.random, inbox: `reply.g${connections}` };
  const jetStream = new JetStream({ servers: [url], name: id }, parts);
  const said: string[] = [];
  const registry = await openClusterRegistry({
    ...{ jetStream, subjects, replicas: 1, file: join(dataFolder, 'registry.mdb'), id, sealing, lookEveryMs: 100 },
    ...{ wallMs: () => Date.now(), say: (text) => void said.push(text), reservedPaths: () => [] },
  });
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await registry.close();
    await jetStream.close();
  };
  stage.onEnd(close);
  return { registry, said, dataFolder, jetStream, close };
}

/** Until it is in, as somebody would who is told that the log is away. */
async function make({ registry }: Control, id: string, name = id): Promise<Executed & { ok: true }> {
  let outcome: Executed | null = null;
  const key = randomBytes(8).toString('hex');
  const input = { id, name };
  await until(
    async () => {
      const what = registry.get('team', id) === null ? 'team.create' : 'team.change';
      outcome = await registry.execute({ what, actor: local, input, id: `${key}-${what}` });
      return outcome.ok;
    },
    () => JSON.stringify(outcome),
  );
  if (outcome === null) throw new Error('it was done');
  return outcome;
}

const contentOf = ({ registry }: Control) => JSON.stringify([...everything(registry)]);

const inStep = (controls: readonly Control[], number: number): Promise<void> =>
  until(
    () =>
      controls.every(
        (control) => control.registry.number === number && contentOf(control) === contentOf(controls[0] as Control),
      ),
    () => controls.map(({ registry, said }) => `${registry.number} ${registry.trouble()} ${said.join()}`).join(' | '),
  );

async function server(stage: Stage) {
  const folder = stage.folder();
  const config = `jetstream { store_dir: "${folder}" }`;
  let running = await startNats(stage, { config });
  const { url, port } = running;
  const again = async (): Promise<void> => {
    running = await startNats(stage, { port, config });
  };
  return { url, folder, kill: () => running.kill(), again };
}

describe('the registry of a cluster', { timeout: 120_000 }, () => {
  it('is the same for all controls, which decide one after the other whatever they are asked at once', () =>
    onStage(async (stage) => {
      const { url } = await server(stage);
      const [a, b] = [await startControl(stage, url, 'c1'), await startControl(stage, url, 'c2')];
      await make(a, 'shop');
      const both = await Promise.all(
        [a, b].flatMap(({ registry }) =>
          ['x', 'y', 'z'].map((id) => registry.execute({ what: 'team.create', actor: local, input: { id, name: id } })),
        ),
      );
      expect(both.filter(({ ok }) => ok).length).toBe(3);
      for (const outcome of both) if (!outcome.ok) expect(outcome.why).toBe('conflict');
      await inStep([a, b], 4);
      await inStep([a, b, await startControl(stage, url, 'c3')], 4);
    }));

  it('takes nothing from whom it does not trust, nor what control has signed as something else', () =>
    onStage(async (stage) => {
      const { url } = await server(stage);
      const a = await startControl(stage, url, 'c1');
      const { entry } = await make(a, 'shop');
      const forged = encodeEntry({
        ...entry,
        number: 2,
        before: entry.id,
        id: 'forged',
        changes: [{ kind: 'team', id: 'shop', value: null }],
      });
      const stranger = createKeyPair();
      const raw = jetStreamLog(a.jetStream, { place: subjects.place('registry'), makes: streamOfRegistry(1) });
      for (const bytes of [
        forged,
        registrySealing('registry', signerOf(stranger.privateKey), keyRing([stranger.publicKey])).seal(forged),
        registrySealing('other', signer, keyRing([pair.publicKey])).seal(forged),
        revisionSealing('registry', signer, keyRing([pair.publicKey])).seal(forged),
      ])
        expect(await raw.append('control', bytes)).toMatchObject({ ok: true });
      expect((await make(a, 'more')).entry.number).toBe(2);
      expect(a.registry.get('team', 'shop')).not.toBe(null);
      await inStep([a, await startControl(stage, url, 'c2')], 2);
    }));

  it('is put back from the copies when the stream was wiped, with everything acknowledged in its place', () =>
    onStage(async (stage) => {
      const { url, folder, kill, again } = await server(stage);
      const [a, b] = [await startControl(stage, url, 'c1'), await startControl(stage, url, 'c2')];
      for (let n = 1; n <= 20; n += 1) await make(n % 2 === 0 ? a : b, `t${n}`);
      await inStep([a, b], 20);
      const before = await a.registry.audit(0, 200);
      await kill();
      rmSync(folder, { recursive: true });
      await again();
      expect((await make(b, 't21')).entry.number).toBe(21);
      await inStep([a, b], 21);
      expect((await a.registry.audit(21, 200)) ?? []).toEqual(before);
      await inStep([a, await startControl(stage, url, 'c3')], 21);
    }));

  it('that came back from a backup, and was written to, has all that nobody has overtaken', () =>
    onStage(async (stage) => {
      const { url, folder, kill, again } = await server(stage);
      const a = await startControl(stage, url, 'c1');
      for (const id of ['one', 'two', 'three']) await make(a, id);
      await kill();
      const backup = `${stage.folder()}/backup`;
      cpSync(folder, backup, { recursive: true });
      await again();
      for (const [id, name] of [
        ['one', 'Lost'],
        ['two', 'Kept'],
        ['four', 'Four'],
      ] as const)
        await make(a, id, name);
      await a.close();
      await kill();
      rmSync(folder, { recursive: true });
      cpSync(backup, folder, { recursive: true });
      await again();
      const b = await startControl(stage, url, 'c2');
      expect((await make(b, 'one', 'Won')).entry.number).toBe(4);
      const back = await startControl(stage, url, 'c1', a.dataFolder);
      await inStep([b, back], 7);
      expect([...b.registry.all('team')].map(({ name }) => name)).toEqual(['Four', 'Won', 'three', 'Kept']);
    }));

  it('is shown from the copy while there is no server, and takes nothing', () =>
    onStage(async (stage) => {
      const { url, kill, again } = await server(stage);
      const a = await startControl(stage, url, 'c1');
      await make(a, 'one');
      await kill();
      await until(
        () => a.registry.trouble() !== '',
        () => 'no trouble is seen',
      );
      await a.close();
      const back = await startControl(stage, url, 'c1', a.dataFolder);
      expect(back.registry.get('team', 'one')?.name).toBe('one');
      const asked = { what: 'team.create', actor: local, input: { id: 'x', name: 'x' } };
      expect(await back.registry.execute(asked)).toMatchObject({ ok: false, why: 'away' });
      await again();
      expect((await make(back, 'two')).entry.number).toBe(2);
    }));
});
