import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { decodeEntry, type Entry, encodeEntry, entryVersion } from './entry.js';
import { packText, unpackText } from './pack-text.js';

const sample: Entry = {
  number: 41,
  before: '0123456789abcdef0123456789abcdef',
  id: 'fedcba9876543210fedcba9876543210',
  author: 'ada@host',
  reason: 'more room for reports',
  atWallMs: 1_790_000_000_000,
  restores: 7,
  recovers: 40,
  textBytes: 12,
  // "version: 1\n" and a line break, as a stored block: what zlib makes of a text may differ between releases.
  text: Uint8Array.from([1, 12, 0, 243, 255, ...Buffer.from('version: 1\n\n')]),
};
const samples: readonly Entry[] = [sample, { ...sample, number: 1, before: '', reason: '', restores: 0, recovers: 0 }];

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });
const wire = (value: unknown, version = entryVersion): Uint8Array => Uint8Array.from([version, ...packr.pack(value)]);

describe('entries of the revision log', () => {
  it('are the bytes that they were when their version was made', () => {
    const golden: unknown = JSON.parse(readFileSync(new URL('./golden/v1.json', import.meta.url), 'utf8'));
    expect(golden).toEqual(samples.map((entry) => Buffer.from(encodeEntry(entry)).toString('hex')));
    expect(unpackText(sample.text)).toBe('version: 1\n\n');
  });

  it('come out as they went in, also with what a later release has added', () => {
    for (const entry of samples) {
      expect(decodeEntry(encodeEntry(entry))).toEqual({ ok: true, entry });
      expect(decodeEntry(wire({ kind: 'config', ...entry, someday: [1] }))).toEqual({ ok: true, entry });
    }
  });

  it('of another version or kind are unknown, which stops a reader, and are not taken for garbage', () => {
    expect(decodeEntry(wire({ kind: 'route.put', ...sample }))).toEqual({ ok: false, why: 'unknown' });
    expect(decodeEntry(Uint8Array.of(2))).toEqual({ ok: false, why: 'unknown' });
    expect(decodeEntry(new Uint8Array())).toEqual({ ok: false, why: 'malformed' });
    expect(decodeEntry(Uint8Array.of(0, 1))).toEqual({ ok: false, why: 'malformed' });
  });

  it('without any one of their fields, or with a wrong one, are malformed', () => {
    for (const name of Object.keys(sample)) {
      const rest = Object.fromEntries(
        Object.entries({ kind: 'config', ...sample }).filter(([other]) => other !== name),
      );
      for (const wrong of [undefined, -1, 1.5, null, 'a b', [], { a: 1 }, Number.NaN]) {
        if (wrong === 'a b' && (name === 'author' || name === 'reason')) continue;
        expect(decodeEntry(wire({ ...rest, [name]: wrong })), `${name} = ${String(wrong)}`).toMatchObject({
          ok: false,
        });
      }
    }
    expect(decodeEntry(wire({ kind: 'config', ...sample, number: 0 }))).toMatchObject({ ok: false });
  });

  it('that are garbage, cut off or changed never throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeEntry(bytes)));
    const whole = encodeEntry(sample);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
        expect(decodeEntry(whole.subarray(0, at)).ok).toBe(false);
        const changed = new Uint8Array(whole);
        changed[at] = value;
        const decoded = decodeEntry(changed);
        if (decoded.ok) expect(decodeEntry(encodeEntry(decoded.entry))).toEqual(decoded);
      }),
    );
  });
});

describe('packed texts', () => {
  it('come out as they went in, and nothing else does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400, size: 'max' }), (text) => {
        // A half of a pair is no text in UTF-8.
        fc.pre(!/[\ud800-\udfff]/u.test(text));
        const packed = packText(text);
        expect(unpackText(packed.text)).toBe(text);
        expect(packed.textBytes).toBe(Buffer.byteLength(text));
      }),
    );
    expect(unpackText(Uint8Array.of(9, 9, 9))).toBeNull();
  });

  it('that would be larger than a config are not unpacked', () => {
    expect(unpackText(packText('x'.repeat(1024 * 1024)).text)).toHaveLength(1024 * 1024);
    expect(unpackText(packText('x'.repeat(1024 * 1024 + 1)).text)).toBeNull();
  });
});
