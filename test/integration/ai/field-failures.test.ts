/**
 * What other gateways are known to get wrong about streams of models, from their own issue trackers, each by its name: through a whole
 * gateway, with sockets. What is said here of one provider holds for every framing that there is.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { AiTargetSpec } from '@weir/proto/snapshot/ai.js';
import OpenAI, { APIError, BadRequestError } from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { type AiConfig, routeSpec, startAiGateway } from '../../support/ai-gateway.js';
import { type Framed, framings } from '../../support/model-framings.js';
import {
  type Answering,
  beginSse,
  json,
  modelProvider,
  openAiWords,
  type Question,
} from '../../support/model-provider.js';
import { passed, Stage, until } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

const hi = [{ role: 'user', content: 'Hi' }] as const;
const target = (provider: string, when: AiTargetSpec['when'] = null): AiTargetSpec => ({
  provider,
  model: 'm',
  weight: 1,
  when,
});
const timers = { ...routeSpec.timers, firstTokenMs: 300, betweenTokensMs: 300 };

const hello: Answering = (question) => {
  beginSse(question);
  question.response.end(openAiWords.text('Hello'));
};

/** `chat` is a model of `first`, and behind it of `second`, whatever is met. */
async function started(
  answering: Answering,
  { spec }: Pick<Framed, 'spec'> = { spec: {} },
  config: Partial<AiConfig> = {},
) {
  const first = await modelProvider(stage, answering);
  const second = await modelProvider(stage, hello);
  const weir = await startAiGateway(stage, {
    providers: { first: { at: first, ...spec }, second: { at: second } },
    models: [
      { id: 'chat', targets: [target('first'), target('second', ['timeout', 'overloaded', 'rateLimited', 'error'])] },
    ],
    route: { timers },
    ...config,
  });
  const client = new OpenAI({ apiKey: 'none', baseURL: `${weir.url}/v1`, maxRetries: 0 });
  return { first, second, weir, client };
}

function begin({ response }: Question, { contentType }: Framed): void {
  response.writeHead(200, { 'content-type': contentType });
  response.flushHeaders();
}

/** What the client has read, and what it was thrown. */
async function read(client: OpenAI, model = 'chat') {
  let text = '';
  let finish: string | null = null;
  try {
    const stream = await client.chat.completions.create({ model, messages: [...hi], stream: true });
    for await (const { choices } of stream) {
      text += choices[0]?.delta.content ?? '';
      finish = choices[0]?.finish_reason ?? finish;
    }
    return { text, finish, thrown: null };
  } catch (error) {
    return { text, finish, thrown: error };
  }
}

describe.each(Object.entries(framings))('a stream of %s', (_kind, framed) => {
  it('that is silent behind its head does not hang: the limit of the first token fires while it is waited for', async () => {
    // The late token never comes, so nothing but the limit can have led to the next model; what keeps the connection warm resets nothing.
    const { client, first } = await started(async (question) => {
      begin(question, framed);
      while (!question.response.destroyed) {
        question.response.write(framed.warm);
        await passed(40);
      }
    }, framed);
    expect(await read(client)).toMatchObject({ text: 'Hello', finish: 'stop', thrown: null });
    await until(
      () => first.questions[0]?.isLeft === true,
      () => 'the silent one is asked still',
    );
  });

  it('that stalls in the middle is no clean 200: the client is thrown an error, and no answer is begun anew', async () => {
    const { client, second } = await started((question) => {
      begin(question, framed);
      question.response.write(framed.warm);
      question.response.write(framed.once);
    }, framed);
    const { text, thrown } = await read(client);
    expect([text, second.questions.length]).toEqual(['Once', 0]);
    expect(thrown).toBeInstanceOf(APIError);
    expect(String(thrown)).toContain('betweenTokens');
  });

  it('that is cut in the middle is no clean 200, whether its connection breaks or ends', async () => {
    for (const ends of ['breaks', 'ends'] as const) {
      const { client, second } = await started(async (question) => {
        begin(question, framed);
        question.response.write(framed.warm);
        question.response.write(framed.once);
        await passed(30);
        if (ends === 'ends') question.response.end();
        else question.response.destroy();
      }, framed);
      const { text, thrown } = await read(client);
      expect([text, second.questions.length]).toEqual(['Once', 0]);
      expect(thrown).toBeInstanceOf(APIError);
    }
  });

  it('that tells an error inside itself has the next model asked', async () => {
    const { client, second } = await started((question) => {
      begin(question, framed);
      question.response.write(framed.warm);
      question.response.end(framed.error);
    }, framed);
    expect(await read(client)).toMatchObject({ text: 'Hello', thrown: null });
    expect(second.questions).toHaveLength(1);
  });
});

