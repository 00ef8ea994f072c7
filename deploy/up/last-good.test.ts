import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LastGood, lastGoodFile, readLastGood, writeLastGood } from './last-good.js';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'weir-last-good-')), 'new', 'data');
});
afterEach(() => rmSync(join(folder, '..', '..'), { recursive: true, force: true }));

const good: LastGood = { version: 7, hash: 'ab', configFile: '/etc/weir.yaml', bytes: new Uint8Array([1, 10, 0, 255]) };

const said: string[] = [];
const read = () => readLastGood(folder, good.configFile, (text) => said.push(text));

describe('the last good snapshot', () => {
  it('is read back as it was written, whatever its bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 4096, size: 'max' }), fc.nat(), async (bytes, version) => {
        await writeLastGood(folder, { ...good, version, bytes });
        const kept = await read();
        expect(kept).toMatchObject({ version, hash: 'ab', configFile: '/etc/weir.yaml' });
        expect(new Uint8Array(kept?.bytes ?? [])).toEqual(bytes);
      }),
      { numRuns: 30 },
    );
  });

  it('replaces the one before, leaves nothing beside it, and is for its owner only', async () => {
    await writeLastGood(folder, good);
    await writeLastGood(folder, { ...good, version: 8 });
    expect((await read())?.version).toBe(8);
    expect(readdirSync(folder)).toEqual([basename(lastGoodFile(folder, good.configFile))]);
    expect(statSync(lastGoodFile(folder, good.configFile)).mode & 0o077).toBe(0);
  });

  it('is none when there is no file, or only half of one, or a foreign one', async () => {
    expect([await read(), said]).toEqual([null, []]);
    await writeLastGood(folder, good);
    for (const content of ['', '{"format":1', '{"format":2,"version":1}\nx', 'null\n', 'hello\n\n']) {
      writeFileSync(lastGoodFile(folder, good.configFile), content);
      expect(await read()).toBeNull();
      expect(said.splice(0)).toEqual([expect.stringContaining("can't be read")]);
    }
  });

  it('is one for each config file', async () => {
    await writeLastGood(folder, good);
    await writeLastGood(folder, { ...good, version: 8, configFile: '/etc/other.yaml' });
    expect((await read())?.version).toBe(7);
  });
});
