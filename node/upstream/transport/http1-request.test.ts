import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutgoingRequest } from '../pools/connection.js';
import { requestHead } from './http1-request.js';

const request = (over: Partial<OutgoingRequest>): OutgoingRequest => ({
  method: 'GET',
  target: '/',
  headers: [],
  body: null,
  exchange: null,
  ...over,
});
const stream = (lengthBytes: number | null) => ({ lengthBytes, read: () => {}, pause: () => {}, resume: () => {} });

describe('requestHead', () => {
  it.each([
    [
      request({ target: '/a%20b?c', headers: ['host', 'x', 'x-a', '', 'x-a', '\xe9\t'] }),
      'GET /a%20b?c HTTP/1.1\r\nhost: x\r\nx-a: \r\nx-a: \xe9\t\r\n\r\n',
    ],
    [
      request({ headers: ['a', 'x'.repeat(20_000), 'content-length', '\n'] }),
      `GET / HTTP/1.1\r\na: ${'x'.repeat(20_000)}\r\n\r\n`,
    ],
    [request({ method: 'POST' }), 'POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n'],
    [request({ method: 'DELETE' }), 'DELETE / HTTP/1.1\r\n\r\n'],
    [request({ body: new Uint8Array(0) }), 'GET / HTTP/1.1\r\ncontent-length: 0\r\n\r\n'],
    [request({ method: 'PUT', body: new Uint8Array(7) }), 'PUT / HTTP/1.1\r\ncontent-length: 7\r\n\r\n'],
    [request({ method: 'PUT', body: stream(9) }), 'PUT / HTTP/1.1\r\ncontent-length: 9\r\n\r\n'],
    [request({ method: 'GET', body: stream(null) }), 'GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n'],
  ])('is the request line, the fields in order and the framing of the body (%#)', (given, head) => {
    expect(requestHead(given)).toBe(head);
  });

  it('copies no field that frames or that is meant for one hop', () => {
    const headers = [
      'content-length',
      '9',
      'transfer-encoding',
      'chunked',
      'expect',
      'x',
      'connection',
      'close',
      'te',
      'x',
      'upgrade',
      'x',
      'keep-alive',
      'x',
      'b',
      '1',
    ];
    expect(requestHead(request({ headers }))).toBe('GET / HTTP/1.1\r\nb: 1\r\n\r\n');
  });

  it('is refused where a character would end a line, or become one that does', () => {
    const bad = fc.constantFrom('\r', '\n', '\0', '\r\n', '\x01', '\x7f', '\u010a', '\u010d', '\u0100', '\ud83d');
    const around = fc.tuple(fc.stringMatching(/^[a-z]{0,9}$/), bad, fc.stringMatching(/^[a-z]{0,9}$/));
    fc.assert(
      fc.property(
        around,
        fc.constantFrom('method', 'target', 'name', 'value', 'besideLatin', 'besideMuch'),
        ([before, char, after], where) => {
          const text = before + char + after;
          const given = {
            method: request({ method: text }),
            target: request({ target: `/${text}` }),
            name: request({ headers: ['a', '1', text, '2'] }),
            value: request({ headers: ['a', text, 'b', '2'] }),
            besideLatin: request({ headers: ['a', '\xe9', 'b', text] }),
            besideMuch: request({ headers: ['a', 'x'.repeat(20_000), 'b', text] }),
          }[where];
          // Twice: what is kept of a name must not turn a refusal into a pass.
          for (let i = 0; i < 2; i += 1) expect(requestHead(given)).toMatchObject({ code: 'bad_request' });
        },
      ),
    );
  });

  it('is the same whatever requests came before, however often a value has changed or come again', () => {
    const value = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('a', 'b') },
      fc.stringMatching(/^[ -~]{0,200}$/),
      fc.constantFrom('\n', 'b\r', 'x'.repeat(129)),
    );
    const heads = fc.array(fc.tuple(value, value, fc.nat({ max: 70 })), { size: 'max', maxLength: 20 });
    fc.assert(
      fc.property(heads, (each) => {
        for (const [first, second, times] of each) {
          const given = request({ headers: ['x-one', first, 'x-two', second] });
          const isGood = !/[\r\n]/.test(first + second);
          const plain = `GET / HTTP/1.1\r\nx-one: ${first}\r\nx-two: ${second}\r\n\r\n`;
          for (let i = 0; i <= times; i += 1) {
            const head = requestHead(given);
            if (isGood ? head !== plain : typeof head === 'string') expect(head).toBe(plain);
          }
        }
      }),
    );
  });

  it('takes the id and the place in the trace as they are, and nothing else of the exchange', () => {
    const exchange = { id: 'id-1', traceparent: 'trace-1' };
    const given = request({ headers: ['a', 'id-1', 'b', 'trace-1'], exchange });
    expect(requestHead(given)).toBe('GET / HTTP/1.1\r\na: id-1\r\nb: trace-1\r\n\r\n');
    for (const headers of [
      ['a', 'id-1\n'],
      ['a', 'id-1', 'b', '\r'],
    ]) {
      expect(requestHead(request({ headers, exchange }))).toMatchObject({ code: 'bad_request' });
    }
  });

  it.each([
    request({ method: '' }),
    request({ method: 'GET /evil HTTP/1.1' }),
    request({ target: '' }),
    request({ target: '/a b' }),
    request({ headers: ['', 'x'] }),
    request({ headers: ['a:b', 'x'] }),
    request({ headers: ['a ', 'x'] }),
  ])('is refused for %j', (given) => {
    expect(requestHead(given)).toMatchObject({ code: 'bad_request' });
  });
});
