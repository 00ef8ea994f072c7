/**
 * Throws seeded nonsense at a listener over real sockets: valid requests with bytes changed, ranges dropped, doubled and
 * swapped, cut into packets. What must hold whatever is sent:
 *
 * - the process lives, and a sentinel request after each batch is answered properly;
 * - the dispatch sees at most as many requests of a connection as there are request lines in what was sent;
 * - what comes back is HTTP answers and nothing else;
 * - no exchange is left open when its connections are gone, and nothing below has reported a bug.
 */
import { createUwsListener } from '@weir/node/listener/uws/server.js';
import { seededRandom } from '@weir/node/pipeline/testing/harness.js';
import { makeGateway } from '@weir/node/pipeline/testing/specs.js';
import type { Random } from '@weir/node/time/clock.js';
import { connectRaw, parseAnswer } from '../conformance/listener/raw-client.js';
import { type ListenerFactory, openWorld, respond, type Seen, type World } from '../conformance/listener/world.js';

export interface FuzzOutcome {
  readonly cases: number;
  /** Each with what it takes to see it again. */
  readonly failures: string[];
}

const BATCH = 40;
/** A connection that is still waiting for something after this long is closed; the listener's own head limit is shorter. */
const CASE_LIMIT_MS = 400;
const FAILURES_MAX = 20;

const HOST = 'Host: fuzz.test\r\n';
const seeds: readonly string[] = [
  `GET /a?b=c HTTP/1.1\r\n${HOST}Accept: */*\r\nCookie: a=b; c=d\r\n\r\n`,
  `POST /p HTTP/1.1\r\n${HOST}Content-Length: 11\r\n\r\nhello world`,
  `POST /c HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`,
  `GET /1 HTTP/1.1\r\n${HOST}\r\nGET /2 HTTP/1.1\r\n${HOST}\r\n`,
  `HEAD /h HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
  `POST /e HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 2\r\n\r\nok`,
  `GET /ws HTTP/1.1\r\n${HOST}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  `PUT /s HTTP/1.1\r\n${HOST}Content-Length: 40\r\n\r\nGET /inner HTTP/1.1\r\nHost: fuzz.test\r\n\r\n`,
];
const tokens: readonly string[] = [
  ...['\r\n', '\n', '\r', '\0', ' ', '\t', ':', '#', '%00', '\xff', '\xc3\xa9', '0', '-1', 'fffffffff', ';x=y'],
  ...['Content-Length: 5\r\n', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: x\r\n'],
  ...[HOST, 'Host: other\r\n', 'Connection: close\r\n', 'HTTP/1.0', '0\r\n\r\n', 'Expect: x\r\n', 'GET / HTTP/1.1\r\n'],
];

export async function fuzzListener(
  seed: number,
  cases: number,
  factory: ListenerFactory = createUwsListener,
): Promise<FuzzOutcome> {
  const random = seededRandom(seed);
  const failures: string[] = [];
  const gateway = makeGateway();
  const clientTimers = { ...gateway.clientTimers, clientHeadersMs: 150, clientBodyMs: 150 };
  const world = await openWorld(factory, { clientTimers, trustedProxies: [] }, answer);
  try {
    for (let done = 0; done < cases && failures.length < FAILURES_MAX; done += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, cases - done) }, (_, i) => done + i);
      // Each case has a host of its own, so that what the dispatch sees can be told apart.
      const payloads = batch.map((index) => packetsOf(mutated(random).replaceAll('fuzz.test', hostOf(index)), random));
      const before = world.seen.length;
      await Promise.all(batch.map((index, i) => one(world, `seed ${seed} case ${index}`, payloads[i] ?? [], failures)));
      const sentinel = await world.connect();
      sentinel.send(`GET /sentinel HTTP/1.1\r\n${HOST}\r\n`);
      const { status } = await sentinel.answer();
      sentinel.close();
      if (status !== 200) failures.push(`seed ${seed} batch at ${done}: the sentinel was answered ${status}`);
      const seen = world.seen.slice(before).map(({ request }) => request.authority);
      for (const [i, index] of batch.entries()) {
        const saw = seen.filter((authority) => authority === hostOf(index)).length;
        const sent = requestLines((payloads[i] ?? []).join(''));
        if (saw > sent) failures.push(`seed ${seed} case ${index}: ${saw} requests seen, ${sent} sent`);
      }
      await settled(world, `seed ${seed} batch at ${done}`, failures);
    }
  } finally {
    world.close();
  }
  for (const bug of world.bugs) failures.push(`seed ${seed}: a bug was reported: ${String(bug)}`);
  return { cases, failures };
}

