/** One request over the client's pool of keep-alive connections, to its end or to the end of the client's patience. */
import { type Agent, request as openRequest } from 'node:http';
import { POST_BODY } from '../contents.js';
import type { Asked } from '../scenarios.js';
import type { Seen } from './ending.js';

export interface Question {
  readonly agent: Agent;
  readonly port: number;
  readonly asked: Pick<Asked, 'method' | 'headers'>;
  readonly path: string;
  /** From now on; told to nobody. */
  readonly patienceMs: number;
}

/** A Host of its own, so that every proxy gets the same bytes whatever its port is. */
const HOST = 'gauntlet.test';

export function ask({ agent, port, asked, path, patienceMs }: Question, done: (seen: Seen) => void): void {
  let isOver = false;
  let status = 0;
  const end = (seen: Seen): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(patience);
    done(seen);
    // After an answer the connection goes back to the pool; in all other cases it can't be used again.
    if (seen.kind !== 'answer') request.destroy();
  };
  const body = asked.method === 'POST' ? POST_BODY : '';
  const request = openRequest({
    ...{ agent, host: '127.0.0.1', port, path, method: asked.method },
    headers: {
      host: HOST,
      ...asked.headers,
      ...(body === '' ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    },
  });
  const patience = setTimeout(() => end({ kind: 'timeout' }), patienceMs);
  request.on('error', () => end({ kind: 'broken', status }));
  request.on('response', (response) => {
    status = response.statusCode ?? 0;
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', () => end({ kind: 'broken', status }));
    response.on('close', () => end({ kind: 'broken', status }));
    response.on('end', () => {
      const { location = null } = response.headers;
      end({ kind: 'answer', status, body: Buffer.concat(chunks).toString(), location });
    });
  });
  request.end(body);
}
