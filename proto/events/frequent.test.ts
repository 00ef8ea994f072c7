import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { readFrequent } from './frequent.js';
import { SERIAL_MAX } from './guards.js';
import { type HealthChange, healthChange, opinionKinds, standings } from './health.js';
import type { Heartbeat } from './membership.js';
import { type Opinion, readChange } from './opinion.js';
import type { RateCount, RateCounts } from './rate-counts.js';
import { decodeAny, decodeMessage, encodeMessage } from './wire.js';

const packr = new Packr({ useRecords: false, variableMapSize: true });
const versioned = (value: unknown): Uint8Array => Uint8Array.from([1, ...packr.pack(value)]);

const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
/** Around the ends of each spelling of a number. */
const count = fc.oneof(
  fc.nat(300),
  fc.constantFrom(127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, SERIAL_MAX),
  fc.nat({ max: SERIAL_MAX }),
);
const heartbeat: fc.Arbitrary<Heartbeat> = fc.record({
  ...{ kind: fc.constant('heartbeat' as const), id: name, incarnation: count, session: count },
  ...{ role: fc.constantFrom('node' as const, 'control' as const), seq: count, intervalMs: count },
  ...{ snapshotVersion: count, loadPermille: count, purgeEpoch: count },
  told: fc.record({ health: count, rate: count, latency: count }),
});
const key = fc.oneof(name, fc.string({ unit: 'binary-ascii', maxLength: 128 }));
const rateCount: fc.Arbitrary<RateCount> = fc
  .tuple(key, count, count, count, fc.option(count, { nil: undefined }))
  .map(([of, window, one, other, debtMs]) => {
    const counts = [of, window, Math.min(one, other), Math.max(one, other)] as const;
    return debtMs === undefined ? counts : [...counts, debtMs];
  });
const rate: fc.Arbitrary<RateCounts> = fc.record({
  ...{ kind: fc.constant('rate' as const), id: name, incarnation: count, seq: count },
  counts: fc.array(rateCount, { maxLength: 20, size: 'max' }),
});
const text = fc.string({ unit: 'binary-ascii', maxLength: 128 });
const number = fc.oneof(count, fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }));
const standing = fc.constantFrom(...standings);
const change: fc.Arbitrary<HealthChange> = fc.record({
  ...{ kind: fc.constantFrom(...opinionKinds), upstream: text, target: fc.option(text), from: standing, to: standing },
  ...{ reason: text, evidence: fc.dictionary(name, number, { maxKeys: 15 }), atWallMs: number },
});
const opinion: fc.Arbitrary<Opinion> = fc.record({
  ...{ kind: fc.constant('opinion' as const), id: name, incarnation: count, seq: count, change },
});

/** As they are spelt here, for the order of fields is part of it. */
const spelt = (message: Heartbeat | RateCounts | Opinion): Heartbeat | RateCounts | Opinion => {
  if (message.kind !== 'heartbeat') return message;
  const { kind, id, incarnation, session, role, seq, intervalMs, ...own } = message;
  return { kind, id, incarnation, session, role, seq, intervalMs, ...own };
};
const frequent = fc.oneof(heartbeat, rate, opinion).map(spelt);

const changeFields = ['kind', 'upstream', 'target', 'from', 'to', 'reason', 'evidence', 'atWallMs'];

describe('what is heard by the hundred', () => {
  it('is read from its bytes, all of it', () => {
    fc.assert(
      fc.property(frequent, (message) => {
        expect(readFrequent(encodeMessage(message))).toEqual(message);
      }),
      { numRuns: 300 },
    );
  });

  it('is what the general way makes of the same bytes, whatever became of them on the way', () => {
    const broken = fc.tuple(frequent, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat(400));
    fc.assert(
      fc.property(broken, ([message, edits, cut]) => {
        const whole = encodeMessage(message);
        for (const [at, byte] of edits) whole[1 + (at % (whole.length - 1))] = byte;
        const bytes = cut < whole.length && cut % 3 === 0 ? whole.subarray(0, cut) : whole;
        const read = bytes.length === 0 || bytes[0] !== 1 ? null : readFrequent(bytes);
        if (read !== null) expect(decodeAny(bytes)).toEqual({ ok: true, message: read });
        expect(decodeMessage(bytes)).toEqual(bytes.length === 0 ? { ok: false, why: 'malformed' } : decodeAny(bytes));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is left to the general way where it is of another release, or is more than may be', () => {
    const base = { kind: 'rate', id: 'n1', incarnation: 1, seq: 2, counts: [['a', 3, 4, 5]] };
    const values: readonly unknown[] = [
      { ...base, more: true },
      { seq: 2, kind: 'rate', id: 'n1', incarnation: 1, counts: [] },
      { ...base, id: 'n.1' },
      { ...base, id: 'n'.repeat(65) },
      { ...base, seq: -1 },
      { ...base, seq: 1.5 },
      { ...base, counts: [['a', 3, 6, 5]] },
      { ...base, counts: [['a', 3, 4, 5, 6, 7]] },
      { ...base, counts: [['ä', 3, 4, 5]] },
      { ...base, counts: [['a'.repeat(129), 3, 4, 5]] },
      { ...base, counts: Array.from({ length: 4_001 }, () => ['a', 3, 4, 5]) },
    ];
    for (const value of values) expect(readFrequent(versioned(value)), JSON.stringify(value).slice(0, 99)).toBeNull();
    expect(readFrequent(versioned(base))).not.toBeNull();
  });

  it('has names that are the same text each time, whatever has the same place', () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `node-${i}`);
    for (const id of [...names, ...names.slice(0, 100)])
      expect(readFrequent(encodeMessage({ kind: 'rate', id, incarnation: 1, seq: 1, counts: [] }))?.id).toBe(id);
  });

  it('has changes of opinion that are what their schema takes, and no others', () => {
    const anything = fc.oneof(fc.string(), fc.double(), fc.constant(null), fc.constant({}), fc.constant('out'));
    const edited = fc.tuple(change, fc.constantFrom('', 'more', ...changeFields), anything);
    fc.assert(
      fc.property(edited, ([of, field, value]) => {
        const given = field === '' ? of : { ...of, [field]: value };
        const parsed = healthChange.safeParse(given);
        expect(readChange(given)).toEqual(parsed.success ? parsed.data : null);
      }),
      { numRuns: 500 },
    );
    const whole = { kind: 'probe', upstream: 'u', target: null, from: 'well', to: 'out', reason: '', atWallMs: 1 };
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`n${i}`, i]));
    expect(readChange({ ...whole, evidence: many })).toBeNull();
    expect(readChange({ ...whole, evidence: {}, reason: 'x'.repeat(1_025) })).toBeNull();
    expect(readChange({ ...whole, evidence: {}, reason: 'x'.repeat(1_024) })).not.toBeNull();
  });
});