const hostOf = (index: number): string => `f${index}.test`;

/** Reads the body, if there is one, and answers when it is whole. */
function answer(entry: Seen): void {
  const { body } = entry.request;
  if (body === null) {
    respond(entry, 200, 'ok');
    return;
  }
  body.read({
    onChunk() {},
    onEnd: () => respond(entry, 200, 'ok'),
    onError: (failed) => entry.handler.onError(failed),
  });
}

async function one(world: World, label: string, packets: readonly string[], failures: string[]): Promise<void> {
  const client = await connectRaw(world.address.port);
  const expected = requestLines(packets.join(''));
  for (const packet of packets) {
    client.send(packet);
    if (packets.length > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  const done = (): boolean => client.isClosed || client.unread.split('HTTP/1.1 ').length - 1 > expected;
  await client.until(done, 'outcome', CASE_LIMIT_MS).catch(() => {});
  client.close();
  const fault = answersFault(Buffer.from(client.unread, 'latin1'));
  if (fault !== null) failures.push(`${label}: ${fault} for ${JSON.stringify(packets)}`);
}

/** Why what came back is not a row of HTTP answers, of which the last may be cut; null when it is. */
function answersFault(bytes: Buffer): string | null {
  let rest: Buffer = bytes;
  while (rest.byteLength > 0) {
    if (!beginsAnswer(rest)) return `an answer begins with ${JSON.stringify(rest.subarray(0, 20).toString('latin1'))}`;
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd === -1) return null;
    // Whether an answer is to HEAD can't be told from here, so a length without a body is allowed.
    const withBody = parseAnswer(rest, 'GET')?.rest;
    rest = withBody !== undefined && beginsAnswer(withBody) ? withBody : rest.subarray(headEnd + 4);
    if (withBody === undefined && !beginsAnswer(rest)) return null;
  }
  return null;
}

function beginsAnswer(bytes: Buffer): boolean {
  return 'HTTP/1.1 '.startsWith(bytes.subarray(0, 9).toString('latin1'));
}

async function settled(world: World, label: string, failures: string[]): Promise<void> {
  const open = (): boolean => world.listener.exchanges === 0 && world.listener.connections === 0;
  await world.until(open, 'end').catch(() => {
    failures.push(
      `${label}: ${world.listener.exchanges} exchanges and ${world.listener.connections} connections are left`,
    );
  });
}

/** No request can be read without one of these. */
function requestLines(bytes: string): number {
  return bytes.split(' HTTP/1.1\r\n').length - 1;
}

function mutated(random: Random): string {
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = (list: readonly string[]): string => list[below(list.length)] ?? '';
  let bytes = pick(seeds);
  for (let left = below(5); left > 0; left -= 1) {
    const at = below(bytes.length + 1);
    const end = Math.min(bytes.length, at + below(12));
    switch (below(7)) {
      case 0:
        bytes = bytes.slice(0, at) + String.fromCharCode(below(256)) + bytes.slice(at + 1);
        break;
      case 1:
        bytes = bytes.slice(0, at) + bytes.slice(end);
        break;
      case 2:
        bytes = bytes.slice(0, end) + bytes.slice(at);
        break;
      case 3:
        bytes = bytes.slice(0, at) + pick(tokens) + bytes.slice(at);
        break;
      case 4:
        bytes = swappedLines(bytes, random);
        break;
      case 5:
        bytes += pick(seeds);
        break;
      default: {
        // A field more, where fields stand: this reaches deeper than bytes at random.
        const lineEnd = bytes.indexOf('\r\n') + 2;
        bytes = bytes.slice(0, lineEnd) + pick(tokens) + bytes.slice(lineEnd);
      }
    }
  }
  return bytes;
}

function swappedLines(bytes: string, random: Random): string {
  const lines = bytes.split('\r\n');
  const [i, j] = [Math.floor(random() * lines.length), Math.floor(random() * lines.length)];
  const [one, other] = [lines[i] ?? '', lines[j] ?? ''];
  lines[i] = other;
  lines[j] = one;
  return lines.join('\r\n');
}

function packetsOf(bytes: string, random: Random): string[] {
  if (random() < 0.6) return [bytes];
  const cut = Math.floor(random() * bytes.length);
  return [bytes.slice(0, cut), bytes.slice(cut)].filter((packet) => packet !== '');
}
