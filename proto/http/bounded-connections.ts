/**
 * How many connections a server of node:http has at once, and who goes when there are more. Its own `maxConnections` drops who
 * comes last, so as many connections as that which say nothing, or a byte now and then, keep probes and operators out until a
 * timer ends them. Here whoever comes takes the place of the connection that has waited longest without a whole request: one
 * that asks at once is answered at once, and one that is being answered is left alone. Pure: it listens to what it is given.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** Of `server`, before it listens. Where all `max` are being answered, whoever comes is dropped. */
export function boundConnections(server: Server, max: number): void {
  // Whoever has been served last stands last; null between two requests.
  const asking = new Map<Socket, IncomingMessage | null>();
  const idlest = (): Socket | undefined => {
    for (const [socket, request] of asking) if (request?.complete !== true) return socket;
    return undefined;
  };
  server.on('connection', (socket) => {
    if (asking.size >= max) {
      const place = idlest();
      (place ?? socket).destroy();
      if (place === undefined) return;
      asking.delete(place);
    }
    asking.set(socket, null);
    socket.once('close', () => asking.delete(socket));
  });
  server.on('request', (request, response) => {
    const { socket } = request;
    if (!asking.has(socket)) return;
    asking.set(socket, request);
    response.once('close', () => {
      if (asking.get(socket) !== request) return;
      asking.delete(socket);
      asking.set(socket, null);
    });
  });
}
