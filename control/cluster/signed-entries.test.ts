import { memoryLog } from '@weir/proto/bus/memory-log.js';
import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import { createKeyPair, keyRing, signerOf } from '@weir/proto/signing/ed25519.js';
import { describe, expect, it } from 'vitest';
import { SignedEntries, streamOfSignedEntries } from './signed-entries.js';

const release = (version: number) => ({ version, revision: version, hash: 'ab'.repeat(32), sizeBytes: 1 });

const record = (version: number, stage: RolloutRecord['stage']): RolloutRecord => ({
  ...{ kind: 'rollout', stage, canary: [], by: 'ada', why: '', control: 'c-1', target: release(version), base: null },
  plan: { sharePermille: 250, label: '', bakeMs: 1, exchangesMin: 1, unjudged: [] },
  ...{ atWallMs: 1, missing: [] },
});

function setUp() {
  const log = memoryLog();
  const pair = createKeyPair();
  const signed = { cluster: 'c1', signer: signerOf(pair.privateKey), keys: keyRing([pair.publicKey]) };
  const open = () =>
    new SignedEntries({
      ...{ ...signed, log, isBound: true },
      pick: (message) => (message.kind === 'rollout' ? message : null),
    });
  return { log, open };
}

describe('entries that control has signed for one place of a log', () => {
  it('are no entries where somebody puts them again, for who follows and for who comes', async () => {
    const { log, open } = setUp();
    const control = open();
    await control.refresh();
    await control.append(record(7, 'everywhere'), 0);
    await control.append(record(7, 'rolledBack'), 1);
    const [everywhere] = (await log.read(1, 1)) ?? [];
    expect((await log.append('control', everywhere?.bytes ?? new Uint8Array())).ok).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    await control.refresh();
    const newcomer = open();
    expect(await newcomer.refresh()).toBe(true);
    for (const one of [control, newcomer]) expect(one.latest()?.stage).toBe('rolledBack');
    expect([control.number, newcomer.number, newcomer.forged]).toEqual([3, 3, 1]);
    // And what comes next stands behind it.
    expect(await newcomer.append(record(8, 'everywhere'), 3)).toMatchObject({ ok: true, number: 4 });
    expect((await newcomer.history(9))?.map(({ stage }) => stage)).toEqual(['everywhere', 'rolledBack', 'everywhere']);
  });
});

describe('what is not control’s', () => {
  it('hides the latest entry from nobody, however much there is of it', async () => {
    const { log, open } = setUp();
    const control = open();
    await control.refresh();
    await control.append(record(7, 'everywhere'), 0);
    await control.append(record(7, 'done'), 1);
    for (let n = 0; n < 1_500; n += 1) await log.append('control', Uint8Array.of(n % 251, 1));
    const newcomer = open();
    expect(await newcomer.refresh()).toBe(true);
    expect([newcomer.latest()?.stage, newcomer.number, newcomer.isInLog]).toEqual(['done', 1_502, true]);
    expect((await newcomer.history(2))?.map(({ stage }) => stage)).toEqual(['done', 'everywhere']);
  });
});

describe('the stream of such entries', () => {
  it('is bounded in entries and in bytes, and holds the largest entry', () => {
    const { messagesMax, bytesMax, entryBytesMax } = streamOfSignedEntries(3);
    expect(messagesMax).toBeGreaterThan(0);
    expect(bytesMax).toBeGreaterThan(entryBytesMax);
  });
});
