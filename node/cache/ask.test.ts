import { noDirectives } from '@weir/proto/http/cache-control.js';
import { describe, expect, it } from 'vitest';
import { isUnsafe, whyBypass } from './ask.js';
import { askOf } from './testing/cases.js';

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

  it('changes things by any method that is not known to be safe', () => {
    expect(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'POST', 'get', 'PROPFIND'].map(isUnsafe)).toEqual([
      ...[false, false, false, false],
      ...[true, true, true],
    ]);
  });
});
