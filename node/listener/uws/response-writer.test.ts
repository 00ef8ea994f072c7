/** The writer over a model of the library's response object, with a socket that takes little at a time. */

import type { HttpResponse } from 'uWebSockets.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameResponse } from '../response-framing.js';
import { type Closing, ResponseWriter } from './response-writer.js';

/** Keeps what the library would keep, and takes `roomBytes` each time there is room, as a socket with a small buffer. */
function model() {
  const sent: Uint8Array[] = [];
  let kept = 0;
  let keptPeak = 0;
  let roomBytes = 0;
  let onWritable: (() => boolean) | null = null;
  let ended = false;
  let corks = 0;
  const drain = (): void => {
    const taken = Math.min(kept, roomBytes);
    kept -= taken;
    roomBytes -= taken;
  };
  const take = (chunk: Uint8Array): boolean => {
    drain();
    sent.push(chunk.slice());
    const now = kept > 0 ? 0 : Math.min(roomBytes, chunk.byteLength);
    roomBytes -= now;
    kept += chunk.byteLength - now;
    keptPeak = Math.max(keptPeak, kept);
    return kept === 0;
  };
  const res = {
    cork(write: () => void) {
      corks += 1;
      write();
      drain();
    },
    writeStatus() {},
    writeHeader() {},
    write: take,
    end() {
      ended = true;
    },
    onWritable(handler: () => boolean) {
      onWritable = handler;
    },
  };
  return {
    res: res as unknown as HttpResponse, // The writer calls nothing else for a chunked response.
    text: () => Buffer.concat(sent).toString('latin1'),
    keptPeak: () => keptPeak,
    ended: () => ended,
    corks: () => corks,
    room(bytes: number) {
      roomBytes = bytes;
      onWritable?.();
    },
  };
}

function begun(socket: ReturnType<typeof model>) {
  const told = { drained: 0, finished: 0, blocked: 0 };
  const writer: ResponseWriter = new ResponseWriter(socket.res, {
    requestId: 'id-1',
    closing: (): Closing => 'keep',
    blocked: () => (told.blocked += 1),
    roomCame: () => writer.roomCame(),
    drained: () => (told.drained += 1),
    finishing() {},
    finished: () => (told.finished += 1),
    lingers() {},
    dateText: () => '',
    broken(reason) {
      throw new Error(reason);
    },
  });
  writer.begin({ status: 200, headers: [], lengthBytes: null, resume() {} }, frameResponse('GET', 200, null));
  return { writer, told };
}

function open(socket: ReturnType<typeof model>) {
  const opened = begun(socket);
  opened.writer.turnEnded(false);
  return opened;
}

test.each([
  ['in the request’s own turn, in which the library has corked', true, 0],
  ['in any other', false, 1],
])('a whole answer is written %s', (_turn, isCorked, corks) => {
  const socket = model();
  const { writer, told } = begun(socket);
  writer.write(Buffer.from('whole'));
  writer.end();
  expect(socket.ended()).toBe(false);
  writer.turnEnded(isCorked);
  expect([socket.corks(), socket.ended(), told.finished]).toEqual([corks, true, 1]);
});

test('what the library keeps for a slow client stays below one chunk, however little room comes at a time', () => {
  const socket = model();
  const { writer, told } = open(socket);
  const chunk = new Uint8Array(65_536);
  let given = 0;
  for (let turn = 0; turn < 5_000; turn += 1) {
    // An empty piece only asks whether there is room.
    while (given < 50 && writer.write(new Uint8Array(0))) {
      given += 1;
      if (!writer.write(chunk)) break;
    }
    socket.room(4_096);
  }
  writer.end();
  socket.room(1_000_000);
  expect(given).toBe(50);
  expect(socket.keptPeak()).toBeLessThan(66_560);
  expect([socket.text().length, socket.ended(), told.finished]).toEqual([50 * 65_536, true, 1]);
});

test('chunks of any size and room of any size give the same bytes in the same order, and an end', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 5_000 }), { size: 'max', minLength: 1, maxLength: 30 });
  const rooms = fc.array(fc.integer({ min: 0, max: 3_000 }), { size: 'max', maxLength: 60 });
  fc.assert(
    fc.property(sizes, rooms, (chunks, room) => {
      const socket = model();
      const { writer, told } = open(socket);
      let expected = '';
      for (const [i, size] of chunks.entries()) {
        const text = String.fromCharCode(33 + (i % 90)).repeat(size);
        expected += text;
        writer.write(Buffer.from(text, 'latin1'));
        socket.room(room[i] ?? 0);
      }
      writer.end();
      for (let i = chunks.length; i < room.length; i += 1) socket.room(room[i] ?? 0);
      // Then the client reads on.
      for (let i = 0; i < 1_000 && !socket.ended(); i += 1) socket.room(10_000);
      expect([socket.text() === expected, socket.ended(), told.finished]).toEqual([true, true, 1]);
    }),
  );
});
