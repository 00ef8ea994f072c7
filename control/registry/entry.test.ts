import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import type { Change, Design } from '../model/entities.js';
import { furnished } from '../model/testing/world.js';
import { decodeChanges, decodeEntry, type Entry, encodeChanges, encodeEntry, entryVersion } from './entry.js';
import { everything } from './state.js';

const design: Design = { contract: '', upstreams: [], routes: [{ match: '/*' }], validate: 'off', mock: false };
const times = { createdWallMs: 1_790_000_000_000, changedWallMs: 1_790_000_000_001 };
const release: Change = {
  ...{ kind: 'release', id: 'shop@1' },
  value: { id: 'shop@1', version: 1, ...times, serviceId: 'shop', number: 1, design, notes: '', byUserId: 'u' },
};
const sample: Entry = {
  ...{ number: 41, before: 'd000040', id: 'key-1', what: 'service.publish', on: 'service shop' },
  actor: { userId: 'u1', login: 'ada', via: 'session', from: '127.0.0.1' },
  ...{ atWallMs: 1_790_000_000_000, reason: 'more room' },
  changes: [release, { kind: 'key', id: 'k1', value: null }],
};
const first: Entry = { ...sample, number: 1, before: '', reason: '', changes: [] };

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });
const wire = (value: unknown, version = entryVersion): Uint8Array => Uint8Array.from([version, ...packr.pack(value)]);
const fieldsOf = (entry: Entry): Record<string, unknown> =>
  packr.unpack(encodeEntry(entry).subarray(1)) as Record<string, unknown>;

describe('entries of the registry', () => {
  it('are the bytes that they were when their version was made', () => {
    const file = new URL('./golden/v1.json', import.meta.url);
    const now = [sample, first].map((entry) => Buffer.from(encodeEntry(entry)).toString('hex'));
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(now);
  });

  it('come out as they went in, short or deflated, also with what a later release has added', () => {
    const all: Entry = { ...sample, changes: [...everything(furnished().state)] };
    expect(fieldsOf(all)['isDeflated']).toBe(true);
    for (const entry of [sample, first, all]) {
      expect(decodeEntry(encodeEntry(entry))).toEqual({ ok: true, entry });
      expect(decodeEntry(wire({ ...fieldsOf(entry), someday: [1] }))).toEqual({ ok: true, entry });
    }
  });

  it('hold a design that stands in several places once, and give it back as one object', () => {
    const contract = 'x'.repeat(100_000);
    const big = { ...design, contract };
    const [service] = [...furnished().state.all('service')];
    if (service === undefined || release.value === null) throw new Error('no service');
    const changes = [
      { kind: 'service', id: service.id, value: { ...service, draft: big } },
      { ...release, value: { ...release.value, design: big } },
    ] as Change[];
    const bytes = encodeChanges(changes);
    expect(bytes.length).toBeLessThan(110_000);
    const [one, two] = decodeChanges(bytes) as Change[];
    expect(one?.kind === 'service' && two?.kind === 'release' && one.value?.draft === two.value?.design).toBe(true);
    expect([one, two]).toEqual(changes);
  });

  it('of another version, kind or kind of entity are unknown, which stops a reader, and are not taken for garbage', () => {
    expect(decodeEntry(wire({ ...fieldsOf(sample), kind: 'checkpoint' }))).toEqual({ ok: false, why: 'unknown' });
    expect(decodeEntry(Uint8Array.of(2))).toEqual({ ok: false, why: 'unknown' });
    const body = packr.pack({ designs: [], changes: [['gadget', 'g', null]] });
    expect(decodeEntry(wire({ ...fieldsOf(sample), isDeflated: false, body }))).toEqual({ ok: false, why: 'unknown' });
    expect(decodeEntry(new Uint8Array())).toEqual({ ok: false, why: 'malformed' });
    expect(decodeEntry(Uint8Array.of(0, 1))).toEqual({ ok: false, why: 'malformed' });
  });

  it('without any one of their fields, or with a wrong one, are malformed', () => {
    const fields = fieldsOf(sample);
    for (const name of Object.keys(fields)) {
      for (const wrong of [undefined, -1, 1.5, null, [], { a: 1 }, Number.NaN]) {
        const { [name]: _, ...rest } = fields;
        expect(decodeEntry(wire({ ...rest, [name]: wrong })), `${name} = ${String(wrong)}`).toMatchObject({
          ok: false,
        });
      }
    }
    for (const changes of [
      [['key', 'k', { id: 'other', version: 1 }]],
      [['key', 'k', { id: 'k' }]],
      [['service', 's', { id: 's', version: 1, draft: 7 }]],
      [['key', 'k']],
      ['key'],
    ]) {
      const body = packr.pack({ designs: [], changes });
      expect(decodeEntry(wire({ ...fields, isDeflated: false, body }))).toEqual({ ok: false, why: 'malformed' });
    }
  });

  it('survive hostile bytes, whole or with some of them turned', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void decodeEntry(bytes)));
    const sound = encodeEntry({ ...sample, changes: [...everything(furnished().state)] });
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.nat(255), (place, value) => {
        const turned = new Uint8Array(sound);
        turned[place] = value;
        expect(['boolean']).toContain(typeof decodeEntry(turned).ok);
      }),
    );
  });
});
