import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileWatch, watchContent } from './watch-file.js';

let folder: string;
let file: string;
let watch: FileWatch | null = null;
let changes: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-watch-'));
  file = join(folder, 'weir.yaml');
  changes = 0;
  writeFileSync(file, 'one');
});
afterEach(() => {
  watch?.close();
  rmSync(folder, { recursive: true, force: true });
});

const begin = async (): Promise<void> => {
  watch = await watchContent(file, () => {
    changes += 1;
  });
};
const seen = (count: number): Promise<void> =>
  expect.poll(() => changes, { timeout: 10_000, interval: 20 }).toBe(count);

describe('watchContent', () => {
  it('sees a file that is written in place', async () => {
    await begin();
    writeFileSync(file, 'two');
    await seen(1);
    writeFileSync(file, 'three');
    await seen(2);
  });

  it('sees a file that is replaced by renaming, again and again', async () => {
    await begin();
    for (const round of [1, 2, 3]) {
      writeFileSync(join(folder, '.weir.yaml.swp'), `content ${round}`);
      renameSync(join(folder, '.weir.yaml.swp'), file);
      await seen(round);
    }
  });

  it('sees a file that was gone for a while', async () => {
    await begin();
    unlinkSync(file);
    writeFileSync(join(folder, 'marker'), '');
    writeFileSync(file, 'back');
    await seen(1);
  });

  it('sees the folder behind a symlink being swapped, as Kubernetes does it', async () => {
    const volume = join(folder, 'volume');
    mkdirSync(volume);
    for (const name of ['a', 'b']) {
      mkdirSync(join(volume, name));
      writeFileSync(join(volume, name, 'weir.yaml'), name);
    }
    symlinkSync('a', join(volume, 'current'));
    symlinkSync(join('current', 'weir.yaml'), join(volume, 'weir.yaml'));
    file = join(volume, 'weir.yaml');
    await begin();
    symlinkSync('b', join(volume, 'next'));
    renameSync(join(volume, 'next'), join(volume, 'current'));
    await seen(1);
  });

  it('tells of a content once, and not of one that is the same, nor of other files', async () => {
    await begin();
    writeFileSync(join(folder, 'other.yaml'), 'x');
    writeFileSync(file, 'one');
    writeFileSync(file, 'two');
    await seen(1);
    for (const round of [1, 2, 3]) {
      // A second watch of the same folder waits as long as the first: when it has told, the first has looked as well.
      let barrier = 0;
      const other = await watchContent(join(folder, 'other.yaml'), () => {
        barrier += 1;
      });
      writeFileSync(file, 'two');
      writeFileSync(join(folder, 'other.yaml'), `round ${round}`);
      await expect.poll(() => barrier, { timeout: 10_000, interval: 20 }).toBe(1);
      other.close();
      expect(changes).toBe(1);
    }
  });

  it('tells of a file that stays away, once, and of its return', async () => {
    await begin();
    renameSync(file, `${file}.away`);
    await seen(1);
    renameSync(`${file}.away`, file);
    await seen(2);
  });

  it('tells nothing after it was closed', async () => {
    await begin();
    writeFileSync(file, 'two');
    watch?.close();
    const other = await watchContent(file, () => {});
    other.close();
    let later = 0;
    watch = await watchContent(file, () => {
      later += 1;
    });
    writeFileSync(file, 'three');
    await expect.poll(() => later, { timeout: 10_000, interval: 20 }).toBe(1);
    expect(changes).toBe(0);
  });
});
