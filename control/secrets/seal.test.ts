import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { sealingWith } from './seal.js';
import { drawnSecretKey, parseSecretKey } from './secret-key.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));
const keyOf = (byte: number) => new Uint8Array(32).fill(byte);

it('what was sealed opens under its key and for its name alone, and twice it is never the same', () => {
  const [sealing, other] = [sealingWith(keyOf(1)), sealingWith(keyOf(2))];
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const sealed = sealing.seal('red/KEY', text);
      expect(sealing.open('red/KEY', sealed)).toBe(text);
      expect(sealing.open('red/OTHER', sealed)).toBeNull();
      expect(other.open('red/KEY', sealed)).toBeNull();
      expect(sealing.seal('red/KEY', text)).not.toBe(sealed);
    }),
  );
});

it('changed, cut or with a shorter tag it does not open', () => {
  const sealing = sealingWith(keyOf(1));
  const sealed = sealing.seal('red/KEY', 'secret');
  for (let at = 0; at < sealed.length; at += 1) {
    const letter = sealed[at] === 'A' ? 'B' : 'A';
    const changed = `${sealed.slice(0, at)}${letter}${sealed.slice(at + 1)}`;
    // The last letter of a part may hold bits that mean nothing.
    const isSame = changed
      .split('.')
      .every((part, i) => Buffer.from(part, 'base64url').equals(Buffer.from(sealed.split('.')[i] ?? '', 'base64url')));
    if (!isSame) expect(sealing.open('red/KEY', changed)).toBeNull();
    expect(sealing.open('red/KEY', sealed.slice(0, at))).toBeNull();
  }
  const [version, nonce, text, tag = ''] = sealed.split('.');
  const short = Buffer.from(tag, 'base64url').subarray(0, 4).toString('base64url');
  expect(sealing.open('red/KEY', [version, nonce, text, short].join('.'))).toBeNull();
});

it('a key is drawn once, for its owner alone, and refused where it is none', () => {
  const file = join(folder, 'made', 'secret.key');
  const key = drawnSecretKey(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(drawnSecretKey(file)).toEqual(Buffer.from(key));
  expect(parseSecretKey(Buffer.from(key).toString('hex'), 'it')).toEqual(Buffer.from(key));
  expect(readFileSync(file, 'utf8').length).toBeGreaterThan(42);
  writeFileSync(file, 'password');
  expect(() => drawnSecretKey(file)).toThrow('is no key for secrets');
});
