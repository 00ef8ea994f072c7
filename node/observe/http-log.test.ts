import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeClock, fakeTimers } from '../pipeline/testing/harness.js';
import { openHttpLog, POST_BYTES, POST_MS, TRIES_MAX } from './http-log.js';
import { BUFFER_BYTES, CLOSE_MS, FLUSH_MS, RETRY_MS } from './log-writer.js';

interface Came {
  readonly text: string;
  readonly headers: IncomingMessage['headers'];
}

let server: Server;
let came: Came[] = [];
/** Of the answers to come; the last one stays. 0: none. */
let statuses: number[] = [];
let url = '';

beforeEach(async () => {
  [came, statuses] = [[], [204]];
  server = createServer((request, response) => {
    let text = '';
    request.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      came.push({ text, headers: request.headers });
      const status = statuses.length > 1 ? statuses.shift() : statuses[0];
      if (status !== 0) response.writeHead(status ?? 204).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/logs`; // It listens on a port.
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function open(headers: Record<string, string> = {}) {
  const clock = fakeClock();
  return { clock, log: openHttpLog({ url, headers, timers: fakeTimers(clock) }) };
}

const line = (i: number, length = 10) => `${String(i).padEnd(length - 1, '.')}\n`;
const arrived = (count: number) => vi.waitFor(() => expect(came.length).toBeGreaterThanOrEqual(count));

describe('a log over HTTP', () => {
  it('sends lines in order, batched, as NDJSON with its fields, and the last of them when it is closed', async () => {
    const { log } = open({ authorization: 'Bearer t' });
    let expected = '';
    for (let i = 0; i < 20_000; i += 1) {
      log.write(line(i));
      expected += line(i);
    }
    await log.close();
    expect(came.map(({ text }) => text).join('')).toBe(expected);
    expect(came.length).toBeLessThan(20);
    expect(came[0]?.headers).toMatchObject({ 'content-type': 'application/x-ndjson', authorization: 'Bearer t' });
    expect(log.counts()).toEqual({ written: 20_000, dropped: 0, trouble: null });
  });

  it('lets no line wait for others longer than the flush time', async () => {
    const { clock, log } = open();
    log.write('one\n');
    clock.advance(FLUSH_MS);
    await arrived(1);
    log.write('two\n');
    await vi.waitFor(() => expect(log.counts().written).toBe(1));
    clock.advance(FLUSH_MS);
    await arrived(2);
    expect(came.map(({ text }) => text)).toEqual(['one\n', 'two\n']);
    await log.close();
  });

  it.each([503, 429, 408])(
    'sends a batch again that was answered %i, and what came meanwhile behind it',
    async (status) => {
      statuses = [status, 200];
      const { clock, log } = open();
      log.write('one\n');
      clock.advance(FLUSH_MS);
      await vi.waitFor(() => expect(log.counts().trouble).toBe(`HTTP ${status}`));
      log.write('two\n');
      clock.advance(RETRY_MS);
      await vi.waitFor(() => expect(log.counts().written).toBe(1));
      await log.close();
      expect(came.map(({ text }) => text)).toEqual(['one\n', 'one\n', 'two\n']);
      expect(log.counts()).toEqual({ written: 2, dropped: 0, trouble: null });
    },
  );

  it('gives a batch up that is refused, and counts it', async () => {
    statuses = [401, 200];
    const { clock, log } = open();
    log.write('one\n');
    log.write('two\n');
    clock.advance(FLUSH_MS);
    await vi.waitFor(() => expect(log.counts()).toEqual({ written: 0, dropped: 2, trouble: 'HTTP 401' }));
    log.write('three\n');
    await log.close();
    expect(log.counts()).toEqual({ written: 1, dropped: 2, trouble: null });
  });

  it('gives a batch up after so many tries, each later than the one before', async () => {
    statuses = [500];
    const { clock, log } = open();
    log.write('one\n');
    clock.advance(FLUSH_MS);
    for (let tries = 1; tries < TRIES_MAX; tries += 1) {
      await arrived(tries);
      await vi.waitFor(() => expect(log.counts().trouble).toBe('HTTP 500'));
      const pauseMs = Math.min(RETRY_MS * 2 ** (tries - 1), 30_000);
      clock.advance(pauseMs - 1);
      expect(came.length).toBe(tries);
      clock.advance(1);
      await arrived(tries + 1);
    }
    await vi.waitFor(() => expect(log.counts().dropped).toBe(1));
    await log.close();
  });

  it('gives an answer that does not come no more than its time, and sends the batch again', async () => {
    statuses = [0, 200];
    const { clock, log } = open();
    log.write('one\n');
    clock.advance(FLUSH_MS);
    await arrived(1);
    clock.advance(POST_MS);
    await vi.waitFor(() => expect(log.counts().trouble).toBe('no answer in time'));
    clock.advance(RETRY_MS);
    await vi.waitFor(() => expect(log.counts().written).toBe(1));
    await log.close();
  });

  it('keeps no more than its bound while nobody takes anything, and drops and counts the rest', async () => {
    statuses = [0];
    const { clock, log } = open();
    const long = line(1, POST_BYTES);
    for (let i = 0; i < BUFFER_BYTES / POST_BYTES + 10; i += 1) log.write(long);
    expect(log.counts()).toMatchObject({ dropped: 10, trouble: 'they come faster than they are taken' });
    const closed = log.close();
    await arrived(1);
    clock.advance(CLOSE_MS);
    await closed;
    expect(log.counts()).toMatchObject({ written: 0, dropped: BUFFER_BYTES / POST_BYTES + 10 });
    log.write('late\n');
    expect(log.counts().dropped).toBe(BUFFER_BYTES / POST_BYTES + 11);
  });

  it('ends at once where nobody is there, and counts what is lost', async () => {
    server.close();
    await once(server, 'close');
    const { log } = open();
    log.write('one\n');
    await log.close();
    expect(log.counts()).toMatchObject({ written: 0, dropped: 1, trouble: 'ECONNREFUSED' });
  });

  it('is refused with a field that can not be sent', () => {
    expect(() => open({ 'x-a': 'a\nb' })).toThrow();
  });
});
