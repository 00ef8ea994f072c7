/**
 * Finds a nats-server that answers, before the client library is asked to connect. A server that is stopped is still
 * connected to by the kernel; the library (nats 2.29) waits for its first line, gives up, and never closes that socket, so an hour
 * of attempts would leave hundreds. Here a look is a socket that is always destroyed.
 */
import { connect } from 'node:net';

const NATS_PORT = 4222;
/** A server says INFO at once; one that needs longer does not carry messages in time either. */
export const LOOK_MS = 2_000;

export interface NatsAddress {
  readonly host: string;
  readonly port: number;
}

/** `nats://`, `tls://` or nothing before `host` or `host:port`; null for anything else. Credentials go elsewhere. */
export function parseNatsServer(text: string): NatsAddress | null {
  const match = /^(?:(?:nats|tls):\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?\/?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? NATS_PORT);
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}

/** Resolves with null when it greets, else with the reason why not. */
export function whyNotGreeted({ host, port }: NatsAddress, withinMs = LOOK_MS): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (why: string | null): void => {
      socket.destroy();
      resolve(why);
    };
    socket.setTimeout(withinMs, () => end('is silent'));
    socket.once('data', (bytes) =>
      end(bytes.subarray(0, 5).toString('latin1') === 'INFO ' ? null : 'is no nats-server'),
    );
    socket.once('error', (error) => end(error.message));
    socket.once('end', () => end('hung up'));
  });
}
