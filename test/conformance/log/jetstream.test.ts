import { JetStream } from '@weir/proto/bus/jetstream.js';
import { jetStreamLog } from '@weir/proto/bus/jetstream-log.js';
import { askStream, type StreamBounds, streamConfig } from '@weir/proto/bus/jetstream-stream.js';
import type { NatsOptions } from '@weir/proto/bus/nats-link.js';
import type { SharedLog } from '@weir/proto/bus/shared-log.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NatsServer, startNats } from '../../support/nats-server.js';
import { freePort, onStage, Stage, until } from '../../support/stage.js';
import { realClock } from '../bus/bus-suite.js';
import { appended, bytesOf, ear, KEPT, logSuite, shown } from './log-suite.js';

const stage = new Stage();
let url: string;
beforeAll(async () => {
  url = (await startNats(stage, { config: `jetstream { store_dir: "${stage.folder()}" }` })).url;
});
afterAll(() => stage.clear());

const bounds: StreamBounds = {
  replicas: 1,
  messagesMax: KEPT,
  bytesMax: 64 * 1024 * 1024,
  ageMaxMs: null,
  entryBytesMax: 1024 * 1024,
};
let connections = 0;
let clusters = 0;

async function connected(own: Stage, servers: readonly string[], more: Partial<NatsOptions> = {}): Promise<JetStream> {
  connections += 1;
  const parts = { clock: realClock, random: Math.random, inbox: `reply.js${connections}` };
  const jetStream = new JetStream({ servers, name: `log ${connections}`, ...more }, parts);
  own.onEnd(() => jetStream.close());
  await isUp(jetStream);
  return jetStream;
}

const isUp = (jetStream: JetStream): Promise<void> =>
  until(
    () => jetStream.state().isConnected,
    () => `not connected: ${jetStream.state().trouble}`,
  );
const isAway = (jetStream: JetStream): Promise<void> =>
  until(
    () => !jetStream.state().isConnected,
    () => 'still connected',
  );

function newPlace() {
  clusters += 1;
  return new Subjects(`c${clusters}`).place('purges');
}

logSuite('over JetStream', async () => {
  const own = new Stage();
  const place = newPlace();
  return {
    async open() {
      const log = jetStreamLog(await connected(own, [url]), { place, makes: bounds });
      await until(
        async () => (await log.bounds()) !== null,
        () => 'the log has no bounds',
      );
      return log;
    },
    close: () => own.clear(),
  };
});

/** A server with a disk, that can be killed and started again with or without it. */
async function diskServer(own: Stage) {
  const folder = own.folder();
  const config = `jetstream { store_dir: "${folder}" }`;
  const server = await startNats(own, { config });
  return {
    url: server.url,
    kill: () => server.kill(),
    signal: server.signal,
    again: () => startNats(own, { port: server.port, config }),
    wiped: () => startNats(own, { port: server.port, config: `jetstream { store_dir: "${own.folder()}" }` }),
  };
}

const markOf = async (log: SharedLog, number: number): Promise<string> => {
  const [record] = (await log.read(number, 1)) ?? [];
  if (record?.mark === undefined) throw new Error(`${number} has no mark`);
  return record.mark;
};
const lastOf = async (log: SharedLog): Promise<number> => (await log.bounds())?.last ?? -1;

