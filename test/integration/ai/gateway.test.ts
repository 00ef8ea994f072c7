/** Official clients before a whole gateway, and behind it providers by hand: what works, and what each kind of failure looks like. */
import { once } from 'node:events';
import { connect } from 'node:net';
import Anthropic, { APIError as AnthropicError } from '@anthropic-ai/sdk';
import { digests } from '@weir/node/ai/aws/digests.js';
import { signatureHeaders } from '@weir/node/ai/aws/sigv4.js';
import OpenAI, { APIError, APIUserAbortError, BadRequestError, NotFoundError, RateLimitError } from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { type AiConfig, routeSpec, startAiGateway } from '../../support/ai-gateway.js';
import {
  type Answering,
  anthropicWords,
  beginSse,
  json,
  type ModelProvider,
  modelProvider,
  openAiWords,
} from '../../support/model-provider.js';
import { passed, Stage, until } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

const hi = [{ role: 'user', content: 'Hi' }] as const;
const silent: Answering = () => {};

interface Given extends Omit<AiConfig, 'providers'> {
  readonly openai?: Answering;
  readonly anthropic?: Answering;
}

/** `openai/…` and `anthropic/…` are its models, and `chat` is the first with the second behind it. */
async function started({ openai = silent, anthropic = silent, ...config }: Given = {}) {
  const one = await modelProvider(stage, openai);
  const two = await modelProvider(stage, anthropic);
  const when = ['timeout', 'overloaded', 'rateLimited', 'error'] as const;
  const weir = await startAiGateway(stage, {
    providers: { openai: { at: one }, anthropic: { at: two, kind: 'anthropic' } },
    models: [
      {
        id: 'chat',
        targets: [
          { provider: 'openai', model: 'gpt', weight: 1, when: null },
          { provider: 'anthropic', model: 'claude', weight: 1, when },
        ],
      },
    ],
    ...config,
  });
  const client = new OpenAI({ apiKey: 'none', baseURL: `${weir.url}/v1`, maxRetries: 0 });
  const claude = new Anthropic({ apiKey: 'none', baseURL: weir.url, maxRetries: 0 });
  return { one, two, weir, client, claude };
}

const saying =
  (...texts: readonly string[]): Answering =>
  (question) => {
    if (question.body['stream'] !== true) return json(question, openAiWords.whole({ content: texts.join('') }));
    beginSse(question);
    question.response.end(openAiWords.text(...texts));
  };
const claudeSaying =
  (text: string): Answering =>
  (question) => {
    if (question.body['stream'] !== true) return json(question, anthropicWords.whole([{ type: 'text', text }]));
    beginSse(question);
    question.response.end(anthropicWords.begin() + anthropicWords.delta(text) + anthropicWords.end());
  };

