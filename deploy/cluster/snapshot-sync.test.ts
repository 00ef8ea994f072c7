import { createHash } from 'node:crypto';
import { loadText } from '@weir/control/publish/load-config.js';
import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { memoryLog } from '@weir/proto/bus/memory-log.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { settled, TestClock } from '@weir/proto/cluster/testing/test-clock.js';
import type { Announcement } from '@weir/proto/events/announcement.js';
import { decodeMessage, encodeMessage } from '@weir/proto/events/wire.js';
import { createKeyPair, keyRing, signerOf } from '@weir/proto/signing/ed25519.js';
import { sealFrame } from '@weir/proto/signing/signed-frame.js';
import { encodeSnapshot } from '@weir/proto/snapshot/codec.js';
import { encodeDelta } from '@weir/proto/snapshot/delta.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Delivery } from '../up/supervisor.js';
import { readAnnouncements } from './announcement-reader.js';
import type { KeptSnapshot } from './kept-snapshot.js';
import { judge } from './open-announced.js';
import { SnapshotSync } from './snapshot-sync.js';

const CLUSTER = 'c1';
const pair = createKeyPair();
const signer = signerOf(pair.privateKey);
const subjects = new Subjects(CLUSTER);
const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const seal = (message: Announcement): Uint8Array =>
  sealFrame(encodeMessage(message), { cluster: CLUSTER, purpose: 'message' }, signer);

/** Versions 1 to 5, each another config; the last two are large, and differ in a few bytes. */
const releases: { readonly frame: Uint8Array; readonly what: Pick<Announcement, 'version' | 'hash' | 'sizeBytes'> }[] =
  [];
beforeAll(async () => {
  for (let version = 1; version <= 5; version += 1) {
    const more = version < 4 ? 0 : 500;
    const routes = Array.from(
      { length: more },
      (_, i) => `  - { id: r${i}, match: /${i}, redirect: { to: /elsewhere } }\n`,
    );
    const all = `  - { id: all, match: /*, respond: { status: 200, body: "${version}" } }\n`;
    const config = `version: 1\nroutes:\n${routes.join('')}${all}`;
    const compiled = await loadText(config, { environment: {}, version, createdWallMs: 5 });
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults.slice(0, 3)));
    const bytes = encodeSnapshot(compiled.snapshot);
    const frame = sealFrame(bytes, { cluster: CLUSTER, purpose: 'snapshot' }, signer);
    releases.push({ frame, what: { version, hash: sha256Hex(bytes), sizeBytes: bytes.length } });
  }
});

function announcement(serial: number, version: number, more: Partial<Announcement> = {}): Announcement {
  const release = releases[version - 1];
  if (release === undefined) throw new Error('five were made');
  return { kind: 'snapshot', serial, takesBack: 0, ...release.what, ...more };
}

function setUp() {
  const [clock, broker] = [new TestClock(), new Broker()];
  const stored = new Map(releases.map(({ what, frame }) => [what.hash, frame]));
  const state = { isAway: false, answer: (_version: number): Delivery | Promise<Delivery> => ({ ok: true }) };
  const [ran, kept, said, reports]: [number[], KeptSnapshot[], string[], string[]] = [[], [], [], []];
  const other = memoryBus(broker, { clock, inbox: subjects.inbox('control') });
  other.subscribe(subjects.all('snapshot.report'), ({ bytes }) => {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok || decoded.message.kind !== 'snapshot.report') throw new Error('not a report');
    reports.push(`${decoded.message.serial}:${decoded.message.version} ${decoded.message.state}`);
  });
  const join = (): SnapshotSync =>
    new SnapshotSync({
      ...{ cluster: CLUSTER, id: 'n1', keys: keyRing([pair.publicKey]), sha256Hex, subjects, clock },
      bus: memoryBus(broker, { clock, inbox: subjects.inbox('n1') }),
      random: () => 0.5,
      blobs: {
        put: async () => 'stored',
        get: async (name) => (state.isAway ? null : (stored.get(name) ?? null)),
        close: async () => {},
      },
      async deliver({ version }) {
        const delivery = await state.answer(version);
        if (delivery.ok) ran.push(version);
        return delivery;
      },
      keep: async (one) => void kept.push(one),
      say: (text) => said.push(text),
    });
  return { clock, state, stored, ran, kept, said, reports, other, join };
}

