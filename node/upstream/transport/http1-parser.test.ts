import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerParser } from './http1-parser.js';

const HEAD_BYTES_MAX = 4096;

interface Found {
  readonly status: number | null;
  readonly headers: readonly string[];
  readonly body: string;
  /** `done`, `incomplete`, or the fault. */
  readonly end: string;
  readonly surplus: boolean;
}

/** What the parser finds in bytes that come in these pieces, and then end. */
function parse(
  text: string,
  cuts: readonly number[] = [],
  method = 'GET',
  parser = new AnswerParser(HEAD_BYTES_MAX),
): Found {
  const bytes = Buffer.from(text, 'latin1');
  parser.begin(method === 'HEAD');
  let body = '';
  let surplus = false;
  const ends = [...cuts, bytes.length];
  let from = 0;
  for (const end of ends) {
    const piece = bytes.subarray(from, end);
    from = end;
    parser.feed(piece, piece.length);
    for (let i = 0; i < parser.pieceOffsets; i += 2)
      body += piece.toString('latin1', parser.pieces[i], parser.pieces[i + 1]);
    surplus ||= parser.surplus;
  }
  parser.end();
  const end = parser.state === 'done' ? 'done' : (parser.fault ?? 'incomplete');
  return { status: parser.head?.status ?? null, headers: parser.head?.headers ?? [], body, end, surplus };
}

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

const samples: readonly string[] = [
  `${OK}Content-Length: 5\r\nX-A:  b \r\n\r\nhello`,
  `${OK}Content-Length: 5\r\n\r\nhelloEVIL`,
  `${CHUNKED}5\r\nhello\r\n6;x="y\\"z";w\r\n world\r\n0\r\nX-T: 1\r\nX-U: 2\r\n\r\n`,
  `${CHUNKED}0\r\n\r\nX`,
  `${CHUNKED}5\r\nhello\r\n`,
  `${CHUNKED}5\nhello\r\n0\r\n\r\n`,
  `${CHUNKED}5\r\nhello!\r\n0\r\n\r\n`,
  `${CHUNKED}5;=\r\nhello\r\n0\r\n\r\n`,
  `${CHUNKED}0\r\nContent-Length: 3\r\n\r\n`,
  `${CHUNKED}0\r\nX: a\rb\r\n\r\n`,
  `${CHUNKED}0\r\nX: ${'t'.repeat(HEAD_BYTES_MAX)}\r\n\r\n`,
  'HTTP/1.0 200 OK\r\n\r\nuntil the end',
  'HTTP/1.1 204\r\nConnection: close\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
  `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`,
  'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n',
  `${OK}X-A: b\nContent-Length: 2\r\n\r\nok`,
  `${OK}X-A: b\rc\r\nContent-Length: 2\r\n\r\nok`,
  `${OK}X-A: b\r\n\tc\r\n\r\n`,
  `${OK}X-Big: ${'a'.repeat(HEAD_BYTES_MAX)}\r\n\r\n`,
  `${OK}X-Big: ${'a'.repeat(HEAD_BYTES_MAX)}\0\r\n\r\n`,
  `${OK}X-Big: \0${'a'.repeat(HEAD_BYTES_MAX)}\r\n\r\n`,
  'HTTP/1.1 20x\r\n\r\n',
  '<html>hello</html>',
  '\r\nHTTP/1.1 200 OK\r\n\r\n',
  `${OK}${'X: y\r\n'.repeat(100)}Content-Length: 3000\r\n\r\n${'z'.repeat(3000)}`,
];

