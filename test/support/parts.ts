/** An upstream of small JSON services, by hand: each path is answered by what the test says, and what was asked is written down. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Stage } from './stage.js';
import { serve } from './workplace.js';

export interface PartRequest {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly response: ServerResponse;
  /** The gateway has left before the answer was whole. */
  isLeft: boolean;
}

export interface Parts {
  readonly url: string;
  readonly requests: readonly PartRequest[];
  /** By the path alone. */
  answer: (request: PartRequest) => void;
}

export async function startParts(stage: Stage, answer: Parts['answer']): Promise<Parts> {
  const requests: PartRequest[] = [];
  const made: Parts & { url: string } = { url: '', requests, answer };
  const { port } = await serve(stage, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming;
      const request: PartRequest = {
        ...{ method, url, headers, response, body: Buffer.concat(chunks).toString('utf8'), isLeft: false },
      };
      response.on('close', () => {
        request.isLeft = !response.writableFinished;
      });
      requests.push(request);
      made.answer(request);
    });
  });
  made.url = `http://127.0.0.1:${port}`;
  return made;
}

export function answerJson(
  { response }: PartRequest,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