describe('the log over JetStream, when the server', () => {
  it('is killed: says that it is away, and has everything that was acknowledged when it is started again', () =>
    onStage(async (own) => {
      const server = await diskServer(own);
      const jetStream = await connected(own, [server.url]);
      const log = jetStreamLog(jetStream, { place: newPlace(), makes: bounds });
      await appended(log, 'a', 'b');
      const before = await log.bounds();
      await server.kill();
      await isAway(jetStream);
      expect(await log.append('order', bytesOf('c'))).toMatchObject({ ok: false, why: 'away' });
      expect([await log.bounds(), await log.read(1, 1)]).toEqual([null, null]);
      await server.again();
      await isUp(jetStream);
      expect(await log.bounds()).toEqual(before);
      expect(shown(await log.read(1, 9))).toEqual(['1 order a', '2 order b']);
      expect(await log.append('order', bytesOf('c'), 2)).toEqual({ ok: true, number: 3 });
    }));

  it('is killed while many append: what was acknowledged is there, once and under its number', () =>
    onStage(async (own) => {
      const server = await diskServer(own);
      const jetStream = await connected(own, [server.url]);
      const log = jetStreamLog(jetStream, { place: newPlace(), makes: { ...bounds, messagesMax: null } });
      await appended(log, '0');
      const done: { text: string; fate: Awaited<ReturnType<SharedLog['append']>> }[] = [];
      let isOver = false;
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let at = 1; !isOver; at += 1) {
          const text = `${writer}.${at}`;
          const fate = await log.append('order', bytesOf(text));
          done.push({ text, fate });
          // A log that is away says so at once: without a turn between, nothing else would ever run here.
          if (!fate.ok) await new Promise((resolve) => setImmediate(resolve));
        }
      });
      await until(
        () => done.length > 200,
        () => 'nothing is appended',
      );
      await server.kill();
      isOver = true;
      await Promise.all(writers);
      await server.again();
      await isUp(jetStream);
      const there = new Map<string, number>();
      for (let from = 1; from <= (await lastOf(log)); ) {
        for (const { number, bytes } of (await log.read(from, 500)) ?? []) {
          const text = new TextDecoder().decode(bytes);
          expect(there.has(text)).toBe(false);
          there.set(text, number);
          from = number + 1;
        }
      }
      for (const { text, fate } of done) {
        if (fate.ok) expect(there.get(text), text).toBe(fate.number);
        else if (fate.why === 'away') expect(there.has(text), text).toBe(false);
        else expect(fate.why).toBe('uncertain');
      }
    }));

  it('is stopped: ends each question in time, calls an append uncertain, and comes back', () =>
    onStage(async (own) => {
      const server = await diskServer(own);
      const jetStream = await connected(own, [server.url]);
      const log = jetStreamLog(jetStream, { place: newPlace(), makes: bounds });
      const heard = ear(log);
      await appended(log, 'a');
      server.signal('SIGSTOP');
      own.onEnd(() => server.signal('SIGCONT'));
      const [fate, known, read] = await Promise.all([log.append('order', bytesOf('b')), log.bounds(), log.read(1, 1)]);
      expect([fate, known, read]).toEqual([expect.objectContaining({ ok: false, why: 'uncertain' }), null, null]);
      await isAway(jetStream);
      server.signal('SIGCONT');
      await isUp(jetStream);
      await until(
        async () => {
          await log.append('order', bytesOf('again'));
          return heard.some((line) => line.endsWith('again'));
        },
        () => `followers hear nothing: ${heard.join()}`,
      );
    }));

  it('has lost its disk: it is another log, which is made anew', () =>
    onStage(async (own) => {
      const server = await diskServer(own);
      const jetStream = await connected(own, [server.url]);
      const place = newPlace();
      const log = jetStreamLog(jetStream, { place, makes: bounds });
      const guest = jetStreamLog(jetStream, { place, makes: null });
      await appended(log, 'a', 'b');
      const before = await log.bounds();
      await server.kill();
      await isAway(jetStream);
      await server.wiped();
      await isUp(jetStream);
      // Who may not make it waits for who may.
      expect(await guest.bounds()).toBeNull();
      expect(await guest.append('order', bytesOf('x'))).toMatchObject({ ok: false, why: 'away' });
      const after = await log.bounds();
      expect(after).toMatchObject({ first: 1, last: 0 });
      expect(after?.identity).not.toBe(before?.identity);
      expect(await appended(guest, 'c')).toEqual([1]);
    }));

  it('takes what comes behind the mark of its last entry, also when it is started again, and never with another disk', () =>
    onStage(async (own) => {
      const server = await diskServer(own);
      const jetStream = await connected(own, [server.url]);
      const log = jetStreamLog(jetStream, { place: newPlace(), makes: bounds });
      const told: (string | undefined)[] = [];
      log.follow(({ mark }) => told.push(mark));
      await appended(log, 'a');
      const first = await markOf(log, 1);
      await until(
        () => told.length === 1,
        () => 'nothing is told',
      );
      expect(told).toEqual([first]);
      expect(await log.append('order', bytesOf('b'), first)).toEqual({ ok: true, number: 2 });
      expect(await log.append('order', bytesOf('c'), first)).toMatchObject({ ok: false, why: 'conflict' });
      await server.kill();
      await isAway(jetStream);
      const again = await server.again();
      await isUp(jetStream);
      const second = await markOf(log, 2);
      expect(second).not.toBe(first);
      expect(await log.append('order', bytesOf('c'), second)).toEqual({ ok: true, number: 3 });
      const third = await markOf(log, 3);
      await again.kill();
      await isAway(jetStream);
      await server.wiped();
      await isUp(jetStream);
      // As many, with the same bytes.
      expect(await appended(log, 'a', 'b', 'c')).toEqual([1, 2, 3]);
      expect(await log.append('order', bytesOf('d'), third)).toMatchObject({ ok: false, why: 'conflict' });
      expect(await lastOf(log)).toBe(3);
    }));

  it('has no JetStream, or a stream of that name that is not ours: says so, and changes nothing', () =>
    onStage(async (own) => {
      const bare = await startNats(own);
      const nothing = jetStreamLog(await connected(own, [bare.url]), { place: newPlace(), makes: bounds });
      expect(await nothing.append('order', bytesOf('a'))).toMatchObject({ ok: false, why: 'away' });
      expect(await nothing.bounds()).toBeNull();
      const jetStream = await connected(own, [url]);
      const place = newPlace();
      const { republish: _, ...foreign } = streamConfig(place, bounds);
      expect((await jetStream.api(`STREAM.CREATE.${place.stream}`, foreign)).ok).toBe(true);
      const log = jetStreamLog(jetStream, { place, makes: bounds });
      expect(await log.append('order', bytesOf('a'))).toMatchObject({ ok: false, why: 'away' });
      expect(await log.bounds()).toBeNull();
      expect(await askStream(jetStream, place, bounds)).toMatchObject({ ok: false, why: 'foreign' });
      const info = await jetStream.api(`STREAM.INFO.${place.stream}`, null);
      expect(info).toMatchObject({ ok: true, value: { state: { messages: 0 } } });
    }));

  it('was told by its operator to keep more: the stream is used as it is', () =>
    onStage(async (own) => {
      const jetStream = await connected(own, [url]);
      const place = newPlace();
      await jetStream.api(`STREAM.CREATE.${place.stream}`, streamConfig(place, { ...bounds, messagesMax: 3 }));
      const log = jetStreamLog(jetStream, { place, makes: bounds });
      await appended(log, 'a', 'b', 'c', 'd');
      expect(await log.bounds()).toMatchObject({ first: 2, last: 4 });
    }));

  it('does not let this member write: says that it is refused, and the rest goes on', () =>
    onStage(async (own) => {
      const place = newPlace();
      const permissions = `publish: { deny: ["${place.root}.order"] }`;
      const config = `jetstream { store_dir: "${own.folder()}" }
        authorization { users: [ { user: node, password: pass, permissions: { ${permissions} } } ] }`;
      const guarded = await startNats(own, { config });
      const credentials = { kind: 'password', user: 'node', password: 'pass' } as const;
      const log = jetStreamLog(await connected(own, [guarded.url], { credentials }), { place, makes: bounds });
      expect(await log.append('member', bytesOf('a'))).toEqual({ ok: true, number: 1 });
      expect(await log.append('order', bytesOf('b'))).toMatchObject({ ok: false, why: 'refused' });
      expect(await log.append('member', bytesOf('c'))).toEqual({ ok: true, number: 2 });
    }));
});