describe('a host', () => {
  it('fetches what is away when it is back, and gives up on what something newer has replaced', async () => {
    const { clock, state, ran, reports, join } = setUp();
    const sync = join();
    state.isAway = true;
    sync.hear(seal(announcement(1, 1)));
    await clock.pass(2_000);
    expect([sync.report?.state, reports]).toEqual(['fetching', ['1:1 fetching']]);
    sync.hear(seal(announcement(2, 2)));
    await clock.pass(2_000);
    state.isAway = false;
    await clock.pass(6_000);
    expect([ran, reports.at(-1)]).toEqual([[2], '2:2 applied']);
  });

  it('refuses what its workers refuse, once while they serve, and again and again while they have nothing', async () => {
    const { clock, state, ran, reports, join } = setUp();
    const sync = join();
    let asked = 0;
    state.answer = () => {
      asked += 1;
      return { ok: false, reason: 'no such file' };
    };
    sync.hear(seal(announcement(1, 1)));
    await clock.pass(60_000);
    expect(asked).toBeGreaterThan(4);
    expect(reports).toEqual(['1:1 refused']);
    state.answer = (version) => (version === 2 ? { ok: false, reason: 'no such file' } : { ok: true });
    await clock.pass(40_000);
    expect(ran).toEqual([1]);
    sync.hear(seal(announcement(2, 2)));
    await clock.pass(60_000);
    expect([ran, sync.inForce?.announced.version, reports.at(-1)]).toEqual([[1], 1, '2:2 refused']);
    // Taken back by control: what is in force here already is what is wanted.
    sync.hear(seal(announcement(3, 1, { takesBack: 2 })));
    await clock.pass(1_000);
    expect([ran, reports.at(-1)]).toEqual([[1], '3:1 applied']);
  });

  it('tells of what was applied late, unless something else was announced since', async () => {
    for (const isOvertaken of [false, true]) {
      const { clock, state, join } = setUp();
      const sync = join();
      sync.hear(seal(announcement(1, 1)));
      await clock.pass(100);
      let apply: (isApplied: boolean) => void = () => {};
      const late = new Promise<boolean>((resolve) => {
        apply = resolve;
      });
      state.answer = (version) => (version === 2 ? { ok: false, reason: 'late', late } : { ok: true });
      sync.hear(seal(announcement(2, 2)));
      await clock.pass(100);
      expect(sync.report?.state).toBe('refused');
      if (isOvertaken) sync.hear(seal(announcement(3, 3)));
      await clock.pass(100);
      apply(true);
      await clock.pass(100);
      expect(sync.report).toMatchObject({ state: 'applied', version: isOvertaken ? 3 : 2 });
      expect(sync.inForce?.announced.version).toBe(isOvertaken ? 3 : 2);
    }
  });

  it('gives workers what is in force again when they apply late what was taken back', async () => {
    const { clock, state, ran, said, join } = setUp();
    const sync = join();
    sync.hear(seal(announcement(1, 1)));
    await clock.pass(100);
    let apply: (isApplied: boolean) => void = () => {};
    const late = new Promise<boolean>((resolve) => {
      apply = resolve;
    });
    state.answer = () => ({ ok: false, reason: 'late', late });
    sync.hear(seal(announcement(2, 2)));
    await clock.pass(100);
    sync.hear(seal(announcement(3, 1, { takesBack: 2 })));
    await clock.pass(100);
    expect([ran, sync.report?.state]).toEqual([[1], 'applied']);
    state.answer = () => ({ ok: false, reason: 'busy' });
    apply(true);
    await clock.pass(100);
    expect(said.filter((text) => text.includes('not back at snapshot 1: busy'))).toHaveLength(1);
    state.answer = () => ({ ok: true });
    await clock.pass(2_000);
    expect([ran, sync.report]).toMatchObject([[1, 1], { serial: 3, version: 1, state: 'applied' }]);
    sync.hear(seal(announcement(4, 3)));
    await clock.pass(1_000);
    expect([ran, sync.report?.version]).toEqual([[1, 1, 3], 3]);
  });

  it('begins with what it has kept, where it was; an older announcement is a replay then', async () => {
    const { clock, kept, ran, join, other } = setUp();
    const before = join();
    const old = seal(announcement(4, 1));
    before.hear(old);
    await clock.pass(100);
    before.hear(seal(announcement(5, 2)));
    await clock.pass(100);
    before.close();
    const last = kept.at(-1);
    if (last === undefined) throw new Error('it was kept');
    const after = join();
    expect(await after.begin(last)).toBe(true);
    expect(ran).toEqual([1, 2, 2]);
    other.publish(subjects.all('snapshot'), old);
    await settled();
    expect(after.counts).toMatchObject({ replay: 1, followed: 0 });
    const { replies } = await other.gather(subjects.ask('n1', 'snapshot'), new Uint8Array(), {
      withinMs: 100,
      repliesMax: 1,
    });
    expect(decodeMessage(replies[0]?.bytes ?? new Uint8Array())).toMatchObject({
      message: { serial: 5, version: 2, state: 'applied' },
    });
  });

  it('hears nothing before it has begun with what it has kept, so workers are given one thing at a time', async () => {
    const { clock, state, kept, ran, join, other } = setUp();
    const before = join();
    before.hear(seal(announcement(4, 1)));
    await clock.pass(100);
    await before.close();
    const [last] = kept;
    if (last === undefined) throw new Error('it was kept');
    const given = { now: 0, most: 0 };
    state.answer = async () => {
      given.now += 1;
      given.most = Math.max(given.most, given.now);
      await settled();
      given.now -= 1;
      return { ok: true };
    };
    const after = join();
    other.publish(subjects.all('snapshot'), seal(announcement(5, 2)));
    await settled();
    const beginning = after.begin(last);
    // While it begins, what comes is pursued after it.
    other.publish(subjects.all('snapshot'), seal(announcement(6, 3)));
    expect(await beginning).toBe(true);
    await clock.pass(1_000);
    expect([given.most, ran, after.report?.version]).toEqual([1, [1, 1, 3], 3]);
  });

  it('tries what it has kept until it can be run, with nothing else alive', async () => {
    const { clock, state, kept, ran, join } = setUp();
    const before = join();
    before.hear(seal(announcement(1, 1)));
    await clock.pass(100);
    await before.close();
    const [last] = kept;
    if (last === undefined) throw new Error('it was kept');
    state.isAway = true;
    state.answer = () => ({ ok: false, reason: 'port in use' });
    const after = join();
    expect(await after.begin(last)).toBe(false);
    state.answer = () => ({ ok: true });
    await clock.pass(2_000);
    expect([ran, after.report?.state]).toEqual([[1, 1], 'applied']);
  });

  it('does not begin with what somebody has changed on its disk', async () => {
    const { clock, kept, ran, said, join } = setUp();
    const sync = join();
    sync.hear(seal(announcement(1, 1)));
    await clock.pass(100);
    const [last] = kept;
    if (last === undefined) throw new Error('it was kept');
    for (const part of ['announcement', 'snapshot'] as const) {
      const bytes = new Uint8Array(last[part]);
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      expect(await join().begin({ ...last, [part]: bytes })).toBe(false);
    }
    expect(await join().begin({ ...last, snapshot: releases[1]?.frame ?? last.snapshot })).toBe(false);
    expect([ran, said.filter((text) => text.includes('kept')).length]).toEqual([[1], 3]);
  });

  it('makes a large snapshot of the one in force where there is a delta, and fetches it whole where that is wrong', async () => {
    for (const isWrong of [false, true]) {
      const { clock, stored, ran, join } = setUp();
      const [four, five] = [releases[3], releases[4]];
      if (four === undefined || five === undefined) throw new Error('five were made');
      const delta = encodeDelta(four.frame, five.frame);
      expect(delta.length).toBeLessThan(500);
      const name = `${five.what.hash}-from-${four.what.hash}`;
      stored.set(name, isWrong ? encodeDelta(four.frame, new Uint8Array(five.frame.length)) : delta);
      if (!isWrong) stored.delete(five.what.hash);
      const sync = join();
      sync.hear(seal(announcement(1, 4)));
      await clock.pass(500);
      sync.hear(seal(announcement(2, 5)));
      await clock.pass(500);
      expect([ran, sync.report?.state]).toEqual([[4, 5], 'applied']);
      expect(sync.fetches).toEqual(isWrong ? { whole: 2, delta: 0 } : { whole: 1, delta: 1 });
    }
  });

  it('renews what is in force when its certificates are, and takes nothing else for it', async () => {
    const { clock, ran, join } = setUp();
    const sync = join();
    await sync.renew();
    sync.hear(seal(announcement(1, 1)));
    await clock.pass(100);
    await sync.renew();
    expect(ran).toEqual([1, 1]);
  });
});