it.each(['breaks', 'ends'] as const)(
  'a stream whose connection %s at any byte never looks whole',
  { timeout: 120_000 },
  async (how) => {
    const bytes = Buffer.from(openAiWords.text('Grüße'));
    const finishAt = bytes.indexOf('"finish_reason":"stop"');
    const { client, first } = await started(
      async (question) => {
        beginSse(question);
        const at = Number((question.body['messages'] as { content: string }[])[0]?.content); // As this test asks.
        await new Promise<void>((resolve) => void question.response.write(bytes.subarray(0, at), () => resolve()));
        if (how === 'ends') question.response.end();
        else question.response.destroy();
      },
      undefined,
      { upstream: 'health: { breaker: false, outlier: false }' },
    );
    const one = async (at: number) => {
      let text = '';
      let finish: string | null = null;
      try {
        const stream = await client.chat.completions.create({
          model: 'chat',
          messages: [{ role: 'user', content: String(at) }],
          stream: true,
        });
        for await (const { choices } of stream) {
          text += choices[0]?.delta.content ?? '';
          finish = choices[0]?.finish_reason ?? finish;
        }
        return { text, finish, isThrown: false };
      } catch {
        return { text, finish, isThrown: true };
      }
    };
    const counts = { whole: 0, elsewhere: 0, thrown: 0 };
    for (let at = 1; at <= bytes.length; at += 1) {
      const { text, finish, isThrown } = await one(at);
      if (isThrown) {
        expect('Grüße'.startsWith(text)).toBe(true);
        counts.thrown += 1;
      } else {
        expect([text === 'Hello' || (text === 'Grüße' && at > finishAt), finish]).toEqual([true, 'stop']);
        counts[text === 'Hello' ? 'elsewhere' : 'whole'] += 1;
      }
    }
    // Before content, in the middle, and behind the end; whose connection breaks is never whole.
    expect([counts.elsewhere > 0, counts.thrown > 0, counts.whole > 0], JSON.stringify(counts)).toEqual([
      true,
      true,
      how === 'ends',
    ]);
    // None of it was left to a breaker.
    expect(first.questions).toHaveLength(bytes.length);
  },
);

describe('attempts', () => {
  const silent: Answering = () => {};

  it('share one budget: retries never multiply the limit before the fallback has its turn', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ({ id, secret: `\${AI_KEY}-${id}`, weight: 1 }));
    const { client, first, second } = await started(
      silent,
      { spec: { keys } },
      { route: { timers, attempts: 20 }, timeouts: 'total: 2s' },
    );
    expect(await read(client)).toMatchObject({ text: 'Hello', thrown: null });
    // A stall is no matter of the key, so no other key stalls as well.
    expect([first.questions.length, second.questions.length]).toEqual([1, 1]);
  });

  it('that all stall end with the deadline, and no more of them are begun than fit into it', async () => {
    const stalling = await modelProvider(stage, silent);
    const ids = ['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7'];
    const weir = await startAiGateway(stage, {
      providers: Object.fromEntries(ids.map((id) => [id, { at: stalling }])),
      models: [{ id: 'chat', targets: ids.map((id) => target(id)) }],
      route: { timers, attempts: 20 },
      timeouts: 'total: 1s',
    });
    const client = new OpenAI({ apiKey: 'none', baseURL: `${weir.url}/v1`, maxRetries: 0 });
    const { thrown } = await read(client);
    expect(thrown).toMatchObject({ status: 504 });
    // Four begin within a second where each may take 300 ms.
    expect(stalling.questions.length).toBeLessThanOrEqual(4);
  });

  it('at a request that is wrong are one: a 400 is repeated to no key and no model', async () => {
    const keys = ['a', 'b'].map((id) => ({ id, secret: `\${AI_KEY}-${id}`, weight: 1 }));
    const { client, first, second } = await started(
      (question) =>
        json(
          question,
          { error: { message: 'bad tool', type: 'invalid_request_error', code: null, param: 'tools' } },
          400,
        ),
      { spec: { keys } },
    );
    for (const stream of [true, false]) {
      const asked = client.chat.completions.create({ model: 'chat', messages: [...hi], stream });
      await expect(asked).rejects.toThrow(BadRequestError);
    }
    expect([first.questions.length, second.questions.length]).toEqual([2, 0]);
  });

  it('never repeat a call of a tool that has begun, also where text would be carried on', async () => {
    const call = { index: 0, id: 'c1', type: 'function', function: { name: 'pay', arguments: '{"amount":' } };
    const { client, second } = await started(
      async (question) => {
        beginSse(question);
        question.response.write(openAiWords.delta({ tool_calls: [call] }));
        await passed(30);
        question.response.destroy();
      },
      { spec: {} },
      { route: { timers, resume: 'continue' } },
    );
    const calls: string[] = [];
    const reading = (async () => {
      const stream = await client.chat.completions.create({ model: 'chat', messages: [...hi], stream: true });
      for await (const { choices } of stream)
        for (const one of choices[0]?.delta.tool_calls ?? []) if (one.function?.name) calls.push(one.function.name);
    })();
    await expect(reading).rejects.toThrow(APIError);
    expect([calls, second.questions.length]).toEqual([['pay'], 0]);
  });
});

