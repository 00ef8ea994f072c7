import { randomBytes } from 'node:crypto';
import { memoryRegistry } from '@weir/control/registry/testing/memory-registry.js';
import { sealingWith } from '@weir/control/secrets/seal.js';
import { type SharedSecrets, sharedSecrets } from '@weir/control/secrets/shared-secrets.js';
import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { TestClock } from '@weir/proto/cluster/testing/test-clock.js';
import { decodeMessage } from '@weir/proto/events/wire.js';
import { createKeyPair, keyRing, signerOf } from '@weir/proto/signing/ed25519.js';
import { boxKeyFrom } from '@weir/proto/signing/sealed-box.js';
import { describe, expect, it } from 'vitest';
import { HeldSecrets } from './held-secrets.js';

const CLUSTER = 'c1';
const subjects = new Subjects(CLUSTER);
const pair = createKeyPair();
const keys = keyRing([pair.publicKey]);
const shared = randomBytes(32);

/** A registry with team red, controls that read it with keys of their own, and hosts, on one bus. */
async function setUp() {
  const registry = await memoryRegistry();
  await registry.must('team.create', { id: 'red', name: 'Red' });
  const [broker, clock] = [new Broker(), new TestClock()];
  const traffic: Uint8Array[] = [];
  let controls = 0;
  const control = (key: Uint8Array | null, more: { signer?: typeof pair; knows?: () => number } = {}) => {
    const sealing = key === null ? null : sealingWith(key);
    const { signer = pair, knows = () => registry.number } = more;
    const seen = {
      get: registry.get,
      all: registry.all,
      get number() {
        return knows();
      },
    };
    const secrets = sharedSecrets({ registry: seen, sealing, cluster: CLUSTER, signer: signerOf(signer.privateKey) });
    const bus = memoryBus(broker, { clock, inbox: subjects.inbox(`control-${controls++}`) });
    const end = bus.subscribe(subjects.all('secrets.question'), (message) => {
      const decoded = decodeMessage(message.bytes);
      if (!decoded.ok || decoded.message.kind !== 'secrets.question') throw new Error('no question');
      const answer = secrets.answer(decoded.message);
      if (answer === null) return;
      traffic.push(answer);
      message.reply(answer);
    });
    return { secrets, end, bus };
  };
  const set = (by: SharedSecrets, name: string, text: string) =>
    registry.must('secret.set', { teamId: 'red', name }, { facts: { sealed: by.seal(`red/${name}`, text) } });
  const host = (id: string, disk = { answers: [] as readonly Uint8Array[], key: randomBytes(32) }) => {
    const said: string[] = [];
    const state = { changes: 0 };
    const bus = memoryBus(broker, { clock, inbox: subjects.inbox(id) });
    const held = new HeldSecrets({
      ...{ cluster: CLUSTER, id, keys, bus, subjects, clock, random: () => 0.5, say: (text) => void said.push(text) },
      boxKey: () => boxKeyFrom(disk.key),
      drawNonce: () => randomBytes(16).toString('base64url'),
      keep: async (answers) => void Object.assign(disk, { answers }),
      onChange: () => {
        state.changes += 1;
      },
    });
    return { held, said, state, disk };
  };
  const needs = (...names: string[]) => ({
    secrets: names.map((name) => `red/${name}`),
    registry: registry.number,
  });
  return { registry, clock, traffic, control, set, host, needs };
}

/** While time passes, as answers take some. */
async function readied(clock: TestClock, ready: Promise<boolean>): Promise<boolean> {
  let found: boolean | null = null;
  void ready.then((is) => {
    found = is;
  });
  for (let step = 0; step < 40 && found === null; step += 1) await clock.pass(100);
  if (found === null) throw new Error('it was not said');
  return found;
}

