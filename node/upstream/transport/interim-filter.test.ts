import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InterimFilter } from './interim-filter.js';

const HEAD_BYTES_MAX = 200;

/** What comes through when the bytes are fed in these pieces. */
function filtered(text: string, cuts: readonly number[] = []): { passed: string; interim: number } {
  let interim = 0;
  const filter = new InterimFilter(HEAD_BYTES_MAX, () => {
    interim += 1;
  });
  filter.expectAnswer();
  const bytes = Buffer.from(text, 'latin1');
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let passed = '';
  let at = 0;
  for (const end of [...ends, bytes.length]) {
    passed += filter.pass(bytes.subarray(at, end))?.toString('latin1') ?? '';
    at = end;
  }
  return { passed, interim };
}

const FINAL = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('the filter of interim answers', () => {
  it.each([
    ['HTTP/1.1 100 Continue\r\n\r\n', 1],
    ['HTTP/1.1 100\r\n\r\n', 1],
    ['HTTP/1.0 100 Continue\r\n\r\n', 1],
    ['HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n', 2],
    ['', 0],
  ])('takes %j out', (interim, count) => {
    expect(filtered(interim + FINAL)).toEqual({ passed: FINAL, interim: count });
  });

  it.each([
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'HTTP/1.1 1000 Odd\r\n\r\n',
    'HTTP/2.0 100 Continue\r\n\r\n',
    'HTTP/1.1  100 Continue\r\n\r\n',
    '\r\nHTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 200 HTTP/1.1 100 Continue\r\n\r\n',
  ])('leaves %j to the parser', (text) => {
    expect(filtered(text + FINAL)).toEqual({ passed: text + FINAL, interim: 0 });
  });

  it('touches nothing behind the first byte of the final answer, until the next request', () => {
    const body = `${FINAL}HTTP/1.1 100 Continue\r\n\r\n`;
    expect(filtered(body).passed).toBe(body);
  });

  it('does not hold an interim head that is too long, so that its length is counted by the parser', () => {
    const endless = `HTTP/1.1 100 ${'a'.repeat(HEAD_BYTES_MAX)}`;
    expect(filtered(endless).passed).toBe(endless);
  });

  it('passes the same whatever the pieces', () => {
    const interim = fc.constantFrom(
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 103 X\r\nA: b\r\n\r\n',
      'HTTP/1.1 199 \r\n\r\n',
    );
    const rest = fc.constantFrom(FINAL, 'HTTP/1.1 101 S\r\n\r\nxyz', 'garbage', 'HTTP/1.1 1', 'H', '');
    fc.assert(
      fc.property(
        fc.array(interim, { maxLength: 4 }),
        rest,
        fc.array(fc.nat(), { size: 'max', maxLength: 40 }),
        (heads, end, cuts) => {
          const text = heads.join('') + end;
          const whole = filtered(text);
          expect(filtered(text, cuts)).toEqual(whole);
          expect(whole.interim).toBe(heads.length);
          // What may yet become an interim head is held back at the end.
          expect([end, '']).toContain(whole.passed);
          if (end.length >= 14) expect(whole.passed).toBe(end);
        },
      ),
    );
  });
});
