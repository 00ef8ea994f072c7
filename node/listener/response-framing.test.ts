import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSafeRequestId, requestIds } from './request-ids.js';
import { frameResponse, isOurField, statusText } from './response-framing.js';
import { wireValue } from './uws/wire-value.js';

test('a response has a body exactly when method and status allow one', () => {
  const method = fc.constantFrom('GET', 'HEAD', 'POST');
  const length = fc.option(fc.nat({ max: 1_000_000 }));
  fc.assert(
    fc.property(method, fc.integer({ min: 200, max: 599 }), length, (verb, status, lengthBytes) => {
      const framing = frameResponse(verb, status, lengthBytes);
      const bodiless = verb === 'HEAD' || [204, 205, 304].includes(status);
      expect(framing.kind === 'none').toBe(bodiless);
      if (status === 204 || status === 304) expect(framing).toEqual({ kind: 'none', lengthBytes: null });
      else if (verb === 'HEAD') expect(framing).toEqual({ kind: 'none', lengthBytes });
      else if (status === 205) expect(framing).toEqual({ kind: 'none', lengthBytes: 0 });
      else expect(framing).toEqual(lengthBytes === null ? { kind: 'chunked' } : { kind: 'known', lengthBytes });
    }),
  );
});

test('framing and hop-by-hop fields are never copied', () => {
  const ours = ['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'date', 'upgrade', 'trailer'];
  expect(ours.filter((name) => !isOurField(name))).toEqual([]);
  expect(['content-type', 'set-cookie', 'server', 'etag'].filter(isOurField)).toEqual([]);
});

test('a status without a phrase keeps the space behind its code', () => {
  expect([statusText(200), statusText(599)]).toEqual(['200 OK', '599 ']);
});

test('no field value ends its line early, and every byte of it stays', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', size: 'max', maxLength: 200 }), (value) => {
      const breaking = /[\r\n\0]/.test(value);
      if (breaking) {
        expect(() => wireValue('x', value)).toThrow('line break');
        return;
      }
      const wire = wireValue('x', value);
      if (typeof wire !== 'string') expect(Buffer.from(wire).toString('latin1')).toBe(value);
      else expect(wire).toBe(value);
    }),
  );
  expect(wireValue('x', '\xe9')).toEqual(Buffer.from([0xe9]));
  expect(wireValue('x', '€')).toBe('€');
});

test('request ids differ within a process and between seeds, and may be written anywhere', () => {
  const [one, two] = [requestIds(new Uint8Array(10).fill(1)), requestIds(new Uint8Array(10).fill(2))];
  const ids = [one.next(), one.next(), two.next(), two.next()];
  expect(new Set(ids).size).toBe(4);
  expect(ids.every(isSafeRequestId)).toBe(true);
  expect(ids.map((id) => id.slice(0, 21))).toEqual([
    ...Array(2).fill(`${'01'.repeat(10)}-`),
    ...Array(2).fill(`${'02'.repeat(10)}-`),
  ]);
  expect(() => requestIds(new Uint8Array(9))).toThrow(RangeError);
  expect(['', 'a b', 'a\nb', 'é', 'x'.repeat(129)].some(isSafeRequestId)).toBe(false);
  expect(isSafeRequestId('x'.repeat(128))).toBe(true);
});

test('request ids show their prefix byte by byte, and count', () => {
  const counted = requestIds(Uint8Array.from([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xff]));
  const ids = Array.from({ length: 40_000 }, () => counted.next());
  expect(ids[0]).toBe('0123456789abcdeffedc-000000001');
  expect(ids[32 * 32 * 32 - 1]).toBe('0123456789abcdeffedc-000001000');
  for (const [index, id] of ids.entries()) expect(Number.parseInt(id.slice(21), 32)).toBe(index + 1);
});

test('a request id is renewed in bytes as the next one is told as text, beside what else stands there', () => {
  const [told, renewed] = [requestIds(new Uint8Array(10).fill(0xa5)), requestIds(new Uint8Array(10).fill(0xa5))];
  const bytes = Buffer.from(`<${told.next()}>`);
  expect(renewed.next()).toBe(bytes.toString('latin1', 1, 31));
  for (let index = 0; index < 2_000; index += 1) {
    renewed.renew(bytes, 1);
    expect(bytes.toString()).toBe(`<${told.next()}>`);
  }
});