describe('AnswerParser', () => {
  it.each(samples.map((text, at) => [at, text] as const))(
    'finds the same wherever sample %i is cut in two, and byte by byte',
    (_at, text) => {
      const whole = parse(text);
      for (let cut = 1; cut < text.length; cut += 1) expect([cut, parse(text, [cut])]).toEqual([cut, whole]);
      const each = Array.from({ length: text.length - 1 }, (_, i) => i + 1);
      expect(parse(text, each)).toEqual(whole);
    },
  );

  it('finds the same wherever bytes are cut, whatever they are', () => {
    const alphabet = fc.constantFrom(
      ...samples,
      '\r\n',
      '\r\n\r\n',
      '0\r\n',
      ';',
      ':',
      ' ',
      '\0',
      'a',
      'Content-Length: 1\r\n',
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(alphabet, fc.nat(), fc.nat()), { minLength: 1, maxLength: 6, size: 'max' }),
        fc.array(fc.nat(), { maxLength: 12, size: 'max' }),
        (parts, cutSeeds) => {
          const text = parts.map(([part, from, to]) => part.slice(from % 3, part.length - (to % 3))).join('');
          const cuts = cutSeeds.map((seed) => seed % (text.length + 1)).sort((a, b) => a - b);
          expect(parse(text, cuts)).toEqual(parse(text));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('finds in an answer what it would have found without those before', () => {
    // Heads of the same and nearly the same length, of which some begin like others, and bodies that hold blank lines.
    const heads = fc.constantFrom(
      ...samples,
      `${OK}Content-Length: 4\r\n\r\n\r\n\r\n`,
      `${OK}Content-Length: 8\r\n\r\nX\r\n\r\n\r\n\r`,
      `${OK}Content-Length: 5\r\nX-A:  c \r\n\r\nhello`,
      `${OK}\r\n\r\n\r\n\r\n\r\n`,
      `${CHUNKED}2\r\n\r\n\r\n0\r\nX-T: 1\r\n\r\n`,
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(heads, fc.array(fc.nat(), { maxLength: 3 })), { minLength: 2, maxLength: 8, size: 'max' }),
        (answers) => {
          const parser = new AnswerParser(HEAD_BYTES_MAX);
          for (const [text, cutSeeds] of answers) {
            const cuts = cutSeeds.map((seed) => seed % (text.length + 1)).sort((a, b) => a - b);
            expect(parse(text, cuts, 'GET', parser)).toEqual(parse(text));
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('takes nothing for the head before that only ends like it, or that lies behind what came', () => {
    const answer = `${OK}Content-Length: 5\r\n\r\nhello`;
    const parser = new AnswerParser(HEAD_BYTES_MAX);
    expect(parse(answer, [], 'GET', parser).end).toBe('done');
    // What is held in front of it makes it another one.
    expect(parse(`H${answer}`, [1, answer.length - 4], 'GET', parser)).toEqual(parse(`H${answer}`));
    expect(parse(answer, [], 'GET', parser).end).toBe('done');
    // The buffer that is read into still holds the answer before.
    const bytes = Buffer.from(answer, 'latin1');
    for (let length = 1; length < bytes.length; length += 1) {
      parser.begin(false);
      parser.feed(bytes, length);
      expect([length, parser.state, parser.head !== null]).toEqual([
        length,
        length < answer.length - 5 ? 'head' : 'counted',
        length >= answer.length - 5,
      ]);
      parser.begin(false);
      parser.feed(bytes, bytes.length);
      expect(parser.state).toBe('done');
    }
  });

  it('reads back what was written, in either framing', () => {
    const name = fc.stringMatching(/^x-[!#$%&'*+.^_`|~0-9a-z-]{0,12}$/);
    const value = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]{0,20}[!-~\x80-\xff])?)?$/);
    const field = fc.tuple(name, value);
    const body = fc.array(fc.uint8Array({ maxLength: 300, size: 'max' }), { maxLength: 8, size: 'max' });
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 599 }),
        fc.array(field, { size: 'max', maxLength: 12 }),
        body,
        fc.boolean(),
        fc.array(fc.nat()),
        (status, fields, chunks, chunked, cutSeeds) => {
          fc.pre(status !== 204 && status !== 304);
          const texts = chunks.filter(({ length }) => length > 0).map((chunk) => Buffer.from(chunk).toString('latin1'));
          const whole = texts.join('');
          const head = `HTTP/1.1 ${status} Some Reason\r\n${fields.map(([n, v]) => `${n}: ${v}\r\n`).join('')}`;
          const framed = chunked
            ? `${head}transfer-encoding: chunked\r\n\r\n${texts.map((t) => `${t.length.toString(16)}\r\n${t}\r\n`).join('')}0\r\n\r\n`
            : `${head}content-length: ${whole.length}\r\n\r\n${whole}`;
          const cuts = cutSeeds.map((seed) => seed % (framed.length + 1)).sort((a, b) => a - b);
          const framing = chunked ? ['transfer-encoding', 'chunked'] : ['content-length', String(whole.length)];
          expect(parse(framed, cuts)).toEqual({
            status,
            headers: [...fields.flat(), ...framing],
            body: whole,
            end: 'done',
            surplus: false,
          });
        },
      ),
    );
  });

  it.each([
    ['HEAD', `${OK}Content-Length: 5\r\n\r\n`, 'done', ''],
    ['HEAD', CHUNKED, 'done', ''],
    ['GET', 'HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n', 'malformed', ''],
    ['GET', 'HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n', 'done', ''],
    ['GET', 'HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n', 'done', ''],
    ['GET', `${OK}Content-Length: 5\r\n\r\nhell`, 'incomplete', 'hell'],
    ['GET', `${OK}Content-Le`, 'incomplete', ''],
    ['GET', `${OK}\r\nall`, 'done', 'all'],
    ['GET', `${CHUNKED}000A\r\n0123456789\r\n0\r\n\r\n`, 'done', '0123456789'],
    ['GET', `${CHUNKED}1f;a=b\r\n${'x'.repeat(31)}\r\n00\r\n\r\n`, 'done', 'x'.repeat(31)],
    ['GET', `${CHUNKED}1fffffffffffff\r\nok`, 'incomplete', 'ok'],
    ['GET', `${CHUNKED}20000000000000\r\nok`, 'malformed', ''],
    ['GET', `${CHUNKED}00000000000000001\r\nx\r\n0\r\n\r\n`, 'malformed', ''],
    ['GET', `${CHUNKED}1 \r\nx\r\n0\r\n\r\n`, 'malformed', ''],
    ['GET', `${CHUNKED}1 ;a\r\nx\r\n0\r\n\r\n`, 'malformed', ''],
    ['GET', `${CHUNKED}1;a b\r\nx\r\n0\r\n\r\n`, 'malformed', ''],
    ['GET', `${CHUNKED}1;a="\r\nx\r\n0\r\n\r\n`, 'malformed', ''],
    ['GET', `${CHUNKED}1;${'a'.repeat(1023)}\r\nx\r\n0\r\n\r\n`, 'done', 'x'],
    ['GET', `${CHUNKED}1;${'a'.repeat(1024)}\r\nx\r\n0\r\n\r\n`, 'malformed', ''],
    ['GET', `${CHUNKED}1\r\rx\r\n0\r\n\r\n`, 'malformed', ''],
    ['GET', `${CHUNKED}1\r\nx\r\r0\r\n\r\n`, 'malformed', 'x'],
    ['GET', `${CHUNKED}0\r\nTransfer-Encoding: x\r\n\r\n`, 'malformed', ''],
    ['GET', `${CHUNKED}0\r\nno colon\r\n\r\n`, 'malformed', ''],
    ['GET', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'malformed', ''],
    ['GET', `${OK}Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n`, 'malformed', ''],
    ['GET', `${OK}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 'malformed', ''],
    ['GET', `${OK}Content-Length:\t1\r\n\r\nx`, 'malformed', ''],
    ['GET', `${OK}${'a: b\r\n'.repeat(1001)}\r\n`, 'headTooLarge', ''],
    ['GET', 'HTTP/1.2 200 OK\r\n\r\n', 'malformed', ''],
    ['GET', 'HTTP/1.1  200 OK\r\n\r\n', 'malformed', ''],
    ['GET', 'HTTP/1.1 2000 OK\r\n\r\n', 'malformed', ''],
    ['GET', 'HTTP/1.1 200\tOK\r\n\r\n', 'malformed', ''],
    ['GET', 'HTTP/1.1 200 O\x7fK\r\n\r\n', 'malformed', ''],
    ['GET', 'HTTP/1.1 600 OK\r\n\r\n', 'malformed', ''],
    ['GET', `${'HTTP/1.1 102 P\r\n\r\n'.repeat(33)}${OK}\r\n`, 'malformed', ''],
    ['GET', `${'HTTP/1.1 102 P\r\n\r\n'.repeat(32)}${OK}\r\n`, 'done', ''],
  ])('%s %j ends as %s', (method, text, end, body) => {
    const found = parse(text, [], method);
    expect([found.end, found.body]).toEqual([end, body]);
  });

  it('counts a head to its last byte', () => {
    const head = (bytes: number): string => `${OK}X: ${'a'.repeat(bytes - OK.length - 7)}\r\n\r\n`;
    expect(head(HEAD_BYTES_MAX).length).toBe(HEAD_BYTES_MAX);
    expect(parse(head(HEAD_BYTES_MAX)).end).toBe('done');
    expect(parse(head(HEAD_BYTES_MAX + 1)).end).toBe('headTooLarge');
  });

  it('refuses more fields than it counts', () => {
    const parser = new AnswerParser(1 << 20);
    parser.begin(false);
    const text = Buffer.from(`${OK}${'a: b\r\n'.repeat(1001)}\r\n`);
    parser.feed(text, text.length);
    expect(parser.fault).toBe('malformed');
  });

  it.each([
    ['HTTP/1.0 100 Continue\r\n\r\n', true],
    ['HTTP/1.1 103 Early\r\nConnection: close\r\n\r\n', true],
    ['HTTP/1.0 100 Continue\r\nConnection: keep-alive\r\n\r\n', false],
    ['HTTP/1.1 100 Continue\r\n\r\n', false],
  ])('takes no answer behind one that ends the connection: %j', (interim, isRefused) => {
    const parser = new AnswerParser(HEAD_BYTES_MAX);
    parser.begin(false);
    const bytes = Buffer.from(`${interim}${OK}Content-Length: 2\r\n\r\nok`);
    parser.feed(bytes, bytes.length);
    expect([parser.state, parser.fault]).toEqual(isRefused ? ['failed', 'malformed'] : ['done', null]);
  });

  it('says a fault as soon as it shows, without waiting for the end of the head', () => {
    for (const text of ['X', 'HTTP/2', 'HTTP/1.1 2x', `${OK}X: \0`, `${OK}X: y\n`, `${OK}X: y\rz`]) {
      const parser = new AnswerParser(HEAD_BYTES_MAX);
      parser.begin(false);
      parser.feed(Buffer.from(text), text.length);
      expect([text, parser.fault]).toEqual([text, 'malformed']);
    }
  });

  it.each([
    [OK, true, null],
    [`${OK}Connection: close\r\n`, false, null],
    [`${OK}Connection: x, Close\r\n`, false, null],
    [`${OK}Connection: keep-alive\r\nConnection: close\r\n`, false, null],
    [`${OK}Connection: disclose\r\n`, true, null],
    ['HTTP/1.0 200 OK\r\n', false, null],
    ['HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n', true, null],
    ['HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\n', false, null],
    [`${OK}Keep-Alive: timeout=5, max=10\r\n`, true, 5],
    [`${OK}Keep-Alive: max=10, timeout=7\r\n`, true, 7],
    [`${OK}Keep-Alive: mytimeout=7\r\n`, true, null],
  ])('reads from %j whether the connection is kept', (head, keepsAlive, keepAliveS) => {
    const parser = new AnswerParser(HEAD_BYTES_MAX);
    parser.begin(false);
    const text = `${head}Content-Length: 0\r\n\r\n`;
    parser.feed(Buffer.from(text), text.length);
    expect([parser.state, parser.head?.keepsAlive, parser.head?.keepAliveS]).toEqual(['done', keepsAlive, keepAliveS]);
  });

  it('takes the next answer only after a new beginning', () => {
    const parser = new AnswerParser(HEAD_BYTES_MAX);
    const text = `${OK}Content-Length: 2\r\n\r\nok`;
    const bytes = Buffer.from(text);
    parser.feed(bytes, bytes.length);
    expect([parser.surplus, parser.head]).toEqual([true, null]);
    for (let i = 0; i < 3; i += 1) {
      parser.begin(false);
      parser.feed(bytes, bytes.length);
      expect([parser.state, parser.surplus, parser.pieceBytes]).toEqual(['done', false, 2]);
    }
    parser.feed(bytes, 1);
    expect(parser.surplus).toBe(true);
  });
});
