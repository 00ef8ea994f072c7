/**
 * Reads so many streams at once for so long, a process of its own: `node stream-client.js PLAN`, both as JSON. Connections begin one
 * after the other, spread over the length of a stream, so that tokens are not all sent in one moment; each asks again when its
 * stream is over, until the time is, which begins when all have asked. Streams that have begun are read to their end.
 */
import { connect, type Socket } from 'node:net';
import { percentile } from '../measure/statistics.js';
import { StreamReading } from './stream-reading.js';
import { headersFor, modelOf, PATH, type Pace, question } from './words.js';

export interface StreamPlan {
  readonly port: number;
  readonly mockPort: number;
  readonly pace: Pace;
  readonly streams: number;
  /** 0: each connection reads one stream. */
  readonly seconds: number;
}

export interface StreamFigures {
  readonly streams: number;
  readonly tokens: number;
  readonly failed: number;
  /** The first failure, for people. */
  readonly why: string;
  /** Of each stream that was whole: all of them, for of the few of one round a 99th percentile would be the worst but one. */
  readonly firstUs: readonly number[];
  /** Of those that were the first on their connection: a gateway opens one of its own for them, which the mock's clients have by then. */
  readonly openingUs: readonly number[];
  readonly tokenP50Ms: number;
  readonly tokenP99Ms: number;
}

const nowUs = (): number => Math.round(Number(process.hrtime.bigint()) / 1_000);
const RAMP_MS_MIN = 1_000;
/** A stream that takes longer by so much has failed. */
const LATE_MS_MAX = 15_000;
/** Its multiples' fractions lie as evenly between 0 and 1 as can be, however many they are; timers make whole milliseconds of them. */
const GOLDEN = 0.618_034;

const plan = JSON.parse(process.argv[2] ?? 'null') as StreamPlan; // Made by loads.ts.
const body = question(modelOf(plan.pace), true);
const request = [
  `POST ${PATH} HTTP/1.1`,
  `Host: 127.0.0.1:${plan.port}`,
  ...Object.entries(headersFor(plan.mockPort)).map(([name, value]) => `${name}: ${value}`),
  `Content-Length: ${Buffer.byteLength(body)}`,
  '',
  body,
].join('\r\n');
const streamMs = plan.pace.tokens * plan.pace.everyMs;
const rampMs = Math.max(RAMP_MS_MIN, plan.seconds > 0 ? streamMs : 0);
const endsAtMs = plan.seconds === 0 ? 0 : performance.now() + rampMs + plan.seconds * 1_000;

const firstUs: number[] = [];
const openingUs: number[] = [];
const tokensUs: number[] = [];
let streams = 0;
let tokens = 0;
let failed = 0;
let why = '';
let open = plan.streams;

function ended(reading: StreamReading, socket: Socket, isOpening: boolean, broken: string | null): boolean {
  const whole = reading.failed === null && broken === null && reading.tokens === plan.pace.tokens;
  streams += 1;
  tokens += reading.tokens;
  if (whole) {
    (isOpening ? openingUs : firstUs).push(reading.firstUs);
    for (const one of reading.tokensUs) tokensUs.push(one);
  } else {
    failed += 1;
    why ||= reading.failed ?? broken ?? `${reading.tokens} tokens of ${plan.pace.tokens}`;
  }
  if (whole && performance.now() < endsAtMs) return true;
  socket.destroy();
  open -= 1;
  if (open === 0) tell();
  return false;
}

function begin(): void {
  const socket = connect({ host: '127.0.0.1', port: plan.port, noDelay: true });
  socket.setEncoding('latin1').setTimeout(streamMs + LATE_MS_MAX);
  let reading = new StreamReading(nowUs());
  let isOpening = true;
  let isOver = false;
  const ask = (): void => {
    reading = new StreamReading(nowUs());
    socket.write(request);
  };
  const broke = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    ended(reading, socket, isOpening, reason);
  };
  socket.once('connect', ask);
  socket.on('data', (text: string) => {
    reading.feed(text, nowUs());
    if (!reading.isOver || isOver) return;
    if (ended(reading, socket, isOpening, null)) {
      isOpening = false;
      ask();
    } else isOver = true;
  });
  socket.on('timeout', () => broke('silence'));
  socket.on('error', (error) => broke(error.message));
  socket.on('close', () => broke('the connection was closed'));
}

function tell(): void {
  const ms = (values: readonly number[], share: number): number => percentile(values, share) / 1_000;
  const figures: StreamFigures = {
    ...{ streams, tokens, failed, why, firstUs, openingUs },
    ...{ tokenP50Ms: ms(tokensUs, 0.5), tokenP99Ms: ms(tokensUs, 0.99) },
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

/** Even steps would be as long as the time between two tokens, and all streams' tokens come in one moment. */
const stepOf = (i: number): number => i + ((i * GOLDEN) % 1);
for (let i = 0; i < plan.streams; i += 1) setTimeout(begin, (rampMs * stepOf(i)) / plan.streams);