async function textOf(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

const isAsked = (provider: ModelProvider, times = 1) =>
  until(
    () => provider.questions.length >= times,
    () => `${provider.questions.length} questions came`,
  );
const isLeft = (provider: ModelProvider) =>
  until(
    () => provider.questions.at(-1)?.isLeft === true,
    () => 'the provider still answers',
  );

describe('the official openai client', () => {
  it('gets a whole answer from either provider, by the key of the gateway and without a word about itself', async () => {
    const { client, one, two } = await started({ openai: saying('Grüße 👋'), anthropic: claudeSaying('Grüße 👋') });
    for (const model of ['openai/gpt', 'anthropic/claude']) {
      const answer = await client.chat.completions.create({ model, messages: [...hi], max_tokens: 9 });
      expect(answer).toMatchObject({ model, choices: [{ message: { content: 'Grüße 👋' }, finish_reason: 'stop' }] });
      expect(answer.usage?.total_tokens).toBeGreaterThan(0);
    }
    const [asked] = one.questions;
    expect(asked?.headers).toMatchObject({ authorization: 'Bearer sk-secret-openai', host: new URL(one.url).host });
    expect(two.questions[0]?.headers).toMatchObject({ 'x-api-key': 'sk-secret-anthropic' });
    const said = JSON.stringify(asked?.headers);
    for (const name of ['x-forwarded-for', 'forwarded', 'x-stainless-lang', 'OpenAI/JS'])
      expect(said).not.toContain(name);
  });

  it('gets a stream from either provider, with usage where it asks for it', async () => {
    const { client } = await started({ openai: saying('Grü', 'ße ', '👋'), anthropic: claudeSaying('Grüße 👋') });
    for (const model of ['openai/gpt', 'anthropic/claude']) {
      const stream = client.chat.completions.stream({
        model,
        messages: [...hi],
        stream_options: { include_usage: true },
      });
      const final = await stream.finalChatCompletion();
      expect(final.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Grüße 👋' } });
      expect(final.usage?.total_tokens).toBeGreaterThan(0);
    }
  });

  it('gets parallel calls of tools, streamed', async () => {
    const calls = (pieces: readonly unknown[]) => openAiWords.delta({ tool_calls: pieces });
    const call = (index: number, id: string) => ({
      index,
      id,
      type: 'function',
      function: { name: 'weather', arguments: '' },
    });
    const { client, one } = await started({
      openai: (question) => {
        beginSse(question);
        question.response.write(calls([call(0, 'c1')]) + calls([call(1, 'c2')]));
        question.response.write(calls([{ index: 0, function: { arguments: '{"city":' } }]));
        question.response.write(calls([{ index: 1, function: { arguments: '{"city":"東京"}' } }]));
        question.response.write(calls([{ index: 0, function: { arguments: '"Zürich"}' } }]));
        question.response.end(openAiWords.end('tool_calls'));
      },
    });
    const parameters = { type: 'object', properties: { city: { type: 'string' } } };
    const final = await client.chat.completions
      .stream({
        model: 'chat',
        messages: [...hi],
        tools: [{ type: 'function', function: { name: 'weather', parameters } }],
      })
      .finalChatCompletion();
    expect(one.questions[0]?.body).toMatchObject({ tools: [{ function: { name: 'weather', parameters } }] });
    expect(final.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        tool_calls: [
          { id: 'c1', function: { arguments: '{"city":"Zürich"}' } },
          { id: 'c2', function: { arguments: '{"city":"東京"}' } },
        ],
      },
    });
  });

  it('lists the models that are offered', async () => {
    const { client } = await started();
    const models = [];
    for await (const model of client.models.list()) models.push(model.id);
    expect(models).toEqual(['chat']);
    await expect(client.models.retrieve('nobody')).rejects.toThrow(NotFoundError);
  });

  it('that aborts a stream ends the request of its provider at once', async () => {
    const { client, one } = await started({
      openai: (question) => {
        beginSse(question);
        question.response.write(openAiWords.delta({ content: 'Once' }));
      },
    });
    const stream = await client.chat.completions.create({ model: 'chat', messages: [...hi], stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'Once') break;
    stream.controller.abort();
    await isLeft(one);
  });

  it('that aborts before an answer ends the request of its provider, too', async () => {
    const { client, one } = await started();
    const controller = new AbortController();
    const asked = client.chat.completions.create({ model: 'chat', messages: [...hi] }, { signal: controller.signal });
    await isAsked(one);
    controller.abort();
    await expect(asked).rejects.toThrow(APIUserAbortError);
    await isLeft(one);
  });

  it.each([
    [400, BadRequestError, { message: 'bad tool', type: 'invalid_request_error', param: 'tools', code: null }],
    [429, RateLimitError, { message: 'slow down', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' }],
  ])('raises its own error for a %d', async (status, kind, error) => {
    const { client } = await started({
      openai: (question) => json(question, { error }, status, { 'retry-after': '60' }),
    });
    const asked = client.chat.completions.create({ model: 'openai/gpt', messages: [...hi] });
    await expect(asked).rejects.toThrow(kind);
    await expect(asked).rejects.toMatchObject({ status, message: expect.stringContaining(error.message) });
  });

  it('raises its own error for what the gateway itself refuses: a field by its name, credentials, a body that is too large', async () => {
    const { client, weir } = await started({ more: 'bodyLimit: 2KiB' });
    const seeded = client.chat.completions.create({ model: 'anthropic/claude', messages: [...hi], seed: 7 });
    await expect(seeded).rejects.toMatchObject({ status: 400, param: 'seed' });
    const long = client.chat.completions.create({
      model: 'chat',
      messages: [{ role: 'user', content: 'x'.repeat(4_000) }],
    });
    await expect(long).rejects.toMatchObject({ status: 413, message: expect.stringContaining('too large') });
    const answer = await fetch(`${weir.url}/v1/chat/completions`, { method: 'POST', body: '{' });
    expect([answer.status, answer.headers.get('x-request-id') !== null, answer.headers.get('proxy-status')]).toEqual([
      400,
      true,
      expect.stringContaining('http_request_denied'),
    ]);
  });
});

it('metrics tell what was asked, what it took, and how keys stand; and hold no key', async () => {
  const { client, weir } = await started({
    openai: (question) => json(question, { error: { message: 'no', code: 'invalid_api_key' } }, 401),
    anthropic: claudeSaying('Hello'),
  });
  const stream = await client.chat.completions.create({ model: 'chat', messages: [...hi], stream: true });
  expect(await textOf(stream)).toBe('Hello');
  const metrics = await weir.metrics();
  for (const line of [
    'weir_ai_requests_total{model="chat",provider="anthropic",outcome="ok"} 1',
    'weir_ai_tokens_total{model="chat",provider="anthropic",kind="output"} 4',
    'weir_ai_time_to_first_token_seconds_count{model="chat",provider="anthropic"} 1',
    'weir_ai_fallbacks_total{model="chat",to="model",reason="authentication"} 1',
    'weir_ai_key_standing{provider="openai",key="main"} 0',
    'weir_ai_key_standing{provider="anthropic",key="main"} 1',
  ]) {
    expect(metrics).toContain(`${line}\n`);
  }
  expect(metrics).not.toContain('sk-secret');
});

describe('the official anthropic client', () => {
  it('gets an answer and a stream from either provider', async () => {
    const { claude } = await started({ openai: saying('Grüße 👋'), anthropic: claudeSaying('Grüße 👋') });
    for (const model of ['openai/gpt', 'anthropic/claude']) {
      const message = await claude.messages.create({ model, max_tokens: 9, messages: [...hi] });
      expect(message).toMatchObject({ model, content: [{ type: 'text', text: 'Grüße 👋' }], stop_reason: 'end_turn' });
      const streamed = await claude.messages.stream({ model, max_tokens: 9, messages: [...hi] }).finalMessage();
      expect(streamed).toMatchObject({ content: [{ type: 'text', text: 'Grüße 👋' }], stop_reason: 'end_turn' });
    }
  });

  it('raises its own error for a stream that is cut in the middle', async () => {
    const { claude } = await started({
      anthropic: (question) => {
        beginSse(question);
        question.response.write(anthropicWords.begin() + anthropicWords.delta('Once'), () =>
          question.response.destroy(),
        );
      },
    });
    const asked = claude.messages
      .stream({ model: 'anthropic/claude', max_tokens: 9, messages: [...hi] })
      .finalMessage();
    await expect(asked).rejects.toThrow(AnthropicError);
    await expect(asked).rejects.toThrow(/broke off|ended/i);
  });
});

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
    const { client, one, two } = await started({ openai, anthropic: claudeSaying('Hello'), route: { timers } });
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
      const { client, two } = await started({ openai, anthropic: claudeSaying('Hello'), route: { timers } });
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
    const { weir } = await started({
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
    const { weir } = await started({
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
    const { client, weir } = await started({
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
    const { client } = await started({
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
