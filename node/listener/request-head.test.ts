import type { Failure } from '@weir/proto/http/failures.js';
import { mayHold, sketchOf } from '@weir/proto/http/name-sketch.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asksPlainly } from '../pipeline/reusable.js';
import { makeGateway } from '../pipeline/testing/specs.js';
import { familiarField } from './familiar-fields.js';
import { type HeadReading, isFailure, readHead, targetText } from './request-head.js';

const { limits } = makeGateway();
const same = (_name: string, value: string): string => value;

function read(headers: string[], more: Partial<{ method: string; path: string; query: string }> = {}) {
  return readHead({ method: 'GET', path: '/', query: '', headers, ...more }, limits, same);
}

function code(reading: HeadReading | Failure): string {
  return isFailure(reading) ? reading.code : 'good';
}

describe('a request head', () => {
  test('says what body follows', () => {
    expect(read(['host', 'A.test'])).toEqual({
      authority: 'a.test',
      hasBody: false,
      lengthBytes: 0,
      closeAsked: false,
      names: sketchOf('host'),
      isPlain: true,
    });
    expect(read(['host', 'a', 'content-length', '5'])).toMatchObject({ hasBody: true, lengthBytes: 5 });
    expect(read(['host', 'a', 'content-length', '0'])).toMatchObject({ hasBody: false, lengthBytes: 0 });
    expect(read(['host', 'a', 'transfer-encoding', 'Chunked'])).toMatchObject({ hasBody: true, lengthBytes: null });
  });

  test('names the host of its own request, whoever came before', () => {
    const hosts = {
      a: 'a',
      'A.test': 'a.test',
      'a.test': 'a.test',
      '[::1]:80': '[::1]:80',
      '': null,
      'a b': null,
      'a/b': null,
    };
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.entries(hosts)), { maxLength: 20, size: 'max' }), (requests) => {
        for (const [host, authority] of requests) {
          const reading = read(['host', host]);
          expect(isFailure(reading) ? null : reading.authority).toBe(authority);
        }
      }),
    );
  });

  test('asks plainly, or not, as the list of plain fields has it, but for what a config adds', () => {
    const nobodys = { deadlineHeader: '', requestIdHeader: '' };
    const name = fc.constantFrom('accept', 'x-a', 'cookie', 'range', 'if-none-match', 'pragma', 'connection', 'of-a');
    const value = fc.constantFrom('a', 'keep-alive', 'keep-alive, x-a', 'close');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 6, size: 'max' }), (fields) => {
        const headers = ['host', 'a', ...fields.flat()];
        const reading = read(headers);
        expect(isFailure(reading) ? null : reading.isPlain).toBe(asksPlainly(headers, nobodys));
      }),
    );
  });

  test('is read alike whatever heads came before, text by text as it came, with all of its names in the sketch', () => {
    const name = fc.oneof(
      fc.constantFrom('accept', 'expect', 'x-a', 'content-length'),
      fc.stringMatching(/^[a-z]{1,70}$/),
    );
    const value = fc.oneof(
      fc.constantFrom('', '1', 'a\tb', '\x7f', 'é', '100-continue'),
      fc.stringMatching(/^[ -~]{0,140}$/),
    );
    const fields = fc.array(fc.tuple(name, value), { maxLength: 6 });
    const isGood = ([field, text]: [string, string]): boolean =>
      !text.includes('\x7f') &&
      (field !== 'expect' || text === '100-continue') &&
      (field !== 'content-length' || text === '1');
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 12, size: 'max' }), (heads) => {
        for (const head of heads) {
          const headers = ['host', 'a', ...head.flat()];
          const given = headers.slice();
          const reading = read(given);
          const lengths = head.filter(([field]) => field === 'content-length').length;
          expect(!isFailure(reading)).toBe(lengths < 2 && head.every(isGood));
          if (isFailure(reading)) continue;
          expect(given).toEqual(headers);
          expect(headers.every((each, i) => i % 2 === 1 || mayHold(reading.names, sketchOf(each)))).toBe(true);
        }
      }),
    );
  });

  test('keeps one text of a name and a plain value that come again', () => {
    // Two texts that are alike can be told apart only by what they cost; that nothing else is told of is the test above.
    const [first, second] = [familiarField(1, 'x-again'), familiarField(1, 'x-again')];
    expect(second).toBe(first);
    read(['host', 'a', 'x-again', 'one']);
    expect(first.value).toBe('one');
    read(['host', 'a', 'x-again', 'x'.repeat(129)]);
    expect(first.value).toBe('one');
    read(['host', 'a', 'x-again', 'é']);
    expect(first.value).toBe('one');
    expect(familiarField(9, 'x-again')).toBe(first);
    read(['host', 'a', 'x-again', 'one', 'authorization', 'Basic YTpi', 'x-api-key', 'k-1', 'cookie', 'a=b']);
    expect(['authorization', 'x-api-key', 'cookie'].map((name) => familiarField(2, name).value)).toEqual([
      null,
      null,
      null,
    ]);
  });

  test('asks for the connection to be closed by any member of Connection', () => {
    const asks = (value: string) => read(['host', 'a', 'connection', value]);
    expect(asks('close')).toMatchObject({ closeAsked: true });
    expect(asks('TE, Close')).toMatchObject({ closeAsked: true });
    expect(asks('keep-alive')).toMatchObject({ closeAsked: false });
    expect(asks('closed')).toMatchObject({ closeAsked: false });
  });

  test.each([
    ['no Host', []],
    ['an empty Host', ['host', '']],
    ['two Hosts', ['host', 'a', 'host', 'a']],
    ['a Host with a path', ['host', 'a/b']],
    ['a Host with userinfo', ['host', 'user@a']],
    ['a list of Hosts', ['host', 'a, b']],
    ['a Host with a bad port', ['host', 'a:80x']],
    ['two equal lengths', ['host', 'a', 'content-length', '3', 'content-length', '3']],
    ['two lengths', ['host', 'a', 'content-length', '3', 'content-length', '4']],
    ['an empty length', ['host', 'a', 'content-length', '']],
    ['a signed length', ['host', 'a', 'content-length', '+3']],
    ['a length beyond all bodies', ['host', 'a', 'content-length', '9999999999999999']],
    ['a length and a coding', ['host', 'a', 'content-length', '3', 'transfer-encoding', 'chunked']],
    ['a coding that is not chunked', ['host', 'a', 'transfer-encoding', 'xchunked']],
    ['a coding before chunked', ['host', 'a', 'transfer-encoding', 'gzip, chunked']],
    ['two codings', ['host', 'a', 'transfer-encoding', 'chunked', 'transfer-encoding', 'chunked']],
    ['a control character', ['host', 'a', 'x', 'a\x01b']],
  ])('with %s is refused', (_what, headers) => {
    expect(code(read(headers))).toBe('bad_request');
  });

  test.each([
    ['a method that is no token', { method: 'G@T' }],
    ['an empty method', { method: '' }],
    ['a fragment', { path: '/a#b' }],
    ['a fragment in the query', { query: 'a#b' }],
    ['a path without a slash', { path: '*' }],
    ['bytes that were not UTF-8', { path: '/\ufffd' }],
    ['a space', { path: '/a b' }],
  ])('with %s is refused', (_what, more) => {
    expect(code(read(['host', 'a'], more))).toBe('bad_request');
  });

  test('is good with an IPv6 literal, a port, or an empty port', () => {
    for (const host of ['[::1]', '[::1]:8080', 'a.test:80', 'a.test:', '1.2.3.4', 'under_score']) {
      expect(code(read(['host', host]))).toBe('good');
    }
  });

  test('is refused at each limit, and not one below it', () => {
    const at = { ...limits, headerCount: 2, urlBytes: 5, headerBytes: 40 };
    const reading = (headers: string[], path = '/', query = '') =>
      code(readHead({ method: 'GET', path, query, headers }, at, same));
    expect(reading(['host', 'a', 'b', 'c'])).toBe('good');
    expect(reading(['host', 'a', 'b', 'c', 'd', 'e'])).toBe('headers_too_large');
    expect([reading(['host', 'a'], '/abcd'), reading(['host', 'a'], '/abcde')]).toEqual(['good', 'url_too_long']);
    expect([reading(['host', 'a'], '/a', 'bc'), reading(['host', 'a'], '/a', 'bcd')]).toEqual(['good', 'url_too_long']);
    // GET / HTTP/1.1 CRLF is 17 bytes here without its last CRLF; `host: a` CRLF is 9.
    expect([reading(['host', 'a', 'x', 'y'.repeat(8)]), reading(['host', 'a', 'x', 'y'.repeat(13)])]).toEqual([
      'good',
      'headers_too_large',
    ]);
  });

  test('has the exact bytes of its values put in, or is refused where they are unknown', () => {
    const headers = ['host', 'a', 'x', 'é'];
    expect(code(readHead({ method: 'GET', path: '/', query: '', headers }, limits, () => '\xc3\xa9'))).toBe('good');
    expect(headers[3]).toBe('\xc3\xa9');
    expect(code(readHead({ method: 'GET', path: '/', query: '', headers }, limits, () => null))).toBe('bad_request');
  });

  test('is never good with two framings, whatever stands around them', () => {
    const framing = fc.constantFrom('content-length', 'transfer-encoding');
    const other = fc.constantFrom('x-a', 'accept', 'cookie');
    const value = fc.constantFrom('0', '5', 'chunked');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(framing, other), value), { size: 'max', maxLength: 12 }), (fields) => {
        const headers = ['host', 'a', ...fields.flat()];
        const framings = fields.filter(([name]) => name === 'content-length' || name === 'transfer-encoding').length;
        if (framings > 1) expect(code(read(headers))).toBe('bad_request');
      }),
    );
  });

  test.each(['TRACE', 'TRACK', 'Trace'])(
    'with %s, which shows credentials to whoever reads the echo, is refused',
    (method) => {
      const reading = read(['host', 'a'], { method });
      expect(reading).toMatchObject({ code: 'method_not_allowed' });
      expect(reading).toMatchObject({ headers: ['allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'] });
    },
  );

  test.each(['get', 'Post', 'dELETE'])('with %s, which some would take for another method, is refused', (method) => {
    expect(code(read(['host', 'a'], { method }))).toBe('bad_request');
  });

  test.each(['BREW', 'brew', 'PROPFIND', 'GETS'])('with %s goes on: methods are anybody’s to define', (method) => {
    expect(code(read(['host', 'a'], { method }))).toBe('good');
  });

  test('is read or refused for any bytes, and never throws', () => {
    const text = fc.string({ unit: 'binary', size: 'max', maxLength: 40 });
    fc.assert(
      fc.property(text, text, text, fc.array(text, { maxLength: 8 }), (method, path, query, headers) => {
        const reading = readHead({ method, path, query, headers }, limits, same);
        if (!isFailure(reading)) expect(reading.authority).toMatch(/^[^\s/@,#?]+$/);
      }),
    );
  });
});

describe('a request target', () => {
  test('of a head that is read has its raw UTF-8 percent-encoded', () => {
    const head = { method: 'GET', path: '/ü', query: 'q=€', headers: ['host', 'a'] };
    expect(code(readHead(head, limits, same))).toBe('good');
    expect(head).toMatchObject({ path: '/%C3%BC', query: 'q=%E2%82%AC' });
  });

  test('has raw UTF-8 percent-encoded and all else untouched', () => {
    expect(targetText('/a%2f/../ü€')).toBe('/a%2f/../%C3%BC%E2%82%AC');
    fc.assert(
      fc.property(fc.webPath(), (path) => {
        expect(targetText(path)).toBe(path);
      }),
    );
  });

  test('keeps the mark of bytes that were not UTF-8, so that it is refused', () => {
    expect(targetText('/ü\ufffd')).toContain('\ufffd');
  });
});
