import { cacheL2Defaults } from '@weir/proto/snapshot/cache.js';
import { describe, expect, it } from 'vitest';
import type { Calls } from '../../redis/redis-link.js';
import { markedUrl } from '../purge/marks.js';
import { bodyOf } from '../store/body.js';
import { storedOf } from '../stored.js';
import { makeCacheSpec } from '../testing/specs.js';
import type { KeepOutcome, L2Offer } from './l2.js';
import type { ScriptName } from './scripts.js';
import { WriteQueue } from './write-queue.js';
import { Writer } from './writer.js';

const moments = { askedAtMs: 0, receivedAtMs: 0, receivedWallMs: 0 };

function offerOf(path: string): L2Offer {
  return {
    key: path,
    headers: [],
    stored: storedOf(200, ['cache-control', 'max-age=60'], moments, makeCacheSpec()),
    subject: { authority: 'a', path, url: markedUrl('a', path, ''), tags: [] },
    body: bodyOf([new Uint8Array(10)], 10),
    generation: { epoch: 'e', seq: 1 },
  };
}

/** A Redis that answers when the test says so. */
function setUp() {
  const queue = new WriteQueue({ bytes: 1_000_000, entries: 1_000 });
  const waiting: (() => void)[] = [];
  const ended: KeepOutcome[] = [];
  let isThere = true;
  const calls: Calls<ScriptName> = {
    script: () => new Promise((resolve) => waiting.push(() => resolve(['kept']))),
    command: () => Promise.reject(new Error('nothing else is asked')),
  };
  const writer = new Writer({
    ...{ calls, queue, canWrite: () => isThere, spec: () => cacheL2Defaults },
    ...{ clock: { nowMs: () => 0, wallMs: () => 0 }, digest: (text) => text, token: () => 't' },
    time: () => ({ aheadMinMs: 0, aheadMaxMs: 0 }),
    onOutcome: (outcome) => ended.push(outcome),
  });
  return {
    ...{ queue, writer, waiting, ended },
    be: (there: boolean) => {
      isThere = there;
    },
    async answer(times: number): Promise<void> {
      for (let i = 0; i < times; i += 1) {
        waiting.shift()?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

describe('the writer', () => {
  it('writes a few at a time, and behind an outage one by one until what has waited is written', async () => {
    const { queue, writer, waiting, ended, be, answer } = setUp();
    for (let i = 0; i < 20; i += 1) queue.add(offerOf(`/a${i}`));
    writer.go();
    await answer(0);
    expect(waiting.length).toBe(8);
    await answer(20);
    expect([ended.length, waiting.length]).toEqual([20, 0]);
    be(false);
    for (let i = 0; i < 5; i += 1) queue.add(offerOf(`/b${i}`));
    writer.go();
    expect(waiting.length).toBe(0);
    be(true);
    writer.resume();
    for (let left = 5; left > 0; left -= 1) {
      expect(waiting.length).toBe(1);
      await answer(1);
    }
    for (let i = 0; i < 20; i += 1) queue.add(offerOf(`/c${i}`));
    writer.go();
    expect(waiting.length).toBe(8);
  });
});
