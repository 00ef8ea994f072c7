/** A provider of models on loopback, by hand: what it is asked is written down, and each answer is the test's to write. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Stage } from './stage.js';
import { serve } from './workplace.js';

export interface Question {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Empty where it is no JSON. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly bytes: Uint8Array;
  readonly response: ServerResponse;
  /** The gateway has left before the answer was whole. */
  isLeft: boolean;
}

export type Answering = (question: Question) => void | Promise<void>;

export interface ModelProvider {
  readonly url: string;
  readonly questions: readonly Question[];
  /** How the next questions are answered. */
  answering: Answering;
}

export async function modelProvider(stage: Stage, answering: Answering): Promise<ModelProvider> {
  const questions: Question[] = [];
  const made: ModelProvider & { url: string } = { url: '', questions, answering };
  const { port } = await serve(stage, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      // The gateway sends objects; a test that finds another thing fails by what it looks for.
      const bytes = Buffer.concat(chunks);
      const isJson = /json/.test(request.headers['content-type'] ?? '');
      const body = JSON.parse((isJson && bytes.toString('utf8')) || '{}') as Question['body'];
      const { url: path = '', headers } = request;
      const question: Question = { path, headers, body, bytes, response, isLeft: false };
      response.on('close', () => {
        question.isLeft = !response.writableFinished;
      });
      questions.push(question);
      void made.answering(question);
    });
  });
  made.url = `http://127.0.0.1:${port}`;
  return made;
}

export function json({ response }: Question, body: unknown, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

export function beginSse({ response }: Question): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
}

const chunkOf = (choices: readonly unknown[], more: Readonly<Record<string, unknown>> = {}): string =>
  `data: ${JSON.stringify({ id: 'o-1', object: 'chat.completion.chunk', created: 1, model: 'real', choices, ...more })}\n\n`;

/** OpenAI's words. */
export const openAiWords = {
  whole: (message: Readonly<Record<string, unknown>>, finish_reason = 'stop') => ({
    ...{ id: 'o-1', object: 'chat.completion', created: 1, model: 'real' },
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }],
    usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
  }),
  delta: (delta: Readonly<Record<string, unknown>>): string => chunkOf([{ index: 0, delta, finish_reason: null }]),
  end: (finish_reason = 'stop'): string =>
    chunkOf([{ index: 0, delta: {}, finish_reason }]) +
    chunkOf([], { usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 } }) +
    'data: [DONE]\n\n',
  text: (...texts: readonly string[]): string =>
    [...texts.map((content) => openAiWords.delta({ content })), openAiWords.end()].join(''),
  error: (message: string): string =>
    `data: ${JSON.stringify({ error: { message, type: 'server_error', code: null } })}\n\n`,
};

const event = (data: { readonly type: string } & Readonly<Record<string, unknown>>): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

/** Anthropic's words. */
export const anthropicWords = {
  whole: (content: readonly unknown[], stop_reason = 'end_turn') => ({
    ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'real', content, stop_reason, stop_sequence: null },
    usage: { input_tokens: 3, output_tokens: 4 },
  }),
  begin: (): string =>
    event({
      type: 'message_start',
      message: { ...anthropicWords.whole([]), stop_reason: null, usage: { input_tokens: 3, output_tokens: 1 } },
    }) + event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  delta: (text: string): string =>
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
  end: (): string =>
    event({ type: 'content_block_stop', index: 0 }) +
    event({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 4 },
    }) +
    event({ type: 'message_stop' }),
};
