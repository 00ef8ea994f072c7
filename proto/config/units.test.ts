import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatRate, formatSize, parseDuration, parseRate, parseSize } from './units.js';

const value = (reading: { ok: boolean; value?: unknown }) => (reading.ok ? reading.value : 'refused');

describe('durations', () => {
  it.each([
    ['250ms', 250],
    ['2s', 2_000],
    ['1m', 60_000],
    ['1h', 3_600_000],
    ['1.5s', 1_500],
    ['1.1s', 1_100],
    ['0.25m', 15_000],
    ['2 s', 2_000],
    ['0s', 0],
  ])('%s is %d ms', (text, ms) => expect(value(parseDuration(text))).toBe(ms));

  it.each([
    '',
    's',
    '2',
    '-1s',
    '+1s',
    '1.s',
    '.5s',
    '1e3s',
    '2S5',
    '2sec',
    '1d',
    '2s ',
    ' 2s',
    '0.5ms',
    '1,5s',
    '٣s',
    `${'9'.repeat(16)}s`,
    '999999999999999h',
  ])('%j is refused, with a cure', (text) =>
    expect(parseDuration(text)).toMatchObject({ ok: false, cure: expect.stringMatching(/write/) }),
  );

  it('every duration reads back from its shortest spelling', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(), fc.maxSafeNat()), (ms) => {
        expect(value(parseDuration(formatDuration(ms)))).toBe(ms);
      }),
    );
  });

  it('the shortest spelling uses the largest unit that divides', () => {
    expect([90_000, 120_000, 7_200_000, 1_500, 0].map(formatDuration)).toEqual(['90s', '2m', '2h', '1500ms', '0ms']);
  });
});

describe('sizes', () => {
  it.each([
    ['512B', 512],
    ['64KiB', 65_536],
    ['10MiB', 10_485_760],
    ['1GiB', 1_073_741_824],
    ['1.5KiB', 1_536],
  ])('%s is %d bytes', (text, bytes) => expect(value(parseSize(text))).toBe(bytes));

  it.each([
    ['10MB', 'write 10MiB'],
    ['10m', 'write 10MiB'],
    ['64kb', 'write 64KiB'],
    ['64kib', 'write 64KiB'],
    ['1.0001KiB', expect.stringContaining('512B')],
  ])('%s is refused with the spelling that was meant', (text, cure) =>
    expect(parseSize(text)).toMatchObject({ ok: false, cure }),
  );

  it('every size reads back from its shortest spelling', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(), fc.maxSafeNat()), (bytes) => {
        expect(value(parseSize(formatSize(bytes)))).toBe(bytes);
      }),
    );
  });
});

describe('rates', () => {
  it.each([
    ['100/s', { requests: 100, periodMs: 1_000 }],
    ['1000/m', { requests: 1_000, periodMs: 60_000 }],
    ['5 / h', { requests: 5, periodMs: 3_600_000 }],
  ])('%s', (text, rate) => expect(value(parseRate(text))).toEqual(rate));

  it.each(['100', '0/s', '-1/s', '1.5/s', '5/d', '5/ms', '/s', '5/', '5//s'])('%j is refused', (text) =>
    expect(parseRate(text).ok).toBe(false),
  );

  it('every rate reads back', () => {
    const rate = fc.record({
      requests: fc.integer({ min: 1, max: 1e12 }),
      periodMs: fc.constantFrom(1_000, 60_000, 3_600_000),
    });
    fc.assert(
      fc.property(rate, (wanted) => {
        expect(value(parseRate(formatRate(wanted)))).toEqual(wanted);
      }),
    );
  });
});

it('no text makes a unit throw, and an accepted one is a safe whole number', () => {
  const alphabet = fc.constantFrom(...'0123456789.smhKMGiB/ e-');
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ size: 'max', maxLength: 200 }), fc.string({ unit: alphabet, maxLength: 24 })),
      (text) => {
        for (const reading of [parseDuration(text), parseSize(text)]) {
          if (reading.ok) expect(Number.isSafeInteger(reading.value) && reading.value >= 0).toBe(true);
        }
        parseRate(text);
      },
    ),
  );
});
