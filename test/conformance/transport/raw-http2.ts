/** An HTTP/2 upstream made of single frames, for what no proper server would say. */
import { createServer, type Socket } from 'node:net';
import { closeServer, listen } from './servers.js';

/** One HTTP/2 frame (RFC 9113 §4.1). */
export function frame(type: number, flags: number, stream: number, payload: readonly number[]): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload)]);
}

/** Speaks frames that a proper server would not: calls `answer` when the HEADERS of the first request have come. */
export async function rawHttp2Server(answer: (socket: Socket, stream: number) => void) {
  const PREFACE_BYTES = 24;
  const seen = { goAways: 0 };
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write(frame(4, 0, 0, []));
    let bytes = Buffer.alloc(0);
    let at = PREFACE_BYTES;
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= at + 9) {
        if (bytes[at + 3] === 1) answer(socket, bytes.readUInt32BE(at + 5));
        if (bytes[at + 3] === 7) seen.goAways += 1;
        at += 9 + bytes.readUIntBE(at, 3);
      }
    });
  });
  const port = await listen(server);
  return Object.assign(seen, { port, sockets, close: () => closeServer(server, sockets) });
}
