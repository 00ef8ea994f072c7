import { randomBytes } from 'node:crypto';
import { encodeMessage } from '@weir/proto/events/wire.js';
import { createKeyPair, signerOf } from '@weir/proto/signing/ed25519.js';
import { sealFrame } from '@weir/proto/signing/signed-frame.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Announcer, CLUSTER, startAnnouncer, subjects } from '../support/announcer.js';
import { ensureBuilt } from '../support/built.js';
import { type NatsServer, startNats } from '../support/nats-server.js';
import { freePort, onStage, type Stage, until } from '../support/stage.js';
import { type WeirNode, weirNode } from '../support/weir-node.js';

const LONG_MS = 180_000;
beforeAll(ensureBuilt, LONG_MS);

const config = (port: number, body: string): string =>
  `version: 1\ngateway: { listen: 127.0.0.1:${port} }\nroutes: [{ id: all, match: /*, respond: { status: 200, body: ${body} } }]\n`;

interface Cluster {
  readonly stage: Stage;
  readonly nats: NatsServer;
  readonly control: Announcer;
  /** Of traffic. */
  readonly port: number;
  start(id: string, folder?: string, more?: readonly string[]): Promise<WeirNode>;
  get(): Promise<string>;
}

async function setUp(stage: Stage): Promise<Cluster> {
  const store = stage.folder();
  const nats = await startNats(stage, { config: `jetstream { store_dir: "${store}" }` });
  const control = await startAnnouncer(stage, nats.url);
  const port = await freePort();
  return {
    ...{ stage, nats, control, port },
    start: (id, folder, more = []) =>
      weirNode(stage, {
        id,
        nats: nats.url,
        trust: control.publicKey,
        more,
        ...(folder === undefined ? {} : { folder }),
      }),
    async get() {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).catch(() => null);
      return answer === null ? 'nothing' : answer.text();
    },
  };
}

const becomes = (get: () => Promise<string>, wanted: string, node: WeirNode): Promise<void> => {
  let last = '';
  return until(
    async () => {
      last = await get();
      return last === wanted;
    },
    () => `${last}, not ${wanted}:\n${node.said()}`,
  );
};

/** Of this release, as far as its first byte says. */
const garbage = (): Uint8Array => Uint8Array.from([1, ...randomBytes(200)]);

