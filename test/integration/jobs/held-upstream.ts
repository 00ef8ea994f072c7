/** An upstream in the test's process that holds every request until the test answers it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../../support/stage.js';

export interface Held {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What has come of the request body. */
  readonly body: () => string;
  /** The gateway has let go of it before it was answered. */
  readonly isGone: () => boolean;
}

export interface HeldUpstream {
  readonly url: string;
  readonly held: readonly Held[];
  /** The request of that number, once it is there. */
  asked(number: number): Promise<Held>;
  close(): void;
}

export async function holdingUpstream(): Promise<HeldUpstream> {
  const held: Held[] = [];
  const server = createServer((request, response) => {
    let text = '';
    let isGone = false;
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    response.on('close', () => {
      isGone = !response.writableFinished;
    });
    held.push({ request, response, body: () => text, isGone: () => isGone });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  return {
    url: `http://127.0.0.1:${port}`,
    held,
    async asked(number) {
      await until(
        () => held.length >= number,
        () => `${held.length} of ${number} requests have come`,
      );
      const one = held[number - 1];
      if (one === undefined) throw new Error('requests are counted from 1');
      return one;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
