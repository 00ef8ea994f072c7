import { describe, expect, it } from 'vitest';
import { readCookies } from './read-input.js';

describe('cookies of a request', () => {
  it.each<[string | undefined, Readonly<Record<string, string>>]>([
    [undefined, {}],
    ['', {}],
    ['weir_session=a; theme=dark', { weir_session: 'a', theme: 'dark' }],
    [' weir_session = a ;=b; c', { weir_session: 'a' }],
    ['token=a=b', { token: 'a=b' }],
    ['weir_session=a; weir_session=a', { weir_session: 'a' }],
    // Set by a page of another port, for a longer path, in front of the own one.
    ['weir_session=theirs; theme=dark; weir_session=mine', { theme: 'dark' }],
    ['weir_session=a; weir_session=b; weir_session=a', {}],
  ])('%s', (field, told) => {
    expect(Object.fromEntries(readCookies(field))).toEqual(told);
  });

  it('are fifty at most', () => {
    const field = Array.from({ length: 60 }, (_, at) => `c${at}=1`).join('; ');
    expect(readCookies(field).size).toBe(50);
  });
});
