/**
 * Three timeouts of calls that nobody should wait for, whatever the limit, each ended by the change that the doctor
 * proposes. What makes them too long or too large is stated in seconds and bytes, so these are really that long; they
 * run side by side, and wait most of the time.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type Stage, until } from '../../support/stage.js';
import { serve, workplace } from '../../support/workplace.js';
import { type Clinic, follow, type Outcome } from './clinic.js';

/** Answers in the end, or 202 with the place where the result will be. */
interface Report {
  readonly port: number;
  answersAtOnce: boolean;
}

async function report(stage: Stage, workMs: (url: string) => number): Promise<Report> {
  const done = new Map<string, number>();
  const made = { port: 0, answersAtOnce: false };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { url = '' } = request;
    const readyAtMs = done.get(url);
    if (readyAtMs !== undefined) {
      response.statusCode = performance.now() >= readyAtMs ? 200 : 202;
      response.end('result');
    } else if (made.answersAtOnce) {
      const place = `/results/${done.size}`;
      done.set(place, performance.now() + 500);
      response.writeHead(202, { location: place }).end();
    } else response.end('report');
  };
  const server = await serve(
    stage,
    workplace({ answer, workMs: ({ url = '' }) => (made.answersAtOnce ? 5 : workMs(url)) }),
  );
  return Object.assign(made, { port: server.port });
}

/** Asks for a report, and then for its result until that is there, wherever it is to be asked for. */
async function pickUp({ weir }: Clinic): Promise<Outcome[]> {
  const accepted = await fetch(`${weir.url}/report`);
  expect(accepted.status).toBe(202);
  const place = `${weir.url}${accepted.headers.get('location') ?? ''}`;
  const statuses: number[] = [];
  await until(
    async () => {
      const response = await fetch(place);
      await response.text();
      statuses.push(response.status);
      return response.status !== 202;
    },
    () => 'the report is not finished',
  );
  return statuses.map((status) => ({ status, timer: null, text: '', tookMs: 0 }));
}

const config = (port: number, total: string): string => `
gateway: { accessLog: false }
upstreams:
  - { id: app, targets: ["http://127.0.0.1:${port}"] }
routes:
  - { id: all, match: /*, upstream: app, retry: false, timeouts: { total: ${total}, firstByte: ${total} } }
`;
const handOver = 'routes[id=all].async: false → { after: 5s }';
const splitTheCall = /^split the call, stream its answer from the start, or have clients ask/;

describe.concurrent('a call that nobody should wait for', () => {
  it(
    'takes ten seconds and more as a rule',
    () =>
      follow(async (stage) => {
        const server = await report(stage, (url) => (url === '/longest' ? 20_000 : 10_300));
        return {
          config: config(server.port, '11.5s'),
          // The longest begins a little later, so that it is known by then how long the others take.
          traffic: async (clinic) => {
            const usual = clinic.burst(12, '/report');
            await clinic.ask('/longest', { patienceMs: 300 });
            return [...(await Promise.all([usual, clinic.burst(2, '/longest')])).flat()];
          },
          cause: 'API design',
          rule: 'long-call',
          timer: 'total',
          proposal: [handOver, splitTheCall, 'routes[id=all].timeouts.total: 11.5s → 18s'],
          advised: (same) => {
            server.answersAtOnce = true;
            return same;
          },
          afterwards: pickUp,
        };
      }),
    60_000,
  );

  it(
    'makes a client give up on a report before any has ever come',
    () =>
      follow(async (stage) => {
        const server = await report(stage, () => 9_000);
        return {
          config: config(server.port, '60s'),
          traffic: (clinic) => clinic.burst(2, '/report', { patienceMs: 8_150 }),
          cause: 'API design',
          rule: 'never-answered-long',
          timer: 'client',
          // With the first of them alone clients get an answer in time, and the report when it is finished.
          proposal: [handOver.replace('5s', '4s'), splitTheCall],
          afterwards: pickUp,
        };
      }),
    60_000,
  );

  it(
    'hands over a hundred megabytes in one piece',
    () =>
      follow(async (stage) => {
        const server = await serve(stage, trickling);
        return {
          config: config(server.port, '5s'),
          traffic: (clinic) => clinic.burst(1),
          cause: 'API design',
          rule: 'large-body',
          timer: 'total',
          proposal: [/^move large bodies in parts: ranges/],
          // The client asks for ranges, a few at a time.
          afterwards: async (clinic) => {
            const parts: Outcome[] = [];
            for (let from = 0; from < 8 * PART_BYTES; from += PART_BYTES) {
              const range = `bytes=${from}-${from + PART_BYTES - 1}`;
              parts.push(await clinic.ask('/x', { headers: { range } }));
            }
            return parts;
          },
        };
      }),
    60_000,
  );
});

const MIB = 1024 * 1024;
const PART_BYTES = 2 * MIB;
const WHOLE_BYTES = 96 * MIB;
const piece = Buffer.alloc(MIB / 2);

/** Sixteen megabytes a second: a part is there at once, and the whole is not. */
function trickling({ headers }: IncomingMessage, response: ServerResponse): void {
  const isPart = headers.range !== undefined;
  let left = isPart ? PART_BYTES : WHOLE_BYTES;
  response.writeHead(isPart ? 206 : 200, { 'content-length': left });
  const timer = setInterval(() => {
    if (response.destroyed || left === 0) {
      clearInterval(timer);
      if (left === 0) response.end();
      return;
    }
    response.write(piece);
    left -= piece.byteLength;
  }, 30);
}
