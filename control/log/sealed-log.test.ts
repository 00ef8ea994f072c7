import { seededRandom } from '@weir/proto/cluster/testing/world.js';
import { createKeyPair, keyRing, signerOf } from '@weir/proto/signing/ed25519.js';
import { sealFrame } from '@weir/proto/signing/signed-frame.js';
import { describe, expect, it } from 'vitest';
import { encodeEntry } from './entry.js';
import { packText } from './pack-text.js';
import type { Revisions } from './revision.js';
import { openRevisions } from './revisions.js';
import { revisionSealing, sealedLog } from './sealed-log.js';
import { MemoryDisk, TroubledLog } from './testing/troubled-log.js';

const [pair, stranger] = [createKeyPair(), createKeyPair()];
const signer = signerOf(pair.privateKey);
const sealing = revisionSealing('c1', signer, keyRing([pair.publicKey]));
const idOf = (at: number): string => at.toString(16).padStart(32, '0');
const change = (at: number) => ({ id: idOf(at), author: 'ada', reason: '', text: `listen: ${at}\n`, restores: 0 });

/** One that fits behind the first revision. */
const forged = encodeEntry({
  ...{ number: 2, before: idOf(1), id: idOf(666), author: 'eve', reason: '', atWallMs: 1, restores: 0, recovers: 0 },
  ...packText('listen: 666\n'),
});

const said: string[] = [];

async function control(log: TroubledLog, by = sealing, disk = new MemoryDisk()): Promise<Revisions> {
  const isDown = (): boolean => false;
  return openRevisions({
    ...{
      log: sealedLog(log.reach(isDown), by, 'the log', (text) => said.push(text)),
      copy: disk.reach(isDown),
      writer: 'x',
      wallMs: () => 1,
    },
    ...{ every: null, say: () => {} },
  });
}

describe('a revision log whose entries are sealed', () => {
  it('takes nothing for a revision that control has not signed as one, and goes on behind it', async () => {
    const frames: [string, Uint8Array][] = [
      ['unsigned', forged],
      [
        'of a stranger',
        revisionSealing('c1', signerOf(stranger.privateKey), keyRing([stranger.publicKey])).seal(forged),
      ],
      ['of another cluster', sealFrame(forged, { cluster: 'c2', purpose: 'revision' }, signer)],
      ['signed as a message', sealFrame(forged, { cluster: 'c1', purpose: 'message' }, signer)],
      ['one byte of a later release', Uint8Array.of(2)],
      ['nothing', new Uint8Array()],
    ];
    for (const [what, frame] of frames) {
      const log = new TroubledLog(seededRandom(1), { away: 0, uncertain: 0 });
      const first = await control(log);
      expect((await first.append(change(1), 0)).ok).toBe(true);
      log.write(frame);
      said.length = 0;
      const fresh = await control(log);
      expect(said.splice(0)).toEqual([expect.stringContaining('no key of this control (--key, --trust) has signed')]);
      expect([fresh.current()?.id, fresh.trouble()], what).toEqual([idOf(1), '']);
      expect(await fresh.append(change(2), 1), what).toMatchObject({ ok: true, isNew: true, revision: { number: 2 } });
      expect(await first.append(change(2), 1), what).toMatchObject({ ok: true, isNew: false });
      expect(first.current()?.id, what).toBe(idOf(2));
    }
  });

  it('stops at what control has signed and this release does not understand', async () => {
    const log = new TroubledLog(seededRandom(1), { away: 0, uncertain: 0 });
    expect((await (await control(log)).append(change(1), 0)).ok).toBe(true);
    log.write(sealing.seal(Uint8Array.of(2)));
    expect((await control(log)).trouble()).toContain('later release');
  });

  it('is sealed anew from the copy of a control whose key has changed', async () => {
    const log = new TroubledLog(seededRandom(1), { away: 0, uncertain: 0 });
    const disk = new MemoryDisk();
    expect((await (await control(log, sealing, disk)).append(change(1), 0)).ok).toBe(true);
    const next = revisionSealing('c1', signerOf(stranger.privateKey), keyRing([stranger.publicKey]));
    expect((await control(log, next, disk)).current()?.id).toBe(idOf(1));
    expect((await control(log, next)).current()?.id).toBe(idOf(1));
  });
});
