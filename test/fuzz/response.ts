/**
 * Fuzzes the reading of upstream answers: valid answers, broken at random and cut at random, from a raw server on
 * loopback. Whatever comes, an exchange ends exactly once, an answer that is passed on as whole is whole and has a
 * clean head, the process lives, and the next request is answered properly. Every case is derived from the seed and
 * its number, so a failure replays from what it prints.
 */
import type { Socket } from 'node:net';
import { exchangeOn, liveTransport, type Recorder, type Transport } from '../conformance/transport/harness.js';
import { type RawServer, rawServer } from '../conformance/transport/servers.js';

export interface FuzzReport {
  readonly cases: number;
  /** One line per failed case, with the seed and number that replay it. */
  readonly failures: string[];
}

const FAILURES_MAX = 20;
const CASE_MS_MAX = 5_000;
const MUTATIONS_MAX = 6;
const PIECES_MAX = 8;
const CLEAN = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean';

/** One case: what the server says, in which pieces, how it ends, and what it was asked. */
interface Script {
  readonly method: string;
  readonly pieces: readonly Buffer[];
  readonly close: 'end' | 'reset';
  /** Resolves when all of it was said. */
  readonly played: Promise<void>;
  readonly onPlayed: () => void;
}

export async function fuzzResponse(seed: number, cases: number): Promise<FuzzReport> {
  const failures: string[] = [];
  let script: Script | null = null;
  let crash: unknown = null;
  const onCrash = (error: unknown): void => {
    crash = error;
  };
  process.on('uncaughtException', onCrash);
  const server = await rawServer((socket, head) => {
    if (head.includes(' /clean ') || script === null) socket.write(CLEAN);
    else play(socket, script, 0);
  });
  const transport = liveTransport({ port: server.port, pool: { connections: 2 } });
  try {
    for (let number = 0; number < cases && failures.length < FAILURES_MAX; number += 1) {
      script = scriptOf(randomFrom(seed, number));
      const problem = (await runCase(transport, script)) ?? (crash === null ? null : `crashed: ${String(crash)}`);
      crash = null;
      if (problem !== null) failures.push(`seed ${seed} case ${number}: ${problem}`);
      forget(server);
    }
  } finally {
    transport.close();
    await server.close();
    process.off('uncaughtException', onCrash);
  }
  return { cases, failures };
}

