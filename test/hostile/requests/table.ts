/**
 * Malformed, ambiguous and hostile requests, and what becomes of them. Rows marked `library` pin what the server library
 * does by itself and nobody here can change: when one of them fails after an upgrade, read what changed before mending it.
 *
 * `answers`: statuses in order. `seen`: what reached the dispatch, as `METHOD path?query [body]`. `silence`: the library
 * neither parses nor refuses the head, so the connection ends by `clientHeaders` with 408.
 */
export interface Row {
  readonly name: string;
  /** Packets, latin1, sent one after the other. */
  readonly send: readonly string[];
  readonly answers: readonly number[];
  readonly seen: readonly string[];
  readonly connection: 'open' | 'closed';
  readonly by: 'weir' | 'library';
}

const HOST = 'Host: a.test\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n';
const get = (fields: string, target = '/'): string => `GET ${target} HTTP/1.1\r\n${fields}\r\n`;
const post = (fields: string, body: string): string => `POST / HTTP/1.1\r\n${HOST}${fields}\r\n${body}`;
const fields = (count: number): string => Array.from({ length: count }, (_, i) => `h${i}: v\r\n`).join('');

type Send = string | readonly string[];
const packets = (send: Send): readonly string[] => (typeof send === 'string' ? [send] : send);

/** Refused by the checks of request-head.ts. */
const refused = (name: string, send: Send, status = 400): Row => ({
  name,
  send: packets(send),
  answers: [status],
  seen: [],
  connection: 'closed',
  by: 'weir',
});

/** Refused, and what stands behind it closes the connection before the refusal is out. Never read as a request. */
const cut = (name: string, send: Send, answers: readonly number[] = []): Row => ({
  name,
  send: packets(send),
  answers,
  seen: [],
  connection: 'closed',
  by: 'weir',
});

const byLibrary = (name: string, send: Send, status: number, seen: readonly string[] = []): Row => ({
  name,
  send: packets(send),
  answers: [status],
  seen,
  connection: 'closed',
  by: 'library',
});

const silence = (name: string, send: Send): Row => byLibrary(`${name} (silence)`, send, 408);

const good = (name: string, send: Send, ...seen: string[]): Row => ({
  name,
  send: packets(send),
  answers: seen.map(() => 200),
  seen,
  connection: 'open',
  by: 'weir',
});

