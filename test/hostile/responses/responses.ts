/**
 * Answers that no upstream should give, each with what a gateway must make of it (RFC 9112, RFC 9110 §15). The table is
 * the promise: what is ambiguous or broken is refused, by name; what is merely odd passes; and where the end of the
 * answer cannot be trusted, the connection carries nothing else.
 */

export interface HostileAnswer {
  readonly what: string;
  /** Pieces, each written after the one before has left; `end` and `reset` say how the connection ends, if it does. */
  readonly say: readonly (string | Buffer)[];
  readonly close?: 'end' | 'reset';
  readonly method?: string;
  /** Code of the failure, or `status body` of an answer that is passed on. */
  readonly expect: string;
  /** The connection may carry the next request. Default: it may not. */
  readonly reusable?: true;
  /** Where undici's client makes something else of it, which is never less than what ours lets pass, and why. */
  readonly undici?: { readonly expect: string; readonly reusable?: true; readonly because: string };
}

const OK = 'HTTP/1.1 200 OK\r\n';
const MALFORMED = 'response_malformed';
const INCOMPLETE = 'response_incomplete';
const TOO_LARGE = 'response_head_too_large';
const chunked = (body: string): string => `${OK}Transfer-Encoding: chunked\r\n\r\n${body}`;
const sized = (length: string, body: string): string => `${OK}Content-Length: ${length}\r\n\r\n${body}`;
const refused = (what: string, ...say: string[]): HostileAnswer => ({ what, say, close: 'end', expect: MALFORMED });

