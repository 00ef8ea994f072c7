import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyPair } from '@weir/proto/signing/ed25519.js';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSigningKey, mayBeReadByOthers, readSigningKey } from './signing-key.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('a key is made once, for its owner alone, and read back', () => {
  const path = join(folder, 'signing.key');
  const made = createSigningKey(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readSigningKey(path)).toEqual(made);
  const before = readFileSync(path);
  expect(() => createSigningKey(path)).toThrow('EEXIST');
  expect(readFileSync(path)).toEqual(before);
});

it('a file that others may read, or that is no key, is refused without a word of what is in it', () => {
  const path = join(folder, 'signing.key');
  const { privateKey } = createSigningKey(path);
  for (const mode of [0o640, 0o604, 0o660]) {
    chmodSync(path, mode);
    expect(() => readSigningKey(path)).toThrow('may be read by others');
  }
  const secret = privateKey.slice('weir-private-'.length);
  for (const [index, text] of [
    secret,
    createKeyPair().publicKey,
    `${privateKey}${privateKey}`,
    'x'.repeat(2_000),
  ].entries()) {
    const other = join(folder, `other-${index}`);
    writeFileSync(other, text, { mode: 0o600 });
    expect(() => readSigningKey(other)).toThrow(`${other} is no key`);
    expect(() => readSigningKey(other)).not.toThrow(secret);
  }
  expect(() => readSigningKey(join(folder, 'none'))).toThrow('ENOENT');
});

it('a key of its own is for its owner alone; one that root has handed in may be read by the group, and by no others', () => {
  expect([0o600, 0o400, 0o440, 0o640, 0o644].map((mode) => mayBeReadByOthers(mode, true))).toEqual([
    ...[false, false, true, true, true],
  ]);
  expect([0o400, 0o440, 0o640, 0o644, 0o404].map((mode) => mayBeReadByOthers(mode, false))).toEqual([
    ...[false, false, false, true, true],
  ]);
});
