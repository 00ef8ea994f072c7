import { describe, expect, it } from 'vitest';
import { combinedValue, countField, headerValue, listTokens, withField, withoutField } from './headers.js';
import { connectionNamed, isHopByHop } from './hop-by-hop.js';

const list = ['a', '1', 'b', 'a', 'a', '2'];

describe('a flat header list', () => {
  it('is read by name, never by value', () => {
    expect([headerValue(list, 'a'), headerValue(list, '1'), headerValue(list, 'c')]).toEqual([
      '1',
      undefined,
      undefined,
    ]);
    expect([combinedValue(list, 'a'), combinedValue(list, 'c'), countField(list, 'a')]).toEqual(['1, 2', undefined, 2]);
  });

  it('is changed by making another', () => {
    expect(withoutField(list, 'a')).toEqual(['b', 'a']);
    expect(withField(list, 'a', '3')).toEqual(['b', 'a', 'a', '3']);
    expect(list).toHaveLength(6);
  });

  it('splits list values as RFC 9110 §5.6.1 says', () => {
    expect(listTokens(' Close ,, X-a,')).toEqual(['close', 'x-a']);
  });
});

describe('hop-by-hop fields', () => {
  it('are the fixed ones and those that any Connection field names', () => {
    expect([...connectionNamed(['connection', 'X-A', 'x', 'y', 'connection', 'x-b, close'])]).toEqual([
      'x-a',
      'x-b',
      'close',
    ]);
    expect(connectionNamed(['connection', 'keep-alive']).size).toBe(0);
    expect(['te', 'upgrade', 'accept'].map(isHopByHop)).toEqual([true, true, false]);
  });
});
