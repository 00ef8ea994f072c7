/**
 * The provider behind everybody, a process of its own: `node mock.js PORT`. It speaks OpenAI's chat completions, and is so much
 * faster than what is measured that it does not matter.
 */
import type { HttpResponse } from 'uWebSockets.js';
import uWS from 'uWebSockets.js';
import { ending, firstToken, PATH, type Pace, paceOf, token, WHOLE_ANSWER } from './words.js';

const port = Number(process.argv[2]);
if (!Number.isInteger(port)) throw new Error('usage: mock.js PORT');

const nowUs = (): number => Math.round(Number(process.hrtime.bigint()) / 1_000);

interface Asked {
  readonly model?: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
}

function answer(response: HttpResponse, asked: Asked, cameAtUs: number, isGone: () => boolean): void {
  const pace = paceOf(asked.model ?? '');
  if (pace === null) {
    response.cork(() => response.writeStatus('404 Not Found').end('{"error":{"message":"no such model"}}'));
  } else if (asked.stream === true) {
    stream(response, pace, asked.stream_options?.include_usage === true, cameAtUs, isGone);
  } else response.cork(() => response.writeHeader('content-type', 'application/json').end(WHOLE_ANSWER));
}

function stream(
  response: HttpResponse,
  { tokens, everyMs }: Pace,
  wantsUsage: boolean,
  cameAtUs: number,
  isGone: () => boolean,
): void {
  let said = 0;
  let dueMs = performance.now();
  // Each token has its time from the beginning of its own stream: intervals that were late together would stay together, as one burst.
  // A stream that is late is caught up on.
  const later = (): void => {
    dueMs += everyMs;
    setTimeout(say, Math.max(1, dueMs - performance.now()));
  };
  const say = (): void => {
    if (isGone()) return;
    said += 1;
    response.cork(() => {
      if (said === 1) response.writeHeader('content-type', 'text/event-stream').write(firstToken(cameAtUs, nowUs()));
      else response.write(token(nowUs()));
      if (said === tokens) response.end(ending(wantsUsage));
    });
    if (said < tokens) later();
  };
  later();
}

uWS
  .App()
  .post(PATH, (response) => {
    const cameAtUs = nowUs();
    let isGone = false;
    response.onAborted(() => {
      isGone = true;
    });
    let text = '';
    response.onData((chunk, isLast) => {
      text += Buffer.from(chunk).toString();
      // It is sent by this benchmark, or by a gateway that translated it, and a wrong one ends the run.
      if (isLast) answer(response, JSON.parse(text) as Asked, cameAtUs, () => isGone);
    });
  })
  .listen('127.0.0.1', port, (socket) => {
    if (socket === false) throw new Error(`port ${port} is taken`);
  });