const statusLines: readonly HostileAnswer[] = [
  refused('garbage', 'this is not HTTP at all\r\n\r\n'),
  refused('binary garbage', '\x00\x01\x02\xff\xfe\xfd\r\n\r\n'),
  refused('HTTP/0.9: a body without a head', '<html>hello</html>'),
  refused('an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  refused('HTTP/2 frames', '\x00\x00\x00\x04\x00\x00\x00\x00\x00'),
  refused('a version that does not exist', 'HTTP/3.7 200 OK\r\nContent-Length: 0\r\n\r\n'),
  refused('a version without its dot', 'HTTP/11 200 OK\r\nContent-Length: 0\r\n\r\n'),
  refused('another protocol', 'ICY 200 OK\r\nContent-Length: 0\r\n\r\n'),
  refused('a lower-case protocol', 'http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
  refused('a request instead of an answer', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  refused('status 99', 'HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n'),
  refused('status 000', 'HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n'),
  refused('status 600', 'HTTP/1.1 600 High\r\nContent-Length: 0\r\n\r\n'),
  refused('status 999', 'HTTP/1.1 999 High\r\nContent-Length: 0\r\n\r\n'),
  refused('status 1000', 'HTTP/1.1 1000 Higher\r\nContent-Length: 0\r\n\r\n'),
  refused('a negative status', 'HTTP/1.1 -200 OK\r\nContent-Length: 0\r\n\r\n'),
  refused('a status in letters', 'HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n'),
  refused(
    'a switch of protocols that nobody asked for',
    'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
  ),
  refused(
    'a WebSocket that nobody asked for',
    'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\x81\x02hi',
  ),
  {
    what: 'a status line without a reason',
    say: ['HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok'],
    expect: '200 ok',
    reusable: true,
  },
  {
    what: 'a reason of 100 KiB',
    say: [`HTTP/1.1 200 ${'x'.repeat(102_400)}\r\nContent-Length: 2\r\n\r\nok`],
    expect: TOO_LARGE,
    undici: { expect: '200 ok', reusable: true, because: 'its bound does not count the status line' },
  },
];

const fields: readonly HostileAnswer[] = [
  refused('a bare LF in the head', `${OK}X-A: b\nContent-Length: 2\r\n\r\nok`),
  refused('a head with bare LFs only', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'),
  refused('a bare CR in a value', `${OK}X-A: b\rX-Evil: 1\r\nContent-Length: 2\r\n\r\nok`),
  refused('a NUL in a value', `${OK}X-A: b\0c\r\nContent-Length: 2\r\n\r\nok`),
  refused('a NUL in a name', `${OK}X-\0A: b\r\nContent-Length: 2\r\n\r\nok`),
  refused('a space in front of the colon', `${OK}Content-Length : 2\r\n\r\nok`),
  refused('a field without a colon', `${OK}Content-Length\r\n\r\nok`),
  refused('a field without a name', `${OK}: x\r\nContent-Length: 2\r\n\r\nok`),
  refused('a name with a bracket', `${OK}X[A]: b\r\nContent-Length: 2\r\n\r\nok`),
  refused('a space in front of the first field', `${OK} X-A: b\r\nContent-Length: 2\r\n\r\nok`),
  refused('a folded Content-Length', `${OK}Content-Length:\r\n 2\r\n\r\nok`),
  refused('a folded line (obs-fold)', `${OK}X-A: b\r\n\tc\r\nContent-Length: 2\r\n\r\nok`),
  {
    what: 'one field of 40 KiB',
    say: [`${OK}X-Big: ${'a'.repeat(40_960)}\r\nContent-Length: 0\r\n\r\n`],
    expect: TOO_LARGE,
  },
  {
    what: '2000 small fields',
    say: [`${OK}${'X-Many: 0123456789abcdef\r\n'.repeat(2000)}Content-Length: 0\r\n\r\n`],
    expect: TOO_LARGE,
  },
  {
    what: 'a head without an end',
    say: [`${OK}X-Big: `, ...Array.from({ length: 40 }, () => 'a'.repeat(1024))],
    expect: TOO_LARGE,
  },
  { what: 'a name of 40 KiB', say: [`${OK}${'a'.repeat(40_960)}: b\r\nContent-Length: 0\r\n\r\n`], expect: TOO_LARGE },
  { what: 'an empty value', say: [`${OK}X-A:\r\nContent-Length: 2\r\n\r\nok`], expect: '200 ok', reusable: true },
  {
    what: 'spaces around a length',
    say: [`${OK}Content-Length:   2  \r\n\r\nok`],
    expect: '200 ok',
    reusable: true,
  },
  {
    what: 'blanks around a value',
    say: [`${OK}X-A:\t \tb \t \r\nContent-Length: 2\r\n\r\nok`],
    expect: '200 ok',
    reusable: true,
  },
  refused('a tab behind a length', sized('2\t', 'ok')),
  {
    what: 'bytes above 0x7f in a value',
    say: [Buffer.from(`${OK}X-A: \xff\xfe\r\nContent-Length: 2\r\n\r\nok`, 'latin1')],
    expect: '200 ok',
    reusable: true,
  },
];

const lengths: readonly HostileAnswer[] = [
  refused('two different Content-Lengths', `${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!`),
  refused('the same Content-Length twice', `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`),
  refused('a list of Content-Lengths', sized('2, 2', 'ok')),
  refused('a negative Content-Length', sized('-1', 'ok')),
  refused('a Content-Length with a plus', sized('+2', 'ok')),
  refused('a Content-Length in hex', sized('0x2', 'ok')),
  refused('a Content-Length in letters', sized('two', 'ok')),
  refused('an empty Content-Length', sized('', 'ok')),
  refused('a Content-Length above 2^64', sized('99999999999999999999999', 'ok')),
  {
    what: 'a Content-Length of 9 PiB, then the end',
    say: [sized('9999999999999999', 'ok')],
    close: 'end',
    expect: MALFORMED,
  },
  refused(
    'Content-Length and chunks',
    `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  ),
  refused(
    'chunks and Content-Length',
    `${OK}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  ),
  refused('a coding under the chunks', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`),
  refused('chunks that are not the last coding', `${OK}Transfer-Encoding: chunked, gzip\r\n\r\n2\r\nok\r\n0\r\n\r\n`),
  refused('chunked twice', `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`),
  refused('an unknown coding', `${OK}Transfer-Encoding: xchunked\r\n\r\nok`),
  refused('the identity coding', `${OK}Transfer-Encoding: identity\r\n\r\nok`),
];

const chunks: readonly HostileAnswer[] = [
  refused('a chunk size in letters', chunked('zz\r\nok\r\n0\r\n\r\n')),
  refused('a negative chunk size', chunked('-2\r\nok\r\n0\r\n\r\n')),
  refused('a chunk size with 0x', chunked('0x2\r\nok\r\n0\r\n\r\n')),
  refused('an empty chunk size', chunked('\r\nok\r\n0\r\n\r\n')),
  refused('a chunk size above 2^64', chunked('fffffffffffffffff\r\nok\r\n0\r\n\r\n')),
  refused('a chunk longer than it says', chunked('2\r\nokay\r\n0\r\n\r\n')),
  refused('a chunk size that ends with a bare LF', chunked('2\nok\r\n0\r\n\r\n')),
  refused('a chunk that ends with a bare LF', chunked('2\r\nok\n0\r\n\r\n')),
  refused('a NUL in the trailers', chunked('2\r\nok\r\n0\r\nX-\0: 1\r\n\r\n')),
  {
    what: 'a huge chunk, then the end',
    say: [chunked('fffffffffffff\r\nok')],
    close: 'end',
    expect: INCOMPLETE,
  },
  {
    what: 'trailers of 40 KiB',
    say: [chunked(`2\r\nok\r\n0\r\nX-T: ${'a'.repeat(40_960)}\r\n\r\n`)],
    expect: TOO_LARGE,
  },
  { what: 'a chunk extension', say: [chunked('2;a=b;c="d"\r\nok\r\n0\r\n\r\n')], expect: '200 ok', reusable: true },
  {
    what: 'trailers that look like framing',
    say: [chunked('2\r\nok\r\n0\r\nContent-Length: 99\r\n\r\n')],
    expect: MALFORMED,
  },
  {
    what: 'leading zeroes in a chunk size',
    say: [chunked('0002\r\nok\r\n0\r\n\r\n')],
    expect: '200 ok',
    reusable: true,
  },
];

const ends: readonly HostileAnswer[] = [
  { what: 'nothing, then the end', say: [], close: 'end', expect: 'connection_closed' },
  { what: 'nothing, then a reset', say: [], close: 'reset', expect: 'connection_closed' },
  { what: 'half a status line, then the end', say: ['HTTP/1.1 2'], close: 'end', expect: INCOMPLETE },
  { what: 'half a head, then the end', say: [`${OK}Content-Le`], close: 'end', expect: INCOMPLETE },
  {
    what: 'a head without its blank line, then the end',
    say: [`${OK}Content-Length: 2\r\n`],
    close: 'end',
    expect: INCOMPLETE,
  },
  { what: 'a head and no body, then the end', say: [sized('2', '')], close: 'end', expect: INCOMPLETE },
  { what: 'all but one byte of the body, then the end', say: [sized('2', 'o')], close: 'end', expect: INCOMPLETE },
  { what: 'all but one byte of the body, then a reset', say: [sized('2', 'o')], close: 'reset', expect: INCOMPLETE },
  {
    what: 'chunks without the last one, then the end',
    say: [chunked('2\r\nok\r\n')],
    close: 'end',
    expect: INCOMPLETE,
  },
  {
    what: 'the last chunk without its blank line, then the end',
    say: [chunked('2\r\nok\r\n0\r\n')],
    close: 'end',
    expect: INCOMPLETE,
  },
  { what: 'half a chunk size, then the end', say: [chunked('2\r\nok\r\n1')], close: 'end', expect: INCOMPLETE },
  {
    what: 'only an interim answer, then the end',
    say: ['HTTP/1.1 100 Continue\r\n\r\n'],
    close: 'end',
    expect: 'connection_closed',
  },
  { what: 'a body until the end', say: [`${OK}\r\nok`], close: 'end', expect: '200 ok' },
  { what: 'a body of known length and the end', say: [sized('2', 'ok')], close: 'end', expect: '200 ok' },
];

const beyond: readonly HostileAnswer[] = [
  { what: 'bytes behind the body', say: [sized('2', 'okEVIL')], expect: '200 ok' },
  { what: 'a whole second answer', say: [sized('2', 'ok') + sized('4', 'evil')], expect: '200 ok' },
  { what: 'a second answer a moment later', say: [sized('2', 'ok'), sized('4', 'evil')], expect: '200 ok' },
  { what: 'bytes behind the last chunk', say: [chunked('2\r\nok\r\n0\r\n\r\nEVIL')], expect: '200 ok' },
  { what: 'a body behind 204', say: ['HTTP/1.1 204 No Content\r\n\r\nEVIL'], expect: '204 ' },
  { what: 'a body behind 304', say: ['HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nEVIL'], expect: '304 ' },
  { what: 'a body behind HEAD', method: 'HEAD', say: [sized('4', 'EVIL')], expect: '200 ' },
  { what: 'chunks behind HEAD', method: 'HEAD', say: [chunked('4\r\nEVIL\r\n0\r\n\r\n')], expect: '200 ' },
  // RFC 9110 §8.6 forbids both. Zero says what is so anyway, and servers that are in use do send it.
  {
    what: 'a length of zero on 204',
    say: ['HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n'],
    expect: '204 ',
    reusable: true,
  },
  { what: 'a length on 204', say: ['HTTP/1.1 204 No\r\nContent-Length: 4\r\n\r\n'], expect: MALFORMED },
  {
    what: 'a length on 204, and as many bytes',
    say: ['HTTP/1.1 204 No\r\nContent-Length: 4\r\n\r\nEVIL'],
    expect: MALFORMED,
  },
  { what: 'chunks on 204', say: ['HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'], expect: '204 ' },
  {
    what: 'a length and chunks on 204',
    say: ['HTTP/1.1 204 No\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n'],
    close: 'end',
    expect: MALFORMED,
  },
];

const patience: readonly HostileAnswer[] = [
  { what: 'a flood of 100', say: ['HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000)], expect: MALFORMED },
  {
    what: 'a flood of 103 in many pieces',
    say: Array.from({ length: 60 }, () => 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'),
    expect: MALFORMED,
  },
  {
    what: '32 interim answers',
    say: [`${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(32)}${sized('2', 'ok')}`],
    expect: '200 ok',
    reusable: true,
  },
  {
    what: 'an interim answer with a body',
    say: [`HTTP/1.1 103 Early\r\nContent-Length: 4\r\n\r\nEVIL${sized('2', 'ok')}`],
    close: 'end',
    expect: MALFORMED,
  },
  {
    what: 'an endless interim answer',
    say: ['HTTP/1.1 103 Early\r\nX: ', ...Array.from({ length: 40 }, () => 'a'.repeat(1024))],
    expect: TOO_LARGE,
  },
  {
    what: 'an answer that trickles byte by byte',
    say: [...`${OK}Content-Length: 5\r\n\r\nhello`],
    expect: '200 hello',
    reusable: true,
  },
  {
    what: 'empty lines in front of the answer',
    say: [`\r\n\r\n${sized('2', 'ok')}`],
    expect: MALFORMED,
    undici: {
      expect: '200 ok',
      reusable: true,
      because: 'RFC 9112 §2.2 lets servers skip them, and llhttp does it for both',
    },
  },
];

export const hostileAnswers: readonly HostileAnswer[] = [
  ...statusLines,
  ...fields,
  ...lengths,
  ...chunks,
  ...ends,
  ...beyond,
  ...patience,
];
