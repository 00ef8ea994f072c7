/**
 * Differential fuzzing of the answer parser: broken answers go to it and to llhttp as Node has it, and some also to two clients, Node's (an
 * http.ClientRequest over a pair of streams) and undici's with a build of its own (a Client over the same). Whatever ours
 * takes as a whole answer, all must take, with the same status, fields and body; where either is stricter, or where
 * bodies part ways, two hops would see two messages. The other direction is free: ours may refuse what they take.
 */
import { type ClientRequest, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { AnswerParser } from '@weir/node/upstream/transport/http1-parser.js';
import { Client } from 'undici';
import { readByLlhttp } from './llhttp.js';
import { nothing, type Reading, trimmed } from './reading.js';
import { mutated, type Random, randomFrom, VALID } from './response.js';

export interface FuzzReport {
  readonly cases: number;
  /** One line per failed case, with the seed and number that replay it. */
  readonly failures: string[];
}

const FAILURES_MAX = 20;
const MUTATIONS_MAX = 4;
const HEAD_BYTES_MAX = 64 * 1024;

/** Every so many answers are read by whole clients as well, which cost twenty times what a parser does. */
const CLIENTS_EACH = 16;

export async function fuzzAnswerDifferential(seed: number, cases: number): Promise<FuzzReport> {
  const failures: string[] = [];
  for (let number = 0; number < cases && failures.length < FAILURES_MAX; number += 1) {
    const random = randomFrom(seed, number);
    const method = random(6) === 0 ? 'HEAD' : 'GET';
    const bytes = answerOf(random);
    const isForClients = number % CLIENTS_EACH === 0;
    const problem = isForClients ? await disagreement(method, bytes) : disagreementOfParsers(method, bytes);
    if (problem !== null) failures.push(`seed ${seed} case ${number}: ${method} ${problem}`);
  }
  return { cases, failures };
}

/** What of it would be two messages to two readers, or null: read by llhttp itself. */
export function disagreementOfParsers(method: string, bytes: Buffer): string | null {
  const { reading: ours, used } = readByUs(method, bytes);
  // What we refuse they may take or not. What interim answers are is not for a parser to say, but for its client.
  if (ours.status === null || isInterim(used)) return null;
  const theirs = difference(ours, readByLlhttp(method, used, 2 * HEAD_BYTES_MAX));
  return theirs === null ? null : `llhttp ${theirs}: ${shown(used)}`;
}

/** The same, read by the clients of Node and of undici, each with a build of llhttp of its own. */
export async function disagreement(method: string, bytes: Buffer): Promise<string | null> {
  const { reading: ours, used } = readByUs(method, bytes);
  if (ours.status === null) return null;
  const nodes = difference(ours, await readByNode(method, used));
  if (nodes !== null) return `Node ${nodes}: ${shown(used)}`;
  // undici closes on interim answers that it did not ask for, which is a matter of manners and not of framing.
  if (isInterim(used)) return disagreementOfParsers(method, bytes);
  const undicis = difference(ours, await readByUndici(method, used));
  return undicis === null ? disagreementOfParsers(method, bytes) : `undici ${undicis}: ${shown(used)}`;
}

const isInterim = (bytes: Buffer): boolean => /^HTTP\/1\.[01] 1/.test(bytes.toString('latin1', 0, 16));
const shown = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1', 0, 300));

function difference(ours: Reading, theirs: Reading): string | null {
  if (theirs.status === null) return ours.whole ? 'refuses what we take' : null;
  if (theirs.status !== ours.status) return `sees status ${theirs.status}, we ${ours.status}`;
  if (theirs.fields.join('\n') !== ours.fields.join('\n')) return 'sees other fields';
  if (!theirs.body.startsWith(ours.body) && !ours.body.startsWith(theirs.body)) return 'sees another body';
  if (!ours.whole) return null;
  if (!theirs.whole) return 'does not see its end';
  return theirs.body === ours.body ? null : 'sees more or less of the body';
}

/**
 * In one piece; byte by byte where something lies behind the end, to know where that is. `used`: what is ours, for the connection is dropped
 * behind it, and they would take it for a next answer.
 */
function readByUs(method: string, bytes: Buffer, atOnce = bytes.length): { reading: Reading; used: Buffer } {
  const parser = new AnswerParser(HEAD_BYTES_MAX);
  parser.begin(method === 'HEAD');
  const body: string[] = [];
  let usedBytes = 0;
  while (usedBytes < bytes.length && parser.state !== 'done' && parser.state !== 'failed') {
    const piece = bytes.subarray(usedBytes, usedBytes + atOnce);
    parser.feed(piece, piece.length);
    if (parser.surplus) return readByUs(method, bytes, 1);
    for (let at = 0; at < parser.pieceOffsets; at += 2) {
      body.push(piece.toString('latin1', parser.pieces[at], parser.pieces[at + 1]));
    }
    usedBytes += piece.length;
  }
  if (parser.state === 'untilEnd') parser.end();
  const { head, state } = parser;
  const reading = {
    status: head?.status ?? null,
    fields: [...(head?.headers ?? [])],
    body: body.join(''),
    whole: state === 'done',
  };
  return { reading, used: bytes.subarray(0, state === 'failed' ? bytes.length : usedBytes) };
}

function readByNode(method: string, bytes: Buffer): Promise<Reading> {
  return new Promise((resolve) => {
    const reading = nothing();
    const end = (): void => resolve(reading);
    const request: ClientRequest = httpRequest({
      method,
      host: 'origin.invalid',
      maxHeaderSize: 2 * HEAD_BYTES_MAX,
      createConnection: () => saying(bytes),
    });
    request.maxHeadersCount = 0;
    request.on('error', end);
    request.on('close', end);
    request.on('response', (response) => {
      reading.status = response.statusCode ?? null;
      reading.fields = trimmed(response.rawHeaders);
      response.on('data', (chunk: Buffer) => {
        reading.body += chunk.toString('latin1');
      });
      response.on('error', end);
      response.on('end', () => {
        reading.whole = response.complete;
        end();
      });
    });
    request.end();
  });
}

function readByUndici(method: string, bytes: Buffer): Promise<Reading> {
  return new Promise((resolve) => {
    const reading = nothing();
    let connections = 0;
    const client = new Client('http://origin.invalid', {
      maxHeaderSize: 2 * HEAD_BYTES_MAX,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_options, callback) => {
        connections += 1;
        const first = connections === 1;
        // undici expects the answer later.
        queueMicrotask(() => {
          if (first) callback(null, saying(bytes));
          else callback(new Error('there is one connection only'), null);
        });
      },
    });
    const end = (): void => {
      void client.destroy().then(() => resolve(reading));
    };
    client.dispatch(
      { method: method === 'HEAD' ? 'HEAD' : 'GET', path: '/', reset: true },
      {
        onConnect: () => {},
        onHeaders: (status, raw) => {
          reading.status = status;
          reading.fields = trimmed(raw.map((text) => text.toString('latin1')));
          return true;
        },
        onData: (chunk) => {
          reading.body += chunk.toString('latin1');
          return true;
        },
        onComplete: () => {
          reading.whole = true;
          end();
        },
        onError: (error) => {
          // It takes a 304 with a length for one that lacks its body (transport/undici.ts).
          reading.whole = reading.status === 304 && error.message.includes('content-length');
          end();
        },
      },
    );
  });
}