/** Three that keep each stream three times. */
async function startCluster(own: Stage): Promise<readonly { readonly name: string; readonly server: NatsServer }[]> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
  const names = ['s1', 's2', 's3'];
  return Promise.all(
    names.map(async (name, index) => {
      const config = `server_name: ${name}
        jetstream { store_dir: "${own.folder()}" }
        cluster { name: test, listen: "127.0.0.1:${ports[index]}", routes: [${routes}] }`;
      return { name, server: await startNats(own, { config }) };
    }),
  );
}

describe('the log over JetStream in three copies', () => {
  it('survives the loss of any one server, and a leader that has lost the others says nothing of its end', () =>
    onStage(async (own) => {
      const servers = await startCluster(own);
      const urls = servers.map(({ server }) => server.url);
      const place = newPlace();
      const log = jetStreamLog(await connected(own, urls), { place, makes: { ...bounds, replicas: 3 } });
      const works = async (): Promise<boolean> => (await log.append('order', bytesOf('x'))).ok;
      await until(works, () => 'the cluster makes no stream', 60_000);
      await until(
        async () => ((await log.bounds())?.agoMs ?? 0) > 0,
        () => 'no leader can show that it leads',
        30_000,
      );
      const asker = await connected(own, urls);
      const info = await asker.api(`STREAM.INFO.${place.stream}`, null);
      const cluster = info.ok ? (info.value['cluster'] as { leader: string }) : { leader: '' }; // As JetStream says it.
      const leader = servers.find(({ name }) => name === cluster.leader);
      if (leader === undefined) throw new Error(`no leader: ${JSON.stringify(info)}`);
      const lone = await connected(own, [leader.server.url]);
      const loneLog = jetStreamLog(lone, { place, makes: null });
      expect(await loneLog.bounds()).not.toBeNull();
      for (const each of servers) {
        if (each === leader) continue;
        each.server.signal('SIGSTOP');
        own.onEnd(() => each.server.signal('SIGCONT'));
      }
      // It goes on answering, and its answers are worth nothing.
      await until(
        async () => {
          const still = await lone.api(`STREAM.INFO.${place.stream}`, null);
          return still.ok && (await loneLog.bounds()) === null;
        },
        () => 'a leader without followers is believed',
        15_000,
      );
      for (const each of servers) each.server.signal('SIGCONT');
      await until(works, () => 'it does not come back', 60_000);
      await leader.server.kill();
      await until(works, () => 'two of three do not go on', 60_000);
    }));

  it('knows the mark of its last entry whichever server leads', () =>
    onStage(async (own) => {
      const servers = await startCluster(own);
      const log = jetStreamLog(
        await connected(
          own,
          servers.map(({ server }) => server.url),
        ),
        { place: newPlace(), makes: { ...bounds, replicas: 3 } },
      );
      const works = async (): Promise<boolean> => (await log.append('order', bytesOf('x'))).ok;
      // Without the first of them one of the others leads, whoever did before.
      for (const gone of [null, servers[0]]) {
        await gone?.server.kill();
        await until(works, () => 'no stream goes on', 60_000);
        await until(
          async () => (await log.bounds()) !== null,
          () => 'no leader can show that it leads',
          30_000,
        );
        const last = await lastOf(log);
        const mark = await markOf(log, last);
        expect(await log.append('order', bytesOf('y'), mark)).toEqual({ ok: true, number: last + 1 });
        expect(await log.append('order', bytesOf('z'), mark)).toMatchObject({ ok: false, why: 'conflict' });
      }
    }));
});
