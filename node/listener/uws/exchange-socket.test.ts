/** One exchange over a model of the library's response object: when what comes from below goes out. */
import type { HttpResponse } from 'uWebSockets.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { describe, expect, it } from 'vitest';
import { nothingToCancel } from '../../pipeline/dispatch.js';
import { fakeClock, fakeTimers, makeRequest } from '../../pipeline/testing/harness.js';
import { type ExchangeOwner, ExchangeSocket } from './exchange-socket.js';

function open() {
  const clock = fakeClock();
  const written: string[] = [];
  const waits: ExchangeSocket[] = [];
  let corks = 0;
  const res = {
    cork(write: () => void) {
      corks += 1;
      write();
    },
    writeStatus: (text: string) => written.push(text.slice(0, 6)),
    writeHeader() {},
    write: (chunk: Uint8Array) => written.push(Buffer.from(chunk).toString()) > 0,
    end: (chunk?: Uint8Array) => written.push(`${Buffer.from(chunk ?? []).toString()}.`),
  } as unknown as HttpResponse; // Nothing else is called for an answer whose socket takes everything.
  const owner: ExchangeOwner = {
    ...{ clock, timers: fakeTimers(clock), isDraining: false, isOneRequestEach: false },
    atTurnEnd: (socket) => waits.push(socket),
    ended() {},
    tunnelOpened() {},
    tunnelClosed() {},
    timerFired() {},
    answer() {},
    bug(error) {
      throw error;
    },
  };
  const limits = { clientHeadersMs: 1_000, clientBodyMs: 1_000, clientIdleMs: 1_000, drainMs: 1_000 };
  const socket = new ExchangeSocket(res, makeRequest(), false, limits, owner);
  const head = (...headers: HeaderList): void =>
    socket.onHeaders({ status: 200, headers, lengthBytes: null, resume() {} });
  const turnEnds = (): void => {
    for (const waiting of waits.splice(0)) waiting.turnEnded();
  };
  return { socket, head, turnEnds, written, corks: () => corks, waits };
}

const EVENTS = ['content-type', 'text/event-stream; charset=utf-8'];
const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('the first piece of an answer', () => {
  it('goes out at once where it is a stream of events, in one piece with its head, whatever else the turn has to do', () => {
    const { socket, head, written, corks, waits } = open();
    socket.dispatched(nothingToCancel);
    head(...EVENTS);
    expect(written).toEqual([]);
    socket.onData(bytes('data: 1\n\n'));
    expect([written, corks(), waits]).toEqual([['200 OK', 'data: 1\n\n'], 1, []]);
    socket.onData(bytes('data: 2\n\n'));
    socket.onComplete();
    expect(written).toEqual(['200 OK', 'data: 1\n\n', 'data: 2\n\n', '.']);
  });

  it('waits for the end of the turn where the whole may come in it, and goes with its length', () => {
    for (const headers of [['content-type', 'text/plain'], []]) {
      const { socket, head, turnEnds, written } = open();
      socket.dispatched(nothingToCancel);
      head(...headers);
      socket.onData(bytes('whole'));
      expect(written).toEqual([]);
      socket.onComplete();
      turnEnds();
      expect(written).toEqual(['200 OK', 'whole.']);
    }
  });

  it('waits for the end of the turn of its request: what it says of the connection is known then', () => {
    const { socket, head, turnEnds, written, waits } = open();
    head(...EVENTS);
    socket.onData(bytes('data: 1\n\n'));
    expect(written).toEqual([]);
    socket.dispatched(nothingToCancel);
    expect(waits).toEqual([socket]);
    turnEnds();
    expect(written).toEqual(['200 OK', 'data: 1\n\n']);
  });
});