describe('secrets of teams at a host of a cluster', () => {
  it('come from a control that has their key, sealed for that host, and are had again from disk with all controls away', async () => {
    const { clock, traffic, control, set, host, needs } = await setUp();
    const one = control(shared);
    await set(one.secrets, 'TOKEN', 'the value of it');
    await clock.pass(10);
    const { held, disk } = host('edge-1');
    await clock.pass(10);
    expect(await readied(clock, held.ready(needs('TOKEN')))).toBe(true);
    expect(held.values()).toEqual({ 'secret:red/TOKEN': 'the value of it' });
    for (const bytes of [...traffic, ...disk.answers])
      expect(Buffer.from(bytes).toString('latin1')).not.toContain('value of it');
    one.end();
    const again = host('edge-1', disk);
    again.held.begin(disk.answers);
    expect(await readied(clock, again.held.ready(needs('TOKEN')))).toBe(true);
    expect([again.held.values(), again.said]).toEqual([{ 'secret:red/TOKEN': 'the value of it' }, []]);
    // Of another host, or with another key on its disk, they are nothing.
    for (const stranger of [host('edge-2', disk), host('edge-1', { ...disk, key: randomBytes(32) })]) {
      stranger.held.begin(disk.answers);
      expect(await readied(clock, stranger.held.ready(needs('TOKEN')))).toBe(false);
      expect([stranger.held.values(), stranger.said.length]).toEqual([{}, 1]);
    }
  });

  it('that were changed are asked for anew, and those of before serve until somebody tells them', async () => {
    const { clock, control, set, host, needs } = await setUp();
    const one = control(shared);
    await set(one.secrets, 'TOKEN', 'old');
    const { held, state } = host('edge-1');
    await clock.pass(10);
    expect(await readied(clock, held.ready(needs('TOKEN')))).toBe(true);
    await set(one.secrets, 'TOKEN', 'new');
    one.end();
    expect(await readied(clock, held.ready(needs('TOKEN')))).toBe(true);
    expect([held.values(), held.reading().outdated, state.changes]).toEqual([{ 'secret:red/TOKEN': 'old' }, 1, 0]);
    control(shared);
    await clock.pass(15_000);
    expect([held.values(), held.reading().outdated, state.changes]).toEqual([{ 'secret:red/TOKEN': 'new' }, 0, 1]);
  });

  it('are told by no control without their key, with another one, or that has read less than the snapshot', async () => {
    const { registry, clock, control, set, host, needs } = await setUp();
    const [none, other] = [control(null), control(randomBytes(32))];
    const right = control(shared);
    // Where there is no secret yet, each key could be the right one.
    expect([none.secrets.trouble(), other.secrets.trouble(), other.secrets.whyNot()]).toEqual(['', '', null]);
    await set(right.secrets, 'TOKEN', 'value');
    expect(right.secrets.whyNot()).toBe(null);
    expect(none.secrets.whyNot()).toMatch(/has no key for secrets.*--secret-key/);
    expect(other.secrets.whyNot()).toMatch(/opens none/);
    for (const { secrets } of [none, other]) {
      expect(secrets.trouble()).not.toBe('');
      expect(() => secrets.seal('red/OTHER', 'x')).toThrow();
      // It publishes nothing that names one, so it takes none of it out either.
      for (const secret of registry.all('secret')) expect(secrets.canOpen(secret)).toBe(true);
    }
    right.end();
    control(shared, { knows: () => registry.number - 1 });
    const { held } = host('edge-1');
    await clock.pass(10);
    expect(await readied(clock, held.ready(needs('TOKEN')))).toBe(false);
    control(shared);
    await clock.pass(10);
    expect(await readied(clock, held.ready(needs('TOKEN')))).toBe(true);
  });

  it('are believed from controls alone, and from none of their earlier answers', async () => {
    const { clock, traffic, control, set, host, needs } = await setUp();
    const one = control(shared);
    await set(one.secrets, 'TOKEN', 'old');
    const { held } = host('edge-1');
    await clock.pass(10);
    await readied(clock, held.ready(needs('TOKEN')));
    const [earlier] = traffic;
    await set(one.secrets, 'TOKEN', 'new');
    one.end();
    control(shared, { signer: createKeyPair() });
    const { bus } = control(null);
    bus.subscribe(subjects.all('secrets.question'), ({ reply }) => {
      for (const bytes of [earlier ?? new Uint8Array(), new Uint8Array(100), new Uint8Array()]) reply(bytes);
    });
    await clock.pass(10);
    expect(await readied(clock, held.ready(needs('TOKEN')))).toBe(true);
    expect(held.values()).toEqual({ 'secret:red/TOKEN': 'old' });
    expect(held.reading().outdated).toBe(1);
  });

  it('are absent where a control says so, many in several answers, and held no longer than two snapshots need them', async () => {
    const { clock, control, set, host, needs } = await setUp();
    const one = control(shared);
    const names = Array.from({ length: 120 }, (_, n) => `S${n}`);
    for (const name of names) await set(one.secrets, name, `${name} `.padEnd(8_000, '"'));
    const { held, disk } = host('edge-1');
    await clock.pass(10);
    expect(await readied(clock, held.ready(needs(...names, 'NONE')))).toBe(true);
    expect(Object.keys(held.values())).toHaveLength(120);
    expect(disk.answers.length).toBeGreaterThan(1);
    for (const bytes of disk.answers) expect(bytes.length).toBeLessThan(1024 * 1024);
    await set(one.secrets, 'S0', 'x');
    expect(await readied(clock, held.ready(needs('S0')))).toBe(true);
    // Those of the snapshot before may be gone back to.
    expect(Object.keys(held.values())).toHaveLength(120);
    expect(await readied(clock, held.ready({ registry: 1_000 }))).toBe(true);
    expect(held.values()).toEqual({ 'secret:red/S0': 'x' });
    expect(await readied(clock, held.ready({ registry: 1_001 }))).toBe(true);
    expect([held.values(), disk.answers]).toEqual([{}, []]);
  });
});