/** A peer that says these bytes once it was asked, and ends. Neither reader needs more of a socket than this. */
function saying(bytes: Buffer): Socket {
  let asked = false;
  const say = (): void => {
    if (bytes.length > 0) peer.push(bytes);
    peer.push(null);
  };
  const peer = new Duplex({
    read() {},
    write(_chunk, _encoding, callback) {
      callback();
      if (!asked) setImmediate(say);
      asked = true;
    },
  });
  const self = (): Duplex => peer;
  const stubs = { ref: self, unref: self, setKeepAlive: self, setNoDelay: self, setTimeout: self };
  return Object.assign(peer, stubs) as unknown as Socket; // These are the methods of a Socket that the readers call.
}

/** Answers whose framing is close to an edge, besides the plain ones. */
const EDGES: readonly string[] = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding:chunked \r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a;b=c;d="e\\"f"\r\nhello\r\n00;x\r\nA: b\r\nC:\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0000000A\r\n0123456789\r\na\r\n9876543210\r\n0\r\n\r\n',
  'HTTP/1.1 200\r\nContent-Length:  5 \r\nX-Y: \t z \t\r\nX-Empty:\r\nX_~!: \xe9\r\n\r\nhello',
  'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 205 Reset\r\nContent-Length: 0\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
];

/** Cuts where answers are sensitive: single bytes around line ends and in framing fields. */
const BYTES: readonly string[] = [
  '\r',
  '\n',
  '\t',
  ' ',
  '\0',
  ';',
  ':',
  ',',
  '"',
  '=',
  '0',
  '1',
  'a',
  'g',
  '+',
  '-',
  '\x0b',
  '\x7f',
  '\x80',
  '\xff',
];

function answerOf(random: Random): Buffer {
  const from = random(2) === 0 ? VALID : EDGES;
  let bytes: Buffer = Buffer.from(from[random(from.length)] ?? '', 'latin1');
  for (let left = random(MUTATIONS_MAX + 1); left > 0; left -= 1) {
    bytes = random(2) === 0 ? mutated(bytes, random) : pricked(bytes, random);
  }
  return bytes;
}

/** With one telling byte put in, or in the place of another. */
function pricked(bytes: Buffer, random: Random): Buffer {
  const at = random(bytes.length + 1);
  const byte = Buffer.from(BYTES[random(BYTES.length)] ?? '', 'latin1');
  return Buffer.concat([bytes.subarray(0, at), byte, bytes.subarray(at + random(2))]);
}
