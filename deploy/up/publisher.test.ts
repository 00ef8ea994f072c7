import { createHash } from 'node:crypto';
import type { PublishOutcome } from '@weir/control/api/control-status.js';
import type { Fault } from '@weir/proto/config/faults.js';
import { encodeSnapshot, hashContent } from '@weir/proto/snapshot/codec.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { encoderForOffers, textConfig } from './config-source.js';
import { type Compiled, createPublisher } from './publisher.js';
import { type Delivery, type WholeOffer, wholeOf } from './supervisor.js';
import { WELCOME_CONFIG } from './welcome.js';

let sample: Snapshot;
beforeAll(async () => {
  const compiled = await textConfig('built-in', WELCOME_CONFIG).compile(1);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
  sample = compiled.snapshot;
});

/** As an encoder for offers, without a turn for anybody: what follows what is the matter of these tests. */
function encodedAtOnce(snapshot: Snapshot) {
  const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  return { bytes: encodeSnapshot(snapshot), hash: hashContent(snapshot, sha256Hex) };
}

const fault: Fault = { severity: 'error', line: 3, column: 1, path: 'routes', message: 'wrong', cure: null };

function setUp(versionBefore = 0) {
  const offers: WholeOffer[] = [];
  const kept: number[] = [];
  const texts: string[] = [];
  const outcomes: PublishOutcome[] = [];
  const compiles: { version: number; end: (compiled: Compiled) => void }[] = [];
  let delivery: Delivery = { ok: true };
  let disk: Promise<void> = Promise.resolve();
  const publisher = createPublisher({
    versionBefore,
    compile: (version) => new Promise((end) => compiles.push({ version, end })),
    encode: async (snapshot) => encodedAtOnce(snapshot),
    deliver: async (offer) => {
      offers.push(offer);
      return delivery;
    },
    keep: async ({ version }, text) => {
      await disk;
      kept.push(version);
      texts.push(text);
    },
    restartNeeded: () => ['gateway.listen: a → b'],
    wallMs: () => 1_000,
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  return {
    publisher,
    offers,
    kept,
    texts,
    outcomes,
    compiles,
    /** Nothing is kept before that. */
    slowDisk: (until: Promise<void>) => {
      disk = until;
    },
    deliverWith: (next: Delivery) => {
      delivery = next;
    },
    /** Ends the compilation that is on: well, or with a fault. */
    compiled: (isGood = true) => {
      const { version, end } = compiles.at(-1) ?? { version: 0, end: () => {} };
      end(
        isGood
          ? { ok: true, text: `v${version}`, snapshot: { ...sample, version }, warnings: [] }
          : { ok: false, faults: [fault] },
      );
    },
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the publisher', () => {
  it('offers what compiled, keeps what was applied, and remembers both', async () => {
    const { publisher, offers, kept, texts, compiled } = setUp(41);
    const publishing = publisher.publish('start');
    compiled();
    expect(await publishing).toMatchObject({
      state: 'accepted',
      cause: 'start',
      restartNeeded: ['gateway.listen: a → b'],
    });
    expect(offers.map(({ version }) => version)).toEqual([42]);
    expect([kept, texts]).toEqual([[42], ['v42']]);
    expect(publisher.look()).toMatchObject({
      snapshot: { version: 42, hash: offers[0]?.hash, acceptedWallMs: 1_000 },
      publish: { state: 'accepted', atWallMs: 1_000 },
    });
  });

  it('goes on with the registry while the disk is slow, and keeps the last of it', async () => {
    const { publisher, kept, texts, compiled, slowDisk } = setUp();
    let isFast = (): void => {};
    slowDisk(
      new Promise((resolve) => {
        isFast = resolve;
      }),
    );
    for (let i = 0; i < 4; i += 1) {
      const publishing = publisher.publish('registry');
      await settle();
      compiled();
      expect((await publishing).state).toBe('accepted');
    }
    expect(kept).toEqual([]);
    const byFile = publisher.publish('file-change');
    await settle();
    compiled();
    await settle();
    expect(publisher.look().snapshot?.version).toBe(5);
    isFast();
    expect((await byFile).state).toBe('accepted');
    expect([kept, texts]).toEqual([
      [1, 5],
      ['v1', 'v5'],
    ]);
  });

  it('shows no node a config with faults, and keeps the last good one', async () => {
    const { publisher, offers, kept, compiled, outcomes } = setUp();
    const first = publisher.publish('start');
    compiled();
    await first;
    const second = publisher.publish('file-change');
    compiled(false);
    expect(await second).toMatchObject({ state: 'rejected', cause: 'file-change', faults: [fault] });
    expect(offers).toHaveLength(1);
    expect(kept).toEqual([1]);
    expect(publisher.look()).toMatchObject({ snapshot: { version: 1 }, publish: { state: 'rejected' } });
    expect(outcomes.map(({ state }) => state)).toEqual(['accepted', 'rejected']);
  });

  it('keeps the last good one when the node refuses, and never offers that number again', async () => {
    const { publisher, kept, compiled, deliverWith, compiles } = setUp();
    const first = publisher.publish('start');
    compiled();
    await first;
    deliverWith({ ok: false, reason: 'no such certificate' });
    const second = publisher.publish('signal');
    compiled();
    expect(await second).toMatchObject({ state: 'refused', reason: 'no such certificate' });
    expect(kept).toEqual([1]);
    expect(publisher.look().snapshot?.version).toBe(1);
    deliverWith({ ok: true });
    const third = publisher.publish('signal');
    compiled();
    await third;
    expect(compiles.map(({ version }) => version)).toEqual([1, 2, 3]);
    expect(publisher.look().snapshot?.version).toBe(3);
  });

  it('accepts after all what the node applied too late to be heard in time', async () => {
    const { publisher, kept, texts, compiled, deliverWith, outcomes } = setUp();
    let apply: (isApplied: boolean) => void = () => {};
    for (const isApplied of [false, true]) {
      const late = new Promise<boolean>((resolve) => {
        apply = resolve;
      });
      deliverWith({ ok: false, reason: 'silent', late });
      const publishing = publisher.publish('signal');
      compiled();
      expect(await publishing).toMatchObject({ state: 'refused', reason: 'silent' });
      expect(publisher.look().snapshot).toBeNull();
      apply(isApplied);
      await settle();
    }
    expect([kept, texts]).toEqual([[2], ['v2']]);
    expect(outcomes.map(({ state }) => state)).toEqual(['refused', 'refused', 'accepted']);
    expect(publisher.look()).toMatchObject({ snapshot: { version: 2 }, publish: { state: 'accepted' } });
  });

  it('does not go back to one that was applied late when a newer one is in force', async () => {
    const { publisher, kept, compiled, deliverWith } = setUp();
    let apply: (isApplied: boolean) => void = () => {};
    const late = new Promise<boolean>((resolve) => {
      apply = resolve;
    });
    for (const delivery of [{ ok: false, reason: 'silent', late }, { ok: true }] as const) {
      deliverWith(delivery);
      const publishing = publisher.publish('signal');
      compiled();
      await publishing;
    }
    apply(true);
    await settle();
    expect([kept, publisher.look().snapshot?.version]).toEqual([[2], 2]);
  });

  it('runs one attempt at a time, and makes one of all that are asked for meanwhile', async () => {
    const { publisher, compiles, compiled } = setUp();
    const first = publisher.publish('start');
    const later = [publisher.publish('file-change'), publisher.publish('file-change'), publisher.publish('signal')];
    await settle();
    expect(compiles).toHaveLength(1);
    compiled();
    await first;
    await settle();
    expect(compiles).toHaveLength(2);
    compiled();
    await Promise.all(later);
    expect(compiles).toHaveLength(2);
    const last = publisher.publish('signal');
    compiled();
    await last;
    expect(compiles).toHaveLength(3);
  });
});

describe('a renewed certificate', () => {
  it('reaches the node although the config file is faulty, with the snapshot that is in force', async () => {
    const { publisher, offers, compiled } = setUp();
    const first = publisher.publish('start');
    compiled();
    await first;
    for (const cause of ['file-change', 'certificate-change'] as const) {
      const attempt = publisher.publish(cause);
      compiled(false);
      expect(await attempt).toMatchObject({ state: 'rejected', cause });
    }
    expect(offers.map(({ version }) => version)).toEqual([1, 1]);
  });
});

describe('a renewed certificate that the node refuses', () => {
  it('is told beside the faults of the config', async () => {
    const { publisher, compiled, deliverWith } = setUp();
    const first = publisher.publish('start');
    compiled();
    await first;
    deliverWith({ ok: false, reason: 'key.pem does not fit' });
    const attempt = publisher.publish('certificate-change');
    compiled(false);
    expect(await attempt).toMatchObject({
      state: 'rejected',
      faults: [fault, { severity: 'error', message: 'the renewed certificates are not in use: key.pem does not fit' }],
    });
  });
});

describe('a snapshot of an earlier run', () => {
  it('is delivered with its own number, and does not hide what became of the config', async () => {
    const { publisher, offers, kept, compiled } = setUp(7);
    const start = publisher.publish('start');
    compiled(false);
    await start;
    const { bytes, hash } = await encoderForOffers()({ ...sample, version: 7, createdWallMs: 77 });
    expect(await publisher.restore({ bytes, hash }, { ...sample, version: 7, createdWallMs: 77 })).toEqual({
      ok: true,
    });
    expect(offers).toMatchObject([{ version: 7, hash }]);
    expect(kept).toEqual([]);
    expect(publisher.look()).toMatchObject({
      snapshot: { version: 7, hash, acceptedWallMs: 77 },
      publish: { state: 'rejected' },
    });
    const mended = publisher.publish('file-change');
    compiled();
    await mended;
    expect(publisher.look()).toMatchObject({ snapshot: { version: 8 }, publish: { state: 'accepted' } });
  });

  it('is not in force when the node refuses it', async () => {
    const { publisher, deliverWith } = setUp(7);
    deliverWith({ ok: false, reason: 'no' });
    const { bytes, hash } = await encoderForOffers()(sample);
    expect(await publisher.restore({ bytes, hash }, sample)).toEqual({ ok: false, reason: 'no' });
    expect(publisher.look().snapshot).toBeNull();
  });
});

describe('an attempt that is asked for right when another one ends', () => {
  it('joins the one that waits, and never runs beside it', async () => {
    const { publisher, compiles, compiled, outcomes } = setUp();
    let running = 0;
    const joined: Promise<PublishOutcome>[] = [];
    const first = publisher.publish('start');
    const waiting = publisher.publish('file-change');
    compiled();
    // One more in each of the microtasks in which the first attempt gives way to the second.
    for (let i = 0; i < 12; i += 1) {
      joined.push(publisher.publish('signal'));
      await Promise.resolve();
      running = Math.max(running, compiles.length - outcomes.length);
    }
    await first;
    await settle();
    expect(running).toBe(1);
    expect(compiles).toHaveLength(2);
    compiled();
    await waiting;
    await settle();
    compiled();
    await Promise.all(joined);
    expect(compiles.length - outcomes.length).toBe(0);
  });
});

describe('the built-in config', () => {
  it('has no faults and no warnings', async () => {
    expect(await textConfig('built-in', WELCOME_CONFIG).compile(1)).toMatchObject({ ok: true, warnings: [] });
  });

  it('keeps the hash of an unchanged password, so that compiling it again changes nothing', async () => {
    const users = `${WELCOME_CONFIG}consumers: [{ id: ann, basic: [{ username: ann, password: "\${HOME}" }] }]\n`;
    const source = textConfig('with a password', users);
    const hashes = await Promise.all(
      [1, 2].map(async (version) => {
        const compiled = await source.compile(version);
        return compiled.ok ? (await encoderForOffers()(compiled.snapshot)).hash : JSON.stringify(compiled.faults);
      }),
    );
    expect(hashes[0]).toMatch(/^2-[0-9a-f]{64}$/);
    expect(hashes[1]).toBe(hashes[0]);
  });

  it('has the same hash whatever the number, and another one when it says something else', async () => {
    const one = await encoderForOffers()(sample);
    expect(Buffer.compare(wholeOf(one.bytes), encodeSnapshot(sample))).toBe(0);
    expect((await encoderForOffers()({ ...sample, version: 9, createdWallMs: 5 })).hash).toBe(one.hash);
    expect((await encoderForOffers()({ ...sample, routes: [] })).hash).not.toBe(one.hash);
  });
});
