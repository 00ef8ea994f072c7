import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, root } from '../support/built.js';

const assets = join(root, 'control', 'console', 'dist', 'web', 'assets');
const ALL_BYTES_MAX = 400 * 1024;

beforeAll(() => ensureBuilt(), 300_000);

/** As it is sent: compressed where that was worth it. */
function sentBytes(suffix: '.br' | '.gz'): number {
  const names = readdirSync(assets);
  const files = names.filter((name) => !/\.(br|gz)$/.test(name));
  const sent = files.map((name) => (names.includes(name + suffix) ? name + suffix : name));
  return sent.reduce((sum, name) => sum + statSync(join(assets, name)).size, 0);
}

describe('the built console', () => {
  it('is less than 400 KiB in all, by brotli as well as by gzip', () => {
    expect(sentBytes('.br')).toBeGreaterThan(50 * 1024);
    expect(sentBytes('.br')).toBeLessThan(ALL_BYTES_MAX);
    expect(sentBytes('.gz')).toBeLessThan(ALL_BYTES_MAX);
  });

  it('ships nothing but scripts, styles and pictures, and no map of the sources', () => {
    expect(readdirSync(assets).filter((name) => !/\.(js|css|svg)(\.(br|gz))?$/.test(name))).toEqual([]);
  });
});