/** What one answer does wrong, or null. */
async function runCase(transport: Transport, script: Script): Promise<string | null> {
  const result = await inTime(exchangeOn(transport, { path: '/fuzz', method: script.method }));
  if (result === null) return 'the exchange never ended';
  const problem = judge(result, script.method);
  if (problem !== null) return problem;
  // Bytes that come when the next request is already out are its answer, whoever reads them: HTTP/1.1 has no other sign
  // of what belongs to what. What came before that must do no harm.
  await script.played;
  await new Promise((resolve) => setImmediate(resolve));
  const clean = await inTime(exchangeOn(transport, { path: '/clean' }));
  if (clean === null) return 'the next request never ended';
  if (clean.text !== 'clean') return `the next request got ${clean.failure?.code ?? `${clean.status} ${clean.text}`}`;
  // By now a late second end, or late data, would have come.
  return result.violations[0] ?? null;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function judge(result: Recorder, method: string): string | null {
  if (result.completed === (result.failure !== null)) return 'completed and failed at once, or neither';
  if (result.failure?.code === 'internal_error') return `an internal error: ${result.failure.detail}`;
  const { head } = result;
  if (head === null) return null;
  if (head.status < 200 || head.status > 599) return `passed on status ${head.status}`;
  for (let i = 0; i < head.headers.length; i += 2) {
    if (!TOKEN.test(head.headers[i] ?? '')) return `passed on the field name ${JSON.stringify(head.headers[i])}`;
    if (!VALUE.test(head.headers[i + 1] ?? '')) return `passed on the value ${JSON.stringify(head.headers[i + 1])}`;
  }
  const length = result.field('content-length');
  if (length !== undefined && result.field('transfer-encoding') !== undefined) return 'passed on two framings';
  const hasBody = method !== 'HEAD' && head.status !== 204 && head.status !== 304;
  if (!hasBody && result.receivedBytes > 0) return 'passed on a body where there is none';
  if (hasBody && result.completed && length !== undefined && Number(length) !== result.receivedBytes) {
    return `completed with ${result.receivedBytes} of ${length} bytes`;
  }
  return null;
}

function inTime(exchange: Promise<Recorder>): Promise<Recorder | null> {
  return new Promise((resolve) => {
    const timeout = setTimeout(() => resolve(null), CASE_MS_MAX);
    void exchange.then((result) => {
      clearTimeout(timeout);
      resolve(result);
    });
  });
}

function play(socket: Socket, script: Script, at: number): void {
  const piece = script.pieces[at];
  if (socket.destroyed) script.onPlayed();
  else if (piece !== undefined) socket.write(piece, () => setImmediate(() => play(socket, script, at + 1)));
  else if (script.close === 'end') socket.end(script.onPlayed);
  else {
    setImmediate(() => {
      socket.resetAndDestroy();
      script.onPlayed();
    });
  }
}

/** Sockets that are over need not be kept for thousands of cases. */
function forget(server: RawServer): void {
  const open = server.sockets.filter((socket) => !socket.destroyed);
  server.sockets.splice(0, server.sockets.length, ...open);
  server.heads.length = 0;
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Answers that nothing is wrong with. */
export const VALID: readonly string[] = [
  'HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-A: b\r\n\r\nhello world',
  'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n',
  `${CHUNKED}5\r\nhello\r\n6;x="y"\r\n world\r\n0\r\nX-T: 1\r\n\r\n`,
  `${CHUNKED}0\r\n\r\n`,
  'HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nuntil the end',
  'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold',
  'HTTP/1.1 204 No Content\r\nKeep-Alive: timeout=5, max=10\r\nConnection: keep-alive\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 5\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  `HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n${'x'.repeat(4096)}`,
  'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok',
];

/** Pieces of answers that parsers disagree about; they are put in at random places. */
const SPLICES: readonly string[] = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '-1',
  '0x',
  'ffffffffffffffff',
  '\x7f',
  '\xff',
  'HTTP/1.1 ',
  '101 ',
  '099 ',
  '\r\n\r\n',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip\r\n',
  'Connection: close\r\n',
  'Connection: upgrade\r\nUpgrade: websocket\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  '0\r\n\r\n',
  ' folded\r\n',
  'x'.repeat(40_000),
];

/** A whole number from 0 to below the bound. */
export type Random = (below: number) => number;

function scriptOf(random: Random): Script {
  let bytes: Buffer = Buffer.from(VALID[random(VALID.length)] ?? '', 'latin1');
  for (let left = random(MUTATIONS_MAX + 1); left > 0; left -= 1) bytes = mutated(bytes, random);
  const cuts = Array.from({ length: random(PIECES_MAX) }, () => random(bytes.length + 1)).sort((a, b) => a - b);
  const pieces = [...cuts, bytes.length].map((end, at, ends) => bytes.subarray(at === 0 ? 0 : ends[at - 1], end));
  let onPlayed = (): void => {};
  const played = new Promise<void>((resolve) => {
    onPlayed = resolve;
  });
  const methods = ['GET', 'GET', 'GET', 'HEAD', 'POST'];
  return {
    method: methods[random(methods.length)] ?? 'GET',
    pieces: pieces.filter((piece) => piece.length > 0),
    close: random(8) === 0 ? 'reset' : 'end',
    played,
    onPlayed,
  };
}

/** The bytes with one thing done to them. */
export function mutated(bytes: Buffer, random: Random): Buffer {
  const at = random(bytes.length + 1);
  const length = random(Math.min(32, bytes.length - at + 1));
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (random(7)) {
    case 0: // A bit flips.
      return Buffer.concat([before, Buffer.from([(after[0] ?? 0) ^ (1 << random(8))]), after.subarray(1)]);
    case 1: // A byte is another one.
      return Buffer.concat([before, Buffer.from([random(256)]), after.subarray(1)]);
    case 2: // Something is missing.
      return Buffer.concat([before, after.subarray(length)]);
    case 3: // Something is there twice.
      return Buffer.concat([before, after.subarray(0, length), after]);
    case 4: // It breaks off.
      return Buffer.from(before);
    case 5: // Another answer follows.
      return Buffer.concat([bytes, Buffer.from(VALID[random(VALID.length)] ?? '', 'latin1')]);
    default: // Something dangerous is put in.
      return Buffer.concat([before, Buffer.from(SPLICES[random(SPLICES.length)] ?? '', 'latin1'), after]);
  }
}

/** Whole numbers below a bound, the same ones for the same seed and case (mulberry32). */
export function randomFrom(seed: number, number: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
