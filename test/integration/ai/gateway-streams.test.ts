/** Streams through a whole gateway as official clients get them: that fail, that are read slowly, that wait. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { digests } from '@weir/node/ai/aws/digests.js';
import { signatureHeaders } from '@weir/node/ai/aws/sigv4.js';
import OpenAI, { APIError } from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { routeSpec, startAiGateway } from '../../support/ai-gateway.js';
import { type Answering, beginSse, json, modelProvider, openAiWords } from '../../support/model-provider.js';
import { passed, Stage, until } from '../../support/stage.js';
import { claudeSaying, hi, saying, silent, started, textOf } from './two-providers.js';

const stage = new Stage();
afterEach(() => stage.clear());

describe('a stream that fails', () => {
  const timers = { ...routeSpec.timers, firstTokenMs: 300, betweenTokensMs: 300 };
  const pinging: Answering = async (question) => {
    beginSse(question);
    question.response.write(openAiWords.delta({ role: 'assistant', content: '' }));
    while (!question.response.destroyed) {
      question.response.write(': ping\n\n');
      await passed(20);
    }
  };

  it.each([
    ['stalls behind its head, its role and its pings', pinging],
    ['never begins', silent],
    [
      'breaks off before its first token',
      ((question) => {
        beginSse(question);
        question.response.write(openAiWords.delta({ role: 'assistant', content: '' }), () =>
          question.response.destroy(),
        );
      }) satisfies Answering,
    ],
    [
      'ends before its first token',
      ((question) => {
        beginSse(question);
        question.response.end();
      }) satisfies Answering,
    ],
    [
      'tells an error inside itself',
      ((question) => {
        beginSse(question);
        question.response.end(openAiWords.error('engine died'));
      }) satisfies Answering,
    ],
    ['is answered by a 503', ((question) => json(question, { error: { message: 'busy' } }, 503)) satisfies Answering],
    ['has nobody at its other end', ((question) => void question.response.destroy()) satisfies Answering],
  ])('when it %s is answered by the next model, unseen', async (_what, openai) => {
    const { client, one, two } = await started(stage, { openai, anthropic: claudeSaying('Hello'), route: { timers } });
    const stream = await client.chat.completions.create({ model: 'chat', messages: [...hi], stream: true });
    expect(await textOf(stream)).toBe('Hello');
    expect([one.questions.length, two.questions.length]).toEqual([1, 1]);
    await until(
      () => one.questions[0]?.response.destroyed === true || one.questions[0]?.response.writableFinished === true,
      () => 'it is asked still',
    );
  });

  it.each([
    [
      'is cut',
      ((question) => {
        beginSse(question);
        question.response.write(openAiWords.delta({ content: 'Once' }), () => question.response.destroy());
      }) satisfies Answering,
      /broke off/,
    ],
    [
      'ends clean without its finish',
      ((question) => {
        beginSse(question);
        question.response.end(openAiWords.delta({ content: 'Once' }));
      }) satisfies Answering,
      /ended/,
    ],
    [
      'stalls',
      (async (question) => {
        beginSse(question);
        question.response.write(openAiWords.delta({ content: 'Once' }));
        while (!question.response.destroyed) {
          question.response.write(': ping\n\n');
          await passed(20);
        }
      }) satisfies Answering,
      /betweenTokens/,
    ],
    [
      'tells an error',
      (async (question) => {
        beginSse(question);
        question.response.write(openAiWords.delta({ content: 'Once' }));
        // In one piece with it, the text would not have been passed on.
        await passed(50);
        question.response.end(openAiWords.error('engine died'));
      }) satisfies Answering,
      /engine died/,
    ],
  ])(
    'in the middle: when it %s, the client raises, behind what was said, and no model is asked to say it anew',
    async (_what, openai, message) => {
      const { client, two } = await started(stage, { openai, anthropic: claudeSaying('Hello'), route: { timers } });
      const stream = await client.chat.completions.create({ model: 'chat', messages: [...hi], stream: true });
      const seen: string[] = [];
      const reading = (async () => {
        for await (const chunk of stream) seen.push(chunk.choices[0]?.delta.content ?? '');
      })();
      await expect(reading).rejects.toThrow(APIError);
      await expect(reading).rejects.toThrow(message);
      expect([seen.join(''), two.questions.length]).toEqual(['Once', 0]);
    },
  );

  it('in the middle is broken for clients that know no error events', async () => {
    const { weir } = await started(stage, {
      openai: (question) => {
        beginSse(question);
        question.response.write(openAiWords.delta({ content: 'Once' }), () => question.response.destroy());
      },
    });
    const body = JSON.stringify({ model: 'openai/gpt', messages: hi, stream: true });
    const answer = await fetch(`${weir.url}/v1/chat/completions`, { method: 'POST', body });
    expect(answer.status).toBe(200);
    const read: string[] = [];
    const reading = (async () => {
      for await (const chunk of answer.body ?? []) read.push(new TextDecoder().decode(chunk));
    })();
    await expect(reading).rejects.toThrow();
    expect(read.join('')).toContain('"error"');
    expect(read.join('')).not.toContain('[DONE]');
  });
});

describe('a reader that is slower than its provider', () => {
  it('is waited for, with bounded memory, and gets all of it', async () => {
    const pieces = 3_000;
    const text = 'x'.repeat(16_000);
    let written = 0;
    const { weir } = await started(stage, {
      // A pause that a client makes is none of its provider's.
      route: { timers: { ...routeSpec.timers, betweenTokensMs: 300 } },
      openai: async (question) => {
        beginSse(question);
        for (; written < pieces; written += 1) {
          if (question.response.write(openAiWords.delta({ content: text }))) continue;
          await once(question.response, 'drain');
        }
        question.response.end(openAiWords.end());
      },
    });
    const body = JSON.stringify({ model: 'chat', messages: hi, stream: true });
    const request = `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
    const socket = connect(weir.port, '127.0.0.1');
    stage.onEnd(() => void socket.destroy());
    socket.pause();
    socket.write(request + body);
    let before = -1;
    await until(
      async () => {
        const isStill = written > 0 && written === before;
        before = written;
        await passed(500);
        return isStill && written === before;
      },
      () => `${written} pieces were written`,
    );
    // What the buffers of four sockets and of the listener hold, and no more: the rest waits at the provider.
    expect(written).toBeLessThan(pieces * 0.5);
    let tail = '';
    socket.on('data', (chunk) => {
      tail = (tail + chunk.toString('latin1')).slice(-200);
    });
    socket.resume();
    await once(socket, 'close');
    expect([written, tail.includes('data: [DONE]')]).toEqual([pieces, true]);
  });
});

describe('while a stream waits', () => {
  it('heartbeats keep it alive, and the client notices nothing of them', async () => {
    const { client, weir } = await started(stage, {
      route: { heartbeatMs: 50 },
      openai: async (question) => {
        await passed(400);
        return saying('Hello')(question);
      },
    });
    const stream = await client.chat.completions.create({ model: 'chat', messages: [...hi], stream: true });
    expect(await textOf(stream)).toBe('Hello');
    const body = JSON.stringify({ model: 'chat', messages: hi, stream: true });
    const text = await (await fetch(`${weir.url}/v1/chat/completions`, { method: 'POST', body })).text();
    expect(text.match(/^: waiting$/gm)?.length).toBeGreaterThan(2);
  });

  it('a failure behind a heartbeat is raised all the same', async () => {
    const { client } = await started(stage, {
      route: { heartbeatMs: 50 },
      openai: async (question) => {
        await passed(200);
        json(question, { error: { message: 'bad tool', type: 'invalid_request_error' } }, 400);
      },
    });
    const stream = await client.chat.completions.create({ model: 'openai/gpt', messages: [...hi], stream: true });
    await expect(textOf(stream)).rejects.toThrow(/bad tool/);
  });
});

it('a signature of AWS is right for what arrives: path, host and body as they are on the wire', async () => {
  const verified: boolean[] = [];
  const aws = await modelProvider(stage, (question) => {
    const [path = '', query = ''] = question.path.split('?');
    const { host = '', authorization, 'x-amz-date': date } = question.headers;
    const stamp = String(date).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
    const headers = ['host', host, 'content-type', 'application/json'];
    const keys = { accessKeyId: 'AKID', secretAccessKey: 'sk-secret-aws', sessionToken: null };
    const scope = { region: 'eu-central-1', service: 'bedrock', nowMs: Date.parse(stamp) };
    const signable = { method: 'POST', path, query, headers, body: JSON.stringify(question.body) };
    verified.push(signatureHeaders(signable, keys, scope, digests).at(-1) === authorization);
    json(question, {
      output: { message: { role: 'assistant', content: [{ text: 'Hello' }] } },
      ...{ stopReason: 'end_turn', usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } },
    });
  });
  const keys = [{ id: 'main', secret: `AKID:\${AI_KEY}-aws`, weight: 1 }];
  const weir = await startAiGateway(stage, {
    providers: { aws: { at: aws, kind: 'bedrock', basePath: '', settings: { region: 'eu-central-1' }, keys } },
  });
  const client = new OpenAI({ apiKey: 'none', baseURL: `${weir.url}/v1`, maxRetries: 0 });
  const answer = await client.chat.completions.create({ model: 'aws/amazon.nova-pro-v1:0', messages: [...hi] });
  expect([answer.choices[0]?.message.content, verified]).toEqual(['Hello', [true]]);
});