describe('announcements in any order, lost and doubled', () => {
  const any = fc.record({
    serial: fc.nat(12),
    version: fc.integer({ min: 1, max: 4 }),
    takesBack: fc.nat(5),
    isRefused: fc.boolean(),
  });

  it('are followed by rising serials, and what is in force falls by explicit rollbacks alone', () => {
    fc.assert(
      fc.property(fc.array(any, { size: 'max', maxLength: 60 }), (list) => {
        let followed: Announcement | null = null;
        let inForce: Announcement | null = null;
        for (const { serial, version, takesBack, isRefused } of list) {
          const announced: Announcement = {
            kind: 'snapshot',
            serial,
            version,
            hash: `h${version}`,
            sizeBytes: 1,
            takesBack,
          };
          const hearing = judge(followed, inForce, announced);
          const before: number = followed === null ? 0 : followed.serial;
          if (hearing !== 'followed') continue;
          expect(serial).toBeGreaterThan(before);
          followed = announced;
          if (isRefused) continue;
          if (inForce !== null && version < inForce.version) expect(takesBack).toBeGreaterThanOrEqual(inForce.version);
          inForce = announced;
        }
      }),
    );
  });
});

describe('the end of the log of announcements', () => {
  it('is read until it could be, then now and then, and again when the bus is back; each entry once', async () => {
    const clock = new TestClock();
    const records = [1, 2, 3].map((number) => ({ number, writer: 'control', bytes: Uint8Array.of(number) }));
    const state = { isAway: true, reads: 0 };
    let connected: (state: { isConnected: boolean; sinceMs: number; trouble: string }) => void = () => {};
    const heard: number[] = [];
    const end = readAnnouncements({
      clock,
      random: () => 1,
      bus: {
        onStateChange(listener) {
          connected = listener;
          return () => {};
        },
      },
      log: {
        append: async () => ({ ok: false, why: 'refused', detail: '' }),
        bounds: async () => (state.isAway ? null : { first: 1, last: records.length }),
        async read(from, max) {
          state.reads += 1;
          return records.slice(from - 1, from - 1 + max);
        },
        follow: () => () => {},
        close: async () => {},
      },
      // The last one is nobody's.
      hear([number = 0]) {
        heard.push(number);
        return number !== 3;
      },
    });
    await clock.pass(5_000);
    expect(heard).toEqual([]);
    state.isAway = false;
    await clock.pass(60_000);
    expect([heard, state.reads]).toEqual([[3, 2], 1]);
    records.push({ number: 4, writer: 'control', bytes: Uint8Array.of(4) });
    connected({ isConnected: true, sinceMs: 0, trouble: '' });
    await clock.pass(100);
    expect(heard).toEqual([3, 2, 4]);
    end();
    records.push({ number: 5, writer: 'control', bytes: Uint8Array.of(5) });
    await clock.pass(60_000);
    expect(heard).toEqual([3, 2, 4]);
  });

  it('hides the latest one behind nothing that others have appended', async () => {
    const clock = new TestClock();
    const log = memoryLog();
    await log.append('control', Uint8Array.of(7));
    for (let n = 0; n < 1_000; n += 1) await log.append('other', Uint8Array.of(9));
    const heard: number[] = [];
    const end = readAnnouncements({
      ...{ clock, log, random: () => 1, bus: { onStateChange: () => () => {} } },
      hear([number = 0]) {
        if (number === 7) heard.push(number);
        return number === 7;
      },
    });
    await clock.pass(100);
    end();
    expect(heard).toEqual([7]);
  });
});
