import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { isPlainPack } from './plain-pack.js';

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true, int64AsType: 'number' });

describe('plain lists of MessagePack', () => {
  const json = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 3 },
      fc.constantFrom(null, true, false),
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.string(),
      fc.string({ minLength: 300, maxLength: 400 }),
      fc.array(tie('value'), { maxLength: 20 }),
    ),
  })).value;

  it('are what is made of texts, numbers, flags and lists, and nothing that is cut off or goes on', () => {
    fc.assert(
      fc.property(json, fc.nat(), (value, cut) => {
        const bytes = packr.pack(value);
        expect(isPlainPack(bytes, 'lists')).toBe(true);
        expect(isPlainPack(bytes.subarray(0, cut % bytes.length), 'lists')).toBe(false);
        expect(isPlainPack(Buffer.concat([bytes, bytes]), 'lists')).toBe(false);
      }),
    );
  });

  it('have no mappings, bytes, dates or extensions, nor lists that are longer than what they came in', () => {
    for (const value of [{ a: 1 }, Buffer.of(1), new Date(0), new Map(), [[[[[1]]]]]]) {
      expect(isPlainPack(packr.pack(value), 'lists')).toBe(false);
    }
    for (const hex of ['c1', 'dcffff', 'ddffffffff', 'd9ff', 'dbffffffff', 'c7017200', 'd47200', 'dbffffffff61']) {
      expect([hex, isPlainPack(Buffer.from(hex, 'hex'), 'lists')]).toEqual([hex, false]);
    }
  });
});

describe('plain documents of MessagePack', () => {
  const document = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 6 },
      fc.constantFrom(null, true, false, 2 ** 48, -(2 ** 40)),
      fc.double(),
      fc.string({ maxLength: 300, size: 'max' }),
      fc.uint8Array({ maxLength: 300, size: 'max' }),
      fc.array(tie('value'), { maxLength: 20 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 20 }),
    ),
  })).value;

  it('have maps and bytes besides, and are nothing that is cut off or goes on', () => {
    fc.assert(
      fc.property(document, fc.nat(), (value, cut) => {
        const bytes = new Uint8Array(packr.pack(value));
        expect(isPlainPack(bytes, 'documents')).toBe(true);
        expect(isPlainPack(bytes.subarray(0, cut % bytes.length), 'documents')).toBe(false);
        expect(isPlainPack(Buffer.concat([bytes, bytes]), 'documents')).toBe(false);
      }),
    );
  });

  it('are of any length that their bytes have', () => {
    for (const value of [
      Array.from({ length: 70_000 }, () => 1),
      Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [i, 1])),
      new Uint8Array(70_000),
    ])
      expect(isPlainPack(new Uint8Array(packr.pack(value)), 'documents')).toBe(true);
  });

  it('have no dates, extensions or hundreds of levels, nor more members than bytes', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 40; i += 1) deep = i % 2 === 0 ? [deep] : { deep };
    for (const value of [new Date(0), deep, undefined, [undefined]])
      expect([value, isPlainPack(packr.pack(value), 'documents')]).toEqual([value, false]);
    const lies = [
      'dd01c9c380',
      'dd01c9c380'.repeat(60),
      'df00e4e1c0',
      'deffff',
      'c6ffffffff',
      '8f',
      '9f',
      '81a161',
      'c7017800',
    ];
    for (const hex of lies) expect([hex, isPlainPack(Buffer.from(hex, 'hex'), 'documents')]).toEqual([hex, false]);
  });
});
