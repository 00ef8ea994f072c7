import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordFile } from './kept-record.js';

describe('the record that a control keeps', () => {
  let folder: string;
  let said: string[];
  const open = (data = folder) => recordFile(data, 'main', (text) => said.push(text));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-record-'));
    said = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is there for the next process, byte by byte, the latest of many', async () => {
    expect(await open().read()).toBeNull();
    const file = open();
    const entry = (number: number) => ({ number, identity: 'log 1', bytes: Uint8Array.of(10, 0, 255, number) });
    for (let number = 1; number <= 50; number += 1) file.keep(entry(number));
    await file.written();
    expect(await open().read()).toEqual(entry(50));
    file.keep({ number: 51, bytes: new Uint8Array() });
    await file.written();
    expect(await open().read()).toEqual({ number: 51, bytes: new Uint8Array() });
    expect(said).toEqual([]);
  });

  it('that is garbage, or can not be written, is said and does no harm', async () => {
    for (const text of ['', 'nonsense', '{"format":2,"number":1}\nx', '{"format":1,"number":-1}\nx']) {
      writeFileSync(join(folder, 'rollout-main.record'), text);
      expect(await open().read()).toBeNull();
    }
    expect(said).toHaveLength(4);
    writeFileSync(join(folder, 'file'), '');
    const nowhere = open(join(folder, 'file'));
    nowhere.keep({ number: 1, bytes: new Uint8Array() });
    await nowhere.written();
    expect(said.at(-1)).toContain('could not be kept');
  });
});