it('a client that leaves has its provider left within five ticks of ten milliseconds, and what was said is counted', async () => {
  let ticks = 0;
  const { first, weir } = await started(async (question) => {
    beginSse(question);
    while (!question.response.destroyed) {
      question.response.write(openAiWords.delta({ content: 'Once upon a time ' }));
      ticks += 1;
      await passed(10);
    }
  });
  const body = JSON.stringify({ model: 'chat', messages: hi, stream: true });
  const socket = connect(weir.port, '127.0.0.1');
  stage.onEnd(() => void socket.destroy());
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await once(socket, 'data');
  // The ticks are turns of the same event loop as the gateway's: a machine that is slow is slow for both.
  const before = ticks;
  socket.destroy();
  await until(
    () => first.questions[0]?.isLeft === true,
    () => 'the provider is asked still',
  );
  expect(ticks - before).toBeLessThanOrEqual(5);
  await until(
    async () => /weir_ai_tokens_total\{model="chat",provider="first",kind="output"\} [1-9]/.test(await weir.metrics()),
    () => 'nothing was counted',
  );
  expect(await weir.metrics()).toContain('weir_ai_estimated_total{model="chat",provider="first"} 1\n');
});

it('a stream of a hundred thousand chunks goes to a slow reader with bounded memory', {
  timeout: 120_000,
}, async () => {
  const chunks = 100_000;
  const chunk = openAiWords.delta({ content: 'x'.repeat(400) });
  let written = 0;
  const { weir } = await started(
    async (question) => {
      beginSse(question);
      for (; written < chunks; written += 50) {
        if (!question.response.write(chunk.repeat(50))) await once(question.response, 'drain');
      }
      question.response.end(openAiWords.end());
      // A machine that is busy is no provider that stalls.
    },
    undefined,
    { route: { timers: routeSpec.timers } },
  );
  const body = JSON.stringify({ model: 'chat', messages: hi, stream: true });
  const answer = await fetch(`${weir.url}/v1/chat/completions`, { method: 'POST', body });
  let events = 0;
  let ahead = 0;
  let tail = '';
  for await (const piece of answer.body ?? []) {
    const text = Buffer.from(piece).toString('latin1');
    // Each event ends with an empty line, and has no other line feeds than these.
    events += (text.split('\n').length - 1) / 2;
    tail = (tail + text).slice(-40);
    ahead = Math.max(ahead, written - events);
    if (Math.floor(events) % 7 === 0) await passed(1);
  }
  expect(events).toBeGreaterThanOrEqual(chunks);
  expect(tail).toContain('data: [DONE]');
  // What the buffers of the sockets hold: the rest has waited at the provider.
  expect(ahead).toBeLessThan(chunks / 2);
});

describe('stop reasons', () => {
  const gemini =
    (finishReason: string): Answering =>
    (question) => {
      begin(question, framings['gemini'] as Framed); // It is there.
      const candidate = { index: 0, content: { role: 'model', parts: [{ text: 'Once' }] }, finishReason };
      question.response.end(`data: ${JSON.stringify({ candidates: [candidate] })}\n\n`);
    };

  it.each<[string, Answering, Partial<Framed['spec']>, string]>([
    [
      'one that nobody knows is no error, and is passed on',
      (question) => {
        beginSse(question);
        question.response.end(openAiWords.delta({ content: 'Once' }) + openAiWords.end('tired'));
      },
      {},
      'tired',
    ],
    ['a guardrail is a content filter', gemini('SAFETY'), { kind: 'gemini', basePath: '/v1beta' }, 'content_filter'],
    [
      'a call that is malformed is none that stopped',
      gemini('MALFORMED_FUNCTION_CALL'),
      { kind: 'gemini', basePath: '/v1beta' },
      'MALFORMED_FUNCTION_CALL',
    ],
    ['a length is a length', gemini('MAX_TOKENS'), { kind: 'gemini', basePath: '/v1beta' }, 'length'],
  ])('%s', async (_what, answering, spec, finish) => {
    const { client } = await started(answering, { spec });
    expect(await read(client)).toEqual({ text: 'Once', finish, thrown: null });
  });
});

describe('a provider that was asked for a stream and answers whole', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'text/plain',
    'text/event-stream',
    'application/octet-stream',
  ])('by %s is heard as a stream', async (contentType) => {
    const { client, second } = await started(({ response }) => {
      response.writeHead(200, { 'content-type': contentType });
      response.end(`\n ${JSON.stringify(openAiWords.whole({ content: 'Once' }))}`);
    });
    expect(await read(client)).toEqual({ text: 'Once', finish: 'stop', thrown: null });
    expect(second.questions).toHaveLength(0);
  });

  it('with an error in a 200 is an error', async () => {
    const { client, second } = await started(({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(JSON.stringify({ error: { message: 'engine died', type: 'server_error', code: null } }));
    });
    expect(await read(client)).toMatchObject({ text: 'Hello', thrown: null });
    expect(second.questions).toHaveLength(1);
  });
});
