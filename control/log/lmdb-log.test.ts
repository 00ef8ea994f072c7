import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lmdbLog } from './lmdb-log.js';
import { MemoryDisk } from './testing/troubled-log.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-lmdb-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (n: number, length = 4): Uint8Array => new Uint8Array(length).fill(n);
const contentOf = async (log: ReturnType<typeof lmdbLog>) =>
  ((await log.read(1, 1_000)) ?? []).map(({ number, bytes: [first, ...rest] }) => [number, first, rest.length + 1]);

describe('a log in LMDB', () => {
  it('numbers entries, compares before it appends, and has them when it is opened again', async () => {
    const file = join(folder, 'deep', 'log.mdb');
    const log = lmdbLog(file);
    expect([await log.bounds(), existsSync(file)]).toEqual([{ first: 1, last: 0 }, false]);
    const heard: number[] = [];
    log.follow(({ number }) => heard.push(number));
    expect(await log.append('up', bytes(7), 0)).toEqual({ ok: true, number: 1 });
    expect(await log.append('up', bytes(8), 0)).toMatchObject({ ok: false, why: 'conflict' });
    expect(await log.append('up', bytes(9))).toEqual({ ok: true, number: 2 });
    expect(heard).toEqual([1, 2]);
    await log.close();
    const again = lmdbLog(file);
    expect(await again.bounds()).toEqual({ first: 1, last: 2 });
    expect(await again.read(2, 5)).toEqual([{ number: 2, writer: 'up', bytes: bytes(9) }]);
    await again.close();
  });

  it('of two processes gives a number once', async () => {
    const [a, b] = [lmdbLog(join(folder, 'l.mdb')), lmdbLog(join(folder, 'l.mdb'))];
    expect(await a.append('a', bytes(1), 0)).toMatchObject({ ok: true });
    expect(await b.append('b', bytes(2), 0)).toMatchObject({ ok: false, why: 'conflict' });
    expect(await b.append('b', bytes(2), 1)).toEqual({ ok: true, number: 2 });
    expect(await contentOf(a)).toEqual(await contentOf(b));
    await a.close();
    await b.close();
  });

  it('gives up the oldest beyond its limits, by number and by bytes, and never the last', async () => {
    const log = lmdbLog(join(folder, 'l.mdb'), () => {}, { entriesMax: 3, bytesMax: 110 });
    for (let n = 1; n <= 5; n += 1) await log.append('up', bytes(n));
    expect(await contentOf(log)).toEqual([
      [3, 3, 4],
      [4, 4, 4],
      [5, 5, 4],
    ]);
    await log.append('up', bytes(6, 95));
    expect(await contentOf(log)).toEqual([
      [5, 5, 4],
      [6, 6, 95],
    ]);
    await log.append('up', bytes(7, 200));
    expect(await contentOf(log)).toEqual([[7, 7, 200]]);
    await log.append('up', bytes(8));
    expect(await contentOf(log)).toEqual([[8, 8, 4]]);
    await log.close();
  });

  it('refuses what is larger than a message, and says why where it cannot be written', async () => {
    const log = lmdbLog(join(folder, 'l.mdb'));
    expect(await log.append('up', bytes(1, 901 * 1024))).toMatchObject({ ok: false, why: 'refused' });
    writeFileSync(join(folder, 'file'), '');
    const none = lmdbLog(join(folder, 'file', 'l.mdb'));
    const outcome = await none.append('up', bytes(1));
    expect(outcome).toMatchObject({ ok: false, why: 'away' });
    expect(outcome.ok ? '' : outcome.detail).toMatch(/l\.mdb can't be written/);
    await log.close();
  });

  it('whose file is none, or has lost its end, says so instead of ending the process', async () => {
    const file = join(folder, 'l.mdb');
    const sound = lmdbLog(file);
    for (let n = 1; n <= 8; n += 1) await sound.append('up', bytes(n, 400_000));
    await sound.close();
    const content = readFileSync(file);
    for (const [damaged, words] of [
      ['x'.repeat(10_000), 'is no log of Weir'],
      ['x', 'is no log of Weir'],
      [content.subarray(0, 4_096), 'is no log of Weir'],
      [content.subarray(0, 8_192), 'has lost its end'],
    ] as const) {
      writeFileSync(file, damaged);
      const said: string[] = [];
      const log = lmdbLog(file, (text) => said.push(text));
      expect([await log.bounds(), await log.read(1, 1)]).toEqual([null, null]);
      expect(said).toEqual([expect.stringContaining(words)]);
      const outcome = await log.append('up', bytes(1));
      expect(outcome.ok ? '' : outcome.detail).toContain(words);
    }
    // Less than a transaction may give back: what is left can be read, or not, and nothing ends.
    writeFileSync(file, content.subarray(0, content.length - 900_000));
    const log = lmdbLog(file);
    for (let n = 1; n <= 8; n += 1) await log.read(n, 1);
    await log.close();
    // Ended before the first page was written.
    writeFileSync(file, '');
    const empty = lmdbLog(file);
    expect(await empty.append('up', bytes(1))).toEqual({ ok: true, number: 1 });
    await empty.close();
  });

  it('has its tail replaced as the model in memory has', async () => {
    const step = fc.record({ after: fc.nat(9), entries: fc.array(fc.nat(255), { maxLength: 4, size: 'max' }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6, size: 'max' }), async (steps) => {
        const file = join(folder, `${Math.random()}.mdb`);
        const [log, model] = [lmdbLog(file), new MemoryDisk()];
        const memory = model.reach(() => false);
        for (const { after, entries } of steps) {
          const list = entries.map((n) => ({ writer: 'w', bytes: bytes(n) }));
          log.replaceAfter(after, list);
          memory.replaceAfter(after, list);
          expect(await contentOf(log)).toEqual(await contentOf(memory));
        }
        await log.close();
      }),
      { numRuns: 15 },
    );
  });
});
