import { JetStream } from '@weir/proto/bus/jetstream.js';
import { jetStreamObjects, type ObjectsOptions } from '@weir/proto/bus/jetstream-objects.js';
import { describe, expect, it } from 'vitest';
import { startNats } from '../../support/nats-server.js';
import { onStage, type Stage, until } from '../../support/stage.js';
import { realClock } from '../bus/bus-suite.js';

const MIB = 1024 * 1024;
const options: ObjectsOptions = {
  bucket: 'snapshots',
  replicas: 1,
  bytesMax: 64 * MIB,
  objectBytesMax: 8 * MIB,
  withinMs: 4_000,
};

async function begin(own: Stage) {
  const folder = own.folder();
  const config = `jetstream { store_dir: "${folder}" }`;
  const server = await startNats(own, { config });
  const parts = { clock: realClock, random: Math.random, inbox: 'reply.objects' };
  const jetStream = new JetStream({ servers: [server.url], name: 'objects' }, parts);
  own.onEnd(() => jetStream.close());
  const isUp = (): Promise<void> =>
    until(
      () => jetStream.state().isConnected,
      () => jetStream.state().trouble,
    );
  await isUp();
  const again = async (): Promise<void> => {
    await startNats(own, { port: server.port, config });
    await isUp();
  };
  return { server, jetStream, again, objects: jetStreamObjects(jetStream, options) };
}

const patterned = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) % 256);

describe('objects in JetStream', () => {
  it('come back byte by byte, also after the server was killed, until they are removed', () =>
    onStage(async (own) => {
      const { server, objects, again } = await begin(own);
      const large = patterned(3 * MIB + 17);
      expect(await objects.get('abc')).toMatchObject({ ok: false, why: 'missing' });
      expect(await objects.put('abc', large)).toEqual({ ok: true });
      expect(await objects.put('none', new Uint8Array())).toEqual({ ok: true });
      const found = await objects.get('abc');
      expect(found.ok && Buffer.from(found.bytes).equals(large)).toBe(true);
      expect(await objects.get('none')).toEqual({ ok: true, bytes: new Uint8Array() });
      await server.kill();
      await again();
      const after = await objects.get('abc');
      expect(after.ok && Buffer.from(after.bytes).equals(large)).toBe(true);
      await objects.put('abc', patterned(5));
      expect(await objects.get('abc')).toEqual({ ok: true, bytes: patterned(5) });
      expect(await objects.remove('abc')).toEqual({ ok: true });
      expect(await objects.get('abc')).toMatchObject({ ok: false, why: 'missing' });
    }));

  it('are what the tools of NATS read, and one that replaces another leaves no chunk of it behind', () =>
    onStage(async (own) => {
      const { jetStream, objects } = await begin(own);
      const large = patterned(MIB + 3);
      await objects.put('n+?=', patterned(2 * MIB));
      expect(await objects.put('n+?=', large)).toEqual({ ok: true });
      const library = await jetStream.connection?.jetstream().views.os('snapshots');
      const found = await library?.getBlob('n+?=');
      expect(found !== null && found !== undefined && Buffer.from(found).equals(large)).toBe(true);
      expect(await library?.info('n+?=')).toMatchObject({ name: 'n+?=', size: MIB + 3, chunks: 9, deleted: false });
      const stream = await jetStream.api('STREAM.INFO.OBJ_snapshots', null);
      // Nine chunks, and one note.
      expect(stream.ok && stream.value['state']).toMatchObject({ messages: 10 });
    }));

  it('that are too large are neither put nor fetched, and a full bucket takes no more', () =>
    onStage(async (own) => {
      const { jetStream, objects } = await begin(own);
      expect(await objects.put('big', new Uint8Array(8 * MIB + 1))).toMatchObject({ ok: false });
      await objects.put('some', new Uint8Array(MIB));
      const narrow = jetStreamObjects(jetStream, { ...options, objectBytesMax: 1_000 });
      expect(await narrow.get('some')).toMatchObject({ ok: false, why: 'too large' });
      const full = jetStreamObjects(jetStream, { ...options, bucket: 'small', bytesMax: MIB });
      expect(await full.put('more', new Uint8Array(2 * MIB))).toMatchObject({ ok: false });
    }));

  it('that were damaged, or lack a piece, are not taken for whole', () =>
    onStage(async (own) => {
      const { jetStream, objects } = await begin(own);
      await objects.put('a', patterned(MIB));
      const drop = (keep: number) => jetStream.api('STREAM.PURGE.OBJ_snapshots', { filter: '$O.snapshots.C.*', keep });
      await drop(4);
      expect(await objects.get('a')).toMatchObject({ ok: false, why: 'away', detail: 'a piece of a is gone' });
      const note = await jetStream.api('STREAM.MSG.GET.OBJ_snapshots', { last_by_subj: '$O.snapshots.M.YQ==' });
      const message = note.ok ? (note.value['message'] as { data: string }) : { data: '' }; // As the API has it.
      const { nuid } = JSON.parse(atob(message.data)) as { nuid: string }; // As the library writes it.
      await drop(0);
      for (let chunk = 0; chunk < 8; chunk += 1)
        jetStream.connection?.publish(`$O.snapshots.C.${nuid}`, new Uint8Array(MIB / 8));
      await jetStream.connection?.flush();
      expect(await objects.get('a')).toMatchObject({ ok: false, detail: 'a is not what was noted of it' });
    }));

  it('are listed, and leave nothing behind when they are removed', () =>
    onStage(async (own) => {
      const { jetStream, objects } = await begin(own);
      const names = ['a'.repeat(64), `${'b'.repeat(64)}-from-${'c'.repeat(64)}`, '??>>'];
      for (const name of names) await objects.put(name, patterned(MIB));
      const listed = await objects.names();
      expect(listed.ok && new Set(listed.names)).toEqual(new Set(names));
      for (const name of names) expect(await objects.remove(name)).toEqual({ ok: true });
      expect(await objects.names()).toEqual({ ok: true, names: [] });
      const info = await jetStream.api('STREAM.INFO.OBJ_snapshots', null);
      expect(info).toMatchObject({ ok: true, value: { state: { messages: 0, bytes: 0 } } });
    }));

  it('are looked for by readers without making the bucket, which has the copies that its writer says', () =>
    onStage(async (own) => {
      const { jetStream, objects } = await begin(own);
      const reader = jetStreamObjects(jetStream, { ...options, replicas: null });
      expect(await reader.get('abc')).toMatchObject({ ok: false, why: 'missing' });
      expect(await reader.put('abc', patterned(9))).toMatchObject({ ok: false });
      expect((await jetStream.api('STREAM.INFO.OBJ_snapshots', null)).ok).toBe(false);
      await objects.put('abc', patterned(9));
      expect(await reader.get('abc')).toEqual({ ok: true, bytes: patterned(9) });
    }));

  it('are away with their server: each question ends in time', () =>
    onStage(async (own) => {
      const { server, jetStream, objects } = await begin(own);
      await objects.put('a', patterned(9));
      server.signal('SIGSTOP');
      own.onEnd(() => server.signal('SIGCONT'));
      // What it read before it was stopped it may have answered.
      let found = await objects.get('a');
      await until(
        async () => {
          if (found.ok) found = await objects.get('a');
          return !found.ok;
        },
        () => 'it still answers',
      );
      expect(found).toMatchObject({ ok: false, why: 'away' });
      expect(await objects.put('b', patterned(9))).toMatchObject({ ok: false });
      await until(
        () => !jetStream.state().isConnected,
        () => 'still connected',
      );
      expect(await objects.get('a')).toMatchObject({ ok: false, why: 'away' });
    }));
});
