import { emptyDirectives, noDirectives } from '@weir/proto/http/cache-control.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askedDirectives, isPlain, isUnsafe, whyBypass } from './ask.js';
import { onlyRange } from './reply.js';
import { askOf } from './testing/cases.js';
import { makeCacheSpec } from './testing/specs.js';

const get = askOf({ how: 'hit' });

describe('a request', () => {
  it.each([
    ['is looked up', null, get],
    ['is looked up by HEAD', null, { ...get, method: 'HEAD' }],
    ['is not by another method', 'method', { ...get, method: 'POST' }],
    ['is not with a body, which may say what is asked for', 'request', { ...get, hasBody: true }],
    ['is not with a precondition that only the origin can judge', 'request', { ...get, headers: ['if-match', '"a"'] }],
    ['is not when it asks to become something else', 'request', { ...get, headers: ['upgrade', 'websocket'] }],
  ])('%s', (_name, why, ask) => {
    expect(whyBypass(ask, noDirectives)).toBe(why);
  });

  it('with no-store is not looked up', () => {
    expect(whyBypass(get, { ...noDirectives, noStore: true })).toBe('request');
  });

  it('is plain only where nothing is found by any of those who look', () => {
    const names = ['cache-control', 'pragma', 'range', 'if-range', 'upgrade', 'if-match', 'if-none-match'];
    const all = [...names, 'if-modified-since', 'if-unmodified-since', 'host', 'accept', 'x-foo', 'x-cache-contro', ''];
    const values = fc.constantFrom('no-cache', 'no-store', 'bytes=0-1', '"a"', '', 'websocket');
    const spec = makeCacheSpec();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...all), values), { maxLength: 5 }), (fields) => {
        const headers = fields.flat();
        expect(isPlain(headers)).toBe(!fields.some(([name]) => name.startsWith('if-') || names.includes(name)));
        if (!isPlain(headers)) return;
        expect(askedDirectives(headers, spec)).toEqual(emptyDirectives());
        expect(whyBypass({ ...get, headers }, noDirectives)).toBe(null);
        expect(onlyRange(headers)).toBe(null);
      }),
    );
  });

  it('changes things by any method that is not known to be safe', () => {
    expect(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'POST', 'get', 'PROPFIND'].map(isUnsafe)).toEqual([
      ...[false, false, false, false],
      ...[true, true, true],
    ]);
  });
});
