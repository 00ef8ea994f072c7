import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { closeToOthers, writeOwnerFile } from './owner-file.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-owner-file-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (file: string): number => statSync(file).mode & 0o777;

it('a file with a secret is for its owner alone, and takes the place of the one before', () => {
  const file = join(folder, 'token');
  writeFileSync(file, 'before', { mode: 0o644 });
  writeOwnerFile(file, 'secret\n');
  expect([readFileSync(file, 'utf8'), modeOf(file)]).toEqual(['secret\n', 0o600]);
  expect(readdirSync(folder)).toEqual(['token']);
});

it('what a crash has left beside it is in nobody’s way, whoever might read that', () => {
  const file = join(folder, 'token');
  writeFileSync(`${file}.${process.pid}.tmp`, 'half', { mode: 0o666 });
  writeOwnerFile(file, 'secret\n');
  expect([readFileSync(file, 'utf8'), modeOf(file)]).toEqual(['secret\n', 0o600]);
  expect(readdirSync(folder)).toEqual(['token']);
});

it('one that others were let into is closed to them, and its length is told', () => {
  const file = join(folder, 'token');
  writeOwnerFile(file, 'secret\n');
  chmodSync(file, 0o644);
  expect([closeToOthers(file), modeOf(file)]).toEqual([7, 0o600]);
  // One that is stricter than needed stays so.
  chmodSync(file, 0o400);
  closeToOthers(file);
  expect(modeOf(file)).toBe(0o400);
  expect(() => closeToOthers(join(folder, 'none'))).toThrow(/ENOENT/);
});
