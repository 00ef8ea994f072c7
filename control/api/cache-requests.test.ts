import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readInspect, readPurge } from './cache-requests.js';

const purgeOf = (body: unknown) => {
  const read = readPurge(body);
  return read.ok ? read.value : read.detail;
};
const targetsOf = (body: unknown) => {
  const read = readPurge(body);
  return read.ok ? read.value.targets : read.detail;
};

describe('a purge', () => {
  it.each([
    [{ all: true }, [{ kind: 'all' }]],
    [{ tag: 'a' }, [{ kind: 'tag', tag: 'a' }]],
    [
      { tags: ['a', ' b '] },
      [
        { kind: 'tag', tag: 'a' },
        { kind: 'tag', tag: 'b' },
      ],
    ],
    [{ host: 'A.example' }, [{ kind: 'host', authority: 'a.example' }]],
    [{ host: '[::1]:8080' }, [{ kind: 'host', authority: '[::1]:8080' }]],
    [{ url: 'https://A.example' }, [{ kind: 'url', authority: 'a.example', path: '/', query: '' }]],
    [{ url: 'a.example/x?b=1&a#f' }, [{ kind: 'url', authority: 'a.example', path: '/x', query: 'b=1&a' }]],
    [{ url: 'http://a.example?x' }, [{ kind: 'url', authority: 'a.example', path: '/', query: 'x' }]],
    [{ prefix: 'https://a.example:81/X/' }, [{ kind: 'prefix', authority: 'a.example:81', prefix: '/X/' }]],
    [
      { host: 'a', tag: 't' },
      [
        { kind: 'host', authority: 'a' },
        { kind: 'tag', tag: 't' },
      ],
    ],
  ])('%j means %j', (body, targets) => expect(targetsOf(body)).toEqual(targets));

  it('takes a URL as clients send it: what a parser tidies up would be another one', () => {
    expect(targetsOf({ url: "http://a.example/a//b/%7e?q='x'|y" })).toEqual([
      { kind: 'url', authority: 'a.example', path: '/a//b/%7e', query: "q='x'|y" },
    ]);
  });

  it('is hard unless it is said to be soft', () => {
    expect(purgeOf({ all: true })).toMatchObject({ isSoft: false });
    expect(purgeOf({ all: true, soft: true })).toMatchObject({ isSoft: true });
  });

  it.each([
    [null, 'Send a JSON object'],
    [[], 'Send a JSON object'],
    ['all', 'Send a JSON object'],
    [{}, 'It is not said what to purge'],
    [{ soft: true }, 'It is not said what to purge'],
    [{ all: false }, 'It is not said what to purge'],
    [{ all: 'true' }, '`all` and `soft` are true or false'],
    [{ urls: 'http://a' }, 'There is no "urls" here'],
    [{ tag: 7 }, '`tag` is a text'],
    [{ tag: '' }, 'A tag has 1 to 256 characters'],
    [{ tag: 'x'.repeat(257) }, 'A tag has 1 to 256 characters'],
    [{ tag: 'a,b' }, 'are several tags'],
    [{ host: 'a.example/x' }, 'is no host'],
    [{ host: 'http://a.example' }, 'is no host'],
    [{ url: '/x' }, 'is no URL'],
    [{ url: 'http:///x' }, 'is no URL'],
    [{ url: 'http://a b/x' }, 'is no URL'],
    [{ url: 'ftp://a/x' }, 'is no URL'],
    [{ prefix: 'http://a/x?y' }, 'has a query'],
    [{ tags: Array.from({ length: 257 }, (_, i) => `t${i}`) }, 'One purge means 256 things'],
  ])('%j is refused, and it is said why', (body, detail) => expect(targetsOf(body)).toContain(detail));

  it('is never made of hostile JSON by accident: it is read or refused, and nothing throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('url', 'prefix', 'host', 'tag', 'tags', 'all'), (value, key) => {
        for (const body of [value, { [key]: value }]) {
          const read = readPurge(body);
          if (read.ok) expect(read.value.targets.length).toBeGreaterThan(0);
          else expect(read.detail.length).toBeLessThan(600);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('an inspection', () => {
  const read = (body: unknown) => {
    const asked = readInspect(body);
    return asked.ok ? asked.value : asked.detail;
  };

  it('is a GET of nobody without fields, unless more is said', () => {
    const url = { scheme: 'https', authority: 'a.example', path: '/x', query: 'y' };
    expect(read({ url: 'https://a.example/x?y' })).toEqual({ ...url, method: 'GET', headers: [], consumer: null });
    expect(
      read({ url: 'https://a.example/x?y', method: 'HEAD', headers: { Accept: 'a/b' }, consumer: 'mobile' }),
    ).toEqual({ ...url, method: 'HEAD', headers: ['accept', 'a/b'], consumer: 'mobile' });
  });

  it.each([
    [{}, 'is no URL'],
    [{ url: 'x', header: {} }, 'There is no "header" here'],
    [{ url: 'a/x', method: 'G ET' }, '`method`'],
    [{ url: 'a/x', headers: ['a'] }, '`headers`'],
    [{ url: 'a/x', headers: { a: 1 } }, '`headers`'],
    [{ url: 'a/x', headers: { 'a b': '1' } }, '`headers`'],
    [{ url: 'a/x', consumer: 1 }, '`consumer`'],
  ])('%j is refused, and it is said why', (body, detail) => expect(read(body)).toContain(detail));
});