describe('weir node', () => {
  it(
    'runs what control announces, reports it, is a member, and a late one converges by itself',
    () =>
      onStage(async (stage) => {
        const { control, port, start, get } = await setUp(stage);
        const early = await start('n1');
        await becomes(early.readyz, 'not ready: no configuration is in force yet; control has announced none', early);
        await control.announce(await control.store(config(port, 'one'), 1));
        await becomes(get, 'one', early);
        expect(await control.reported(1, 'applied')).toMatchObject({ id: 'n1', serial: 1, reason: '' });
        await control.announce(await control.store(config(port, 'two'), 2));
        await becomes(get, 'two', early);
        await until(
          async () => (await control.statusOf('n1'))?.snapshotVersion === 2,
          () => 'the worker does not answer as a member',
        );
        expect(await control.statusOf('n1')).toMatchObject({
          traffic: `127.0.0.1:${port}`,
          state: 'serving',
          role: 'node',
        });
        await becomes(early.readyz, 'ok', early);
        early.child.kill('SIGTERM');
        expect(await early.exited).toBe(0);
        control.reports.length = 0;
        const late = await start('n2');
        await becomes(get, 'two', late);
        expect(await control.reported(2, 'applied')).toMatchObject({ id: 'n2', serial: 2 });
      }),
    LONG_MS,
  );

  it(
    'goes on without NATS and says so, starts from disk with nothing else alive, and catches up when it is back',
    () =>
      onStage(async (stage) => {
        const { nats, control, port, start, get } = await setUp(stage);
        const first = await start('n1', undefined, ['--workers', '2']);
        await control.announce(await control.store(config(port, 'one'), 1));
        await becomes(get, 'one', first);
        const second = await control.store(config(port, 'two'), 2);
        nats.signal('SIGSTOP');
        await until(
          async () => (await first.readyz()).includes('NATS is away'),
          () => first.said(),
        );
        expect(await get()).toBe('one');
        expect(await first.metric('weir_host_bus_connected')).toBe(0);
        // Its workers find that out by themselves, and hold the port until they do.
        first.child.kill('SIGKILL');
        await first.exited;
        const again = await start('n1', first.folder, ['--workers', '2']);
        let ready = '';
        await until(
          async () => {
            ready = await again.readyz();
            return /^ok, degraded: .*NATS is away/.test(ready) && !ready.includes('workers serve');
          },
          () => `${ready}\n${again.said()}`,
        );
        expect(await get()).toBe('one');
        await until(
          () => again.said().includes('NATS is away'),
          () => again.said(),
        );
        nats.signal('SIGCONT');
        await until(
          () => control.bus.state().isConnected,
          () => 'control is not back',
        );
        await until(
          async () => (await control.log.bounds()) !== null,
          () => 'the log is not back',
        );
        await control.announce(second);
        await becomes(get, 'two', again);
        expect(await control.reported(2, 'applied')).toMatchObject({ id: 'n1' });
        await becomes(again.readyz, 'ok', again);
        await until(
          async () =>
            /weir: NATS is away \(.*\); what is in force runs on[\s\S]*weir: NATS is back, after \d+ s/.test(
              again.said(),
            ),
          () => again.said(),
        );
      }),
    LONG_MS,
  );

  it(
    'refuses what is forged, replayed, of another key or garbage, counts it, says it once, and serves on',
    () =>
      onStage(async (stage) => {
        const { control, port, start, get } = await setUp(stage);
        const node = await start('n1');
        const old = await control.announce(await control.store(config(port, 'one'), 1));
        await becomes(get, 'one', node);
        await control.announce(await control.store(config(port, 'two'), 2));
        await becomes(get, 'two', node);
        const say = (frame: Uint8Array): void => void control.bus.publish(subjects.all('snapshot'), frame);
        const message = { cluster: CLUSTER, purpose: 'message' } as const;
        const stranger = signerOf(createKeyPair().privateKey);
        const next = {
          kind: 'snapshot',
          serial: 99,
          version: 9,
          hash: 'ab'.repeat(32),
          sizeBytes: 9,
          takesBack: 0,
        } as const;
        for (let times = 0; times < 3; times += 1) {
          say(old);
          say(sealFrame(encodeMessage(next), message, stranger));
          say(sealFrame(encodeMessage(next), message, { ...stranger, keyId: control.signer.keyId }));
          say(sealFrame(encodeMessage(next), { ...message, cluster: 'c2' }, control.signer));
          say(sealFrame(encodeMessage({ ...next, version: 1 }), message, control.signer));
          say(sealFrame(new Uint8Array([1, 2, 3]), message, control.signer));
          say(new Uint8Array([1, 2]));
        }
        for (const kind of [
          'heartbeat',
          'leave',
          'rate',
          'latency',
          'opinion',
          'snapshot.report',
          'purge.ack',
        ] as const)
          for (let times = 0; times < 20; times += 1) control.bus.publish(subjects.all(kind), garbage());
        for (const what of ['status', 'snapshot', 'nothing']) control.bus.publish(subjects.ask('n1', what), garbage());
        const counted = (result: string) => node.metric(`weir_host_announcements_total{result="${result}"}`);
        const wanted = { replay: 3, 'unknown-key': 3, forged: 6, falls: 3, nonsense: 3, malformed: 3 };
        for (const [result, count] of Object.entries(wanted))
          await until(
            async () => (await counted(result)) === count,
            () => `${result}:\n${node.said()}`,
          );
        expect(await get()).toBe('two');
        await until(
          async () => (await node.metric('weir_cluster_messages_skipped_total{worker="n1",reason="malformed"}')) > 0,
          () => 'garbage was not counted',
        );
        for (const words of ['older than what was followed', 'a key that is not trusted', 'its signature is wrong'])
          expect(node.said().split(words).length, words).toBe(2);
      }),
    LONG_MS,
  );

  it(
    'refuses what is stored wrongly and what it can not run, and goes on with what comes next, also backwards',
    () =>
      onStage(async (stage) => {
        const { control, port, start, get } = await setUp(stage);
        const node = await start('n1');
        await control.announce(await control.store(config(port, 'two'), 2));
        await becomes(get, 'two', node);
        // Announced rightly, and what is stored under its name is not control's.
        const third = await control.store(config(port, 'three'), 3);
        await control.put(third.hash, randomBytes(400));
        await control.announce(third);
        expect(await control.reported(3, 'refused')).toMatchObject({
          reason: expect.stringContaining("is not control's"),
        });
        expect(await get()).toBe('two');
        // One that can't be run here: its log can't be opened.
        const log = '{ destination: /nowhere/at/all.log }';
        const fourth = config(port, 'four').replace('listen:', `accessLog: ${log}, listen:`);
        await control.announce(await control.store(fourth, 4));
        expect((await control.reported(4, 'refused')).reason).toContain('/nowhere/at/all.log');
        expect(await get()).toBe('two');
        await control.announce(await control.store(config(port, 'five'), 5));
        await becomes(get, 'five', node);
        // A version goes back by an announcement that says what it takes back.
        const back = await control.store(config(port, 'two'), 2);
        await control.announce(back, { takesBack: 5 });
        await becomes(get, 'two', node);
      }),
    LONG_MS,
  );

  it(
    'alone runs a canary that names it, and all others what is for all',
    () =>
      onStage(async (stage) => {
        const { control, start } = await setUp(stage);
        const [one, two] = [await start('n1'), await start('n2')];
        const [first, second] = [await freePort(), await freePort()];
        const body = async (port: number) =>
          (await fetch(`http://127.0.0.1:${port}/`).catch(() => null))?.text() ?? 'nothing';
        const base = await control.store(config(first, 'one'), 1);
        const canary = { only: ['n2'], ...(await control.store(config(second, 'two'), 2)) };
        await control.announce(base, { canary });
        await becomes(() => body(first), 'one', one);
        await becomes(() => body(second), 'two', two);
      }),
    LONG_MS,
  );
});