export const table: readonly Row[] = [
  // Framing: two readings of where the message ends (RFC 9112 §6.3, §11.2).
  refused('two equal Content-Length', post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc')),
  refused('two different Content-Length', post('Content-Length: 3\r\nContent-Length: 5\r\n', 'abc')),
  cut(
    'two Content-Length, a request in the difference',
    post(`Content-Length: 0\r\nContent-Length: ${SMUGGLED.length}\r\n`, SMUGGLED),
  ),
  cut(
    'two Content-Length the other way round',
    post(`Content-Length: ${SMUGGLED.length}\r\nContent-Length: 0\r\n`, SMUGGLED),
    [400],
  ),
  refused('empty Content-Length', post('Content-Length: \r\n', '')),
  cut('empty Content-Length, a request behind it', post('Content-Length: \r\n', SMUGGLED)),
  byLibrary('Content-Length as a list', post('Content-Length: 3, 3\r\n', 'abc'), 400),
  byLibrary('Content-Length with a plus', post('Content-Length: +3\r\n', 'abc'), 400),
  byLibrary('Content-Length below zero', post('Content-Length: -3\r\n', 'abc'), 400),
  byLibrary('Content-Length in hex', post('Content-Length: 0x3\r\n', 'abc'), 400),
  byLibrary('Content-Length with a space inside', post('Content-Length: 1 0\r\n', 'abc'), 400),
  byLibrary('Content-Length beyond 64 bits', post('Content-Length: 99999999999999999999\r\n', 'abc'), 400),
  byLibrary('Content-Length and chunked', post(`Content-Length: 3\r\n${CHUNKED}`, '0\r\n\r\n'), 400),
  byLibrary(
    'chunked and Content-Length, a request behind it',
    post(`${CHUNKED}Content-Length: 5\r\n`, `0\r\n\r\n${SMUGGLED}`),
    400,
  ),
  refused('Transfer-Encoding: xchunked', post('Transfer-Encoding: xchunked\r\n', '')),
  cut(
    'Transfer-Encoding: identity, a request as its body',
    post('Transfer-Encoding: identity\r\n', `0\r\n\r\n${SMUGGLED}`),
  ),
  refused('Transfer-Encoding: gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n', '')),
  refused('Transfer-Encoding: chunked, identity', post('Transfer-Encoding: chunked, identity\r\n', '')),
  refused('Transfer-Encoding: "chunked"', post('Transfer-Encoding: "chunked"\r\n', '')),
  refused('two Transfer-Encoding', post(`Transfer-Encoding: identity\r\n${CHUNKED}`, '')),
  refused('two equal Transfer-Encoding', post(`${CHUNKED}${CHUNKED}`, '')),
  byLibrary('empty Transfer-Encoding with a body', post('Transfer-Encoding: \r\n', '3\r\nabc\r\n0\r\n\r\n'), 505),
  silence('Transfer-Encoding with a vertical tab', post('Transfer-Encoding:\x0bchunked\r\n', '')),
  silence('Transfer-Encoding with a space before its colon', post('Transfer-Encoding : chunked\r\n', '')),
  silence('Content-Length with a space before its colon', post('Content-Length : 3\r\n', '')),
  good('chunked in other letters', post('Transfer-Encoding: CHUNKED\r\n', '3\r\nabc\r\n0\r\n\r\n'), 'POST / [abc]'),
  good('a body on GET', get(`${HOST}Content-Length: 3\r\n`).concat('abc'), 'GET / [abc]'),

  // Chunks.
  byLibrary('a chunk size that is no number', post(CHUNKED, 'zz\r\nabc\r\n0\r\n\r\n'), 400, ['POST / broken']),
  byLibrary('a chunk size with 0x', post(CHUNKED, '0x3\r\nabc\r\n0\r\n\r\n'), 400, ['POST / broken']),
  byLibrary('a chunk size below zero', post(CHUNKED, '-3\r\nabc\r\n0\r\n\r\n'), 400, ['POST / broken']),
  byLibrary('a chunk size beyond 64 bits', post(CHUNKED, 'fffffffffffffffff3\r\nabc\r\n0\r\n\r\n'), 400, [
    'POST / broken',
  ]),
  byLibrary('a chunk extension', post(CHUNKED, '3;ext=1\r\nabc\r\n0\r\n\r\n'), 400, ['POST / broken']),
  // The library takes the semicolon and what follows for digits: a size that nobody meant. Nothing here can see it.
  byLibrary('a chunk extension that reads as digits', post(CHUNKED, '3;a=b\r\nabc\r\n0\r\n\r\n'), 408, [
    'POST / broken',
  ]),
  byLibrary('a trailer', post(CHUNKED, '3\r\nabc\r\n0\r\nT: 1\r\n\r\n'), 505, ['POST / [abc]']),

  // The request line.
  byLibrary('HTTP/1.0', `GET / HTTP/1.0\r\n${HOST}\r\n`, 505),
  byLibrary('HTTP/1.2', `GET / HTTP/1.2\r\n${HOST}\r\n`, 505),
  byLibrary('HTTP/2.0', `GET / HTTP/2.0\r\n${HOST}\r\n`, 505),
  byLibrary('no version', `GET /\r\n${HOST}\r\n`, 505),
  byLibrary('the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505),
  byLibrary('absolute form', get(HOST, 'http://a.test/'), 505),
  byLibrary('OPTIONS *', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, 505),
  byLibrary('CONNECT', `CONNECT a.test:80 HTTP/1.1\r\n${HOST}\r\n`, 505),
  byLibrary('a space in the target', get(HOST, '/a b'), 505),
  byLibrary('tabs for spaces', `GET\t/\tHTTP/1.1\r\n${HOST}\r\n`, 505),
  byLibrary('two spaces', `GET  /  HTTP/1.1\r\n${HOST}\r\n`, 505),
  byLibrary('a control character in the target', get(HOST, '/\x01'), 505),
  byLibrary('NUL in the target', get(HOST, '/\0'), 505),
  byLibrary('bare LF for every line end', 'GET / HTTP/1.1\nHost: a.test\n\n', 505),
  byLibrary('an empty line before the request', `\r\n${get(HOST)}`, 505),
  byLibrary('a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 505),
  byLibrary('a request line in two packets', ['GET /spl', `it HTTP/1.1\r\n${HOST}\r\n`], 505),
  refused('a method that is no token', `G@T / HTTP/1.1\r\n${HOST}\r\n`),
  refused('a fragment', get(HOST, '/a#b')),
  refused('a fragment in the query', get(HOST, '/a?b#c')),
  refused('a path of bytes that are not UTF-8', get(HOST, '/\xff\xfe')),
  refused('a path with overlong UTF-8', get(HOST, '/\xc0\xae\xc0\xae/')),
  refused('a target beyond its limit', get(HOST, `/${'a'.repeat(9_000)}`), 414),
  good('dot segments', get(HOST, '/a/../b/%2e%2e/c?x=/../y'), 'GET /a/../b/%2e%2e/c?x=/../y []'),
  good('an unknown method', `BREW / HTTP/1.1\r\n${HOST}\r\n`, 'BREW / []'),
  refused('a known method in small letters', `get / HTTP/1.1\r\n${HOST}\r\n`),
  good('an unknown method in small letters', `brew / HTTP/1.1\r\n${HOST}\r\n`, 'brew / []'),
  refused('TRACE', `TRACE / HTTP/1.1\r\n${HOST}\r\n`, 405),
  refused('TRACK', `TRACK / HTTP/1.1\r\n${HOST}\r\n`, 405),
  good('UTF-8 in the path', get(HOST, '/\xc3\xa9'), 'GET /%C3%A9 []'),
  good('an encoded NUL and line break', get(HOST, '/%00%0d%0aX:%20y'), 'GET /%00%0d%0aX:%20y []'),

  // Host.
  byLibrary('no Host', get('A: b\r\n'), 400),
  refused('two Hosts', get(`${HOST}Host: b.test\r\n`)),
  refused('two equal Hosts', get(`${HOST}${HOST}`)),
  cut('two Hosts, a request behind it', `${get(`${HOST}Host: b.test\r\n`)}${SMUGGLED}`),
  refused('an empty Host', get('Host: \r\n')),
  refused('a Host with userinfo', get('Host: a@b.test\r\n')),
  refused('a Host with a path', get('Host: a.test/x\r\n')),
  refused('a list of Hosts', get('Host: a.test, b.test\r\n')),
  refused('a Host with a space', get('Host: a.test b.test\r\n')),
  refused('a Host with a bad port', get('Host: a.test:x\r\n')),

  // Fields.
  silence('a bare LF in a field', `GET / HTTP/1.1\r\nHost: a.test\nA: b\r\n\r\n`),
  silence('a bare CR in a field', get(`${HOST}A: b\rc\r\n`)),
  silence('NUL in a field', get(`${HOST}A: b\0c\r\n`)),
  silence('a control character in a field', get(`${HOST}A: b\x01c\r\n`)),
  silence('obs-fold', get(`${HOST}A: b\r\n c\r\n`)),
  silence('a space before the first field', get(` ${HOST}`)),
  silence('a space before a colon', get(`${HOST}A : b\r\n`)),
  silence('a field without a colon', get(`${HOST}foo\r\n`)),
  silence('a field name with a control character', get(`${HOST}a\x01b: c\r\n`)),
  silence('a field name with a parenthesis', get(`${HOST}a(b: c\r\n`)),
  // A token by RFC 9110 §5.6.2; but the library's parser does not know it.
  silence('a field name with an underscore', get(`${HOST}a_b: c\r\n`)),
  silence('a field name beyond ASCII', get(`${HOST}\xc3\xa9: c\r\n`)),
  silence('more than 98 fields', get(`${HOST}${fields(98)}`)),
  good('98 fields', get(`${HOST}${fields(97)}`), 'GET / []'),
  refused('fields beyond the limit on the head', get(`${HOST}A: ${'x'.repeat(40_000)}\r\n`), 431),
  byLibrary('fields beyond what the library holds', [get(`${HOST}A: ${'x'.repeat(70_000)}\r\n`)], 431),
  refused('a field twice, once not UTF-8', get(`${HOST}A: x\xffx\r\nA: y\r\n`)),
  refused('another expectation than 100-continue', post('Expect: 200-ok\r\nContent-Length: 3\r\n', ''), 417),
  good('an empty field name hides what stands behind it', get(`${HOST}: x\r\nContent-Length: 9\r\n`), 'GET / []'),
  good(
    'fields that name themselves hop-by-hop',
    get(`${HOST}Connection: host, content-length, x\r\nX: y\r\n`),
    'GET / []',
  ),

  // More than one request.
  good(
    'three in one packet',
    `${get(HOST, '/1')}${post('Content-Length: 3\r\n', 'abc')}${get(HOST, '/3')}`,
    'GET /1 []',
    'POST / [abc]',
    'GET /3 []',
  ),
  good(
    'a request in a body of known length',
    post(`Content-Length: ${SMUGGLED.length}\r\n`, SMUGGLED),
    `POST / [${SMUGGLED}]`,
  ),
  good(
    'a request in a chunk',
    post(CHUNKED, `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`),
    `POST / [${SMUGGLED}]`,
  ),
  // The answer to the first is lost: the library drops what it holds for the packet when it refuses the rest.
  byLibrary('garbage behind a request', `${get(HOST)}garbage\r\n\r\n`, 505, ['GET / []']),
];
