/** A server on loopback that answers as a format writes, for official clients to read; and what they asked. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ChatAnswer, ChatEvent } from '@weir/node/ai/chat/chat-answer.js';
import { eventsOf } from '@weir/node/ai/chat/gather.js';
import type { ProviderError } from '@weir/node/ai/chat/provider-error.js';
import { type ChatFormat, isMisread } from '@weir/node/ai/format.js';

export interface Replay {
  readonly url: string;
  close(): Promise<void>;
}

export type Answering = ChatAnswer | ProviderError | readonly ChatEvent[];

/** Reads each request in the format and answers it in the format: whole, or as a stream where the request asks for one. */
export async function replay(format: ChatFormat, answering: () => Answering): Promise<Replay> {
  return serve((text) => {
    const request = format.read(JSON.parse(text));
    if (isMisread(request)) return json(format.misread(request));
    const terms = { id: 'id-1', model: request.model, nowS: 1_700_000_000, request };
    const answer = answering();
    if ('kind' in answer) return json(format.error(answer));
    if (!request.isStream && 'choices' in answer) return json({ status: 200, body: format.answer(answer, terms) });
    const writer = format.stream(terms);
    const events = 'choices' in answer ? eventsOf(answer) : answer;
    return {
      status: 200,
      type: 'text/event-stream',
      text: events.map((event) => writer.write(event)).join('') + writer.end(),
    };
  });
}

export interface Served {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

export function json({ status, body }: { status: number; body: unknown }): Served {
  return { status, type: 'application/json', text: JSON.stringify(body) };
}

export async function serve(answer: (body: string, path: string, type: string) => Served): Promise<Replay> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('latin1');
      const isText = request.headers['content-type']?.includes('json') ?? false;
      const text = isText ? Buffer.concat(chunks).toString('utf8') : body;
      const served = answer(text, request.url ?? '', request.headers['content-type'] ?? '');
      response.writeHead(served.status, { 'content-type': served.type });
      // In pieces that fall into the middle of events and of characters.
      const bytes = Buffer.from(served.text);
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) response.write(bytes.subarray(at, at + PIECE_BYTES));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // A server that listens on a port has an address with one.
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const PIECE_BYTES = 37;
