import { describe, expect, it } from 'vitest';
import { makeRequest } from '../pipeline/testing/harness.js';
import { keptHead, resultHeaders } from './kept-head.js';

const request = makeRequest({ authority: 'api.example:81', path: '/reports/7', query: 'x=1' });
const kept = (headers: string[]) => keptHead({ status: 201, headers }, request);

describe('the head of a result', () => {
  it.each([
    ['/made/8', 'http://api.example:81/made/8'],
    ['8', 'http://api.example:81/reports/8'],
    ['?y=2', 'http://api.example:81/reports/7?y=2'],
    ['//other.example/9', 'http://other.example/9'],
    ['https://other.example/%7e', 'https://other.example/%7e'],
    ['mailto:a@b', 'mailto:a@b'],
    ['//:', '//:'],
  ])('says where, wherever it is read: %s', (written, absolute) => {
    expect(kept(['location', written, 'content-location', written]).headers).toEqual([
      ...['location', absolute, 'content-location', absolute],
    ]);
  });

  it('keeps all but what was left of a limit then', () => {
    const others = ['x-own', '/a', 'set-cookie', 'a', 'set-cookie', 'b'];
    expect(kept([...others, 'ratelimit', '"a";r=1', 'ratelimit-policy', '"a";q=2'])).toEqual({
      ...{ status: 201, headers: others },
    });
  });

  it('forbids caches to keep it, whatever the upstream said of its answer', () => {
    expect(resultHeaders(['cache-control', 'public', 'a', 'b', 'cache-control', 'max-age=9'])).toEqual([
      ...['a', 'b', 'cache-control', 'no-store'],
    ]);
  });
});
