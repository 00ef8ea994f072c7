/** Official clients before a whole gateway, on what is no chat: vectors, images, sound, moderations and counts. */
import { generateKeyPairSync, verify } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI, { APIUserAbortError, BadRequestError, toFile } from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { type AiConfig, startAiGateway } from '../../support/ai-gateway.js';
import { type Answering, json, type ModelProvider, modelProvider } from '../../support/model-provider.js';
import { Stage, until } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

const silent: Answering = () => {};

/** `openai`, `gemini` and `anthropic` are its providers; `vec` is a model of the first with the second behind it. */
async function started(
  answers: Partial<Record<'openai' | 'gemini' | 'anthropic', Answering>> = {},
  more: Partial<AiConfig> = {},
) {
  const openai = await modelProvider(stage, answers.openai ?? silent);
  const gemini = await modelProvider(stage, answers.gemini ?? silent);
  const anthropic = await modelProvider(stage, answers.anthropic ?? silent);
  const when = ['timeout', 'overloaded', 'rateLimited', 'error'] as const;
  const targets = [
    { provider: 'openai', model: 'small', weight: 1, when: null },
    { provider: 'gemini', model: 'gemini-embedding-001', weight: 1, when },
  ];
  const weir = await startAiGateway(stage, {
    providers: {
      openai: { at: openai },
      gemini: { at: gemini, kind: 'gemini', basePath: '/v1beta' },
      anthropic: { at: anthropic, kind: 'anthropic' },
    },
    models: [{ id: 'vec', targets }],
    ...more,
  });
  const client = new OpenAI({ apiKey: 'none', baseURL: `${weir.url}/v1`, maxRetries: 0 });
  const claude = new Anthropic({ apiKey: 'none', baseURL: weir.url, maxRetries: 0 });
  return { openai, gemini, anthropic, weir, client, claude };
}

const isLeft = (provider: ModelProvider) =>
  until(
    () => provider.questions.at(-1)?.isLeft === true,
    () => 'the provider still answers',
  );

const vectors = (...floats: readonly number[][]) => ({
  object: 'list',
  data: floats.map((embedding, index) => ({ object: 'embedding', index, embedding })),
  usage: { prompt_tokens: 2, total_tokens: 2 },
});

describe('the official openai client', () => {
  it('gets vectors of either provider, in the base64 that it asks for by itself', async () => {
    const { client, openai, gemini } = await started({
      openai: (question) => json(question, vectors([0.5, -1.25])),
      gemini: (question) => json(question, { embeddings: [{ values: [0.5, -1.25] }] }),
    });
    for (const model of ['openai/small', 'gemini/gemini-embedding-001']) {
      const { data, model: told } = await client.embeddings.create({ model, input: 'a' });
      expect([told, data[0]?.embedding]).toEqual([model, [0.5, -1.25]]);
    }
    expect(openai.questions[0]?.headers.authorization).toBe('Bearer sk-secret-openai');
    expect(gemini.questions[0]).toMatchObject({
      path: '/v1beta/models/gemini-embedding-001:batchEmbedContents',
      headers: { 'x-goog-api-key': 'sk-secret-gemini' },
    });
  });

  it('never sees that the first provider has failed', async () => {
    const { client, openai, gemini, weir } = await started({
      openai: (question) => json(question, { error: { message: 'busy' } }, 503),
      gemini: (question) => json(question, { embeddings: [{ values: [1] }] }),
    });
    const { data } = await client.embeddings.create({ model: 'vec', input: 'a' });
    expect([data[0]?.embedding, openai.questions.length, gemini.questions.length]).toEqual([[1], 1, 1]);
    const lines = (await weir.metrics())
      .split('\n')
      .filter((line) => line.startsWith('weir_ai_') && line.includes('vec'));
    expect(lines.join('\n')).toContain('provider="gemini"');
  });

  it('gets images, moderations and what a provider refuses', async () => {
    const result = { flagged: true, categories: { hate: true }, category_scores: { hate: 1 } };
    const { client } = await started({
      openai: (question) => {
        if (question.path === '/v1/moderations') return json(question, { id: 'm', model: 'omni', results: [result] });
        if (question.body['prompt'] === 'bad')
          return json(question, { error: { message: 'no', code: 'content_policy_violation' } }, 400);
        return json(question, { created: 1, data: [{ b64_json: 'AAAA' }] });
      },
    });
    const image = await client.images.generate({ model: 'openai/gpt-image-1', prompt: 'a hat' });
    expect(image.data?.[0]?.b64_json).toBe('AAAA');
    const { results } = await client.moderations.create({ input: 'a' });
    expect(results[0]?.flagged).toBe(true);
    const bad = client.images.generate({ model: 'openai/gpt-image-1', prompt: 'bad' });
    await expect(bad).rejects.toMatchObject({ status: 400, code: 'content_filter' });
    const wrong = client.embeddings.create({ model: 'anthropic/claude', input: 'a' });
    await expect(wrong).rejects.toThrow(BadRequestError);
  });

  it('sees images while they are drawn, and others while they are changed', async () => {
    const picture = 'iVBORw0KGgo'.repeat(40_000);
    const usage = { total_tokens: 59, input_tokens: 9, output_tokens: 50, input_tokens_details: {} };
    const { client, openai, weir } = await started({
      openai: ({ response, path }) => {
        const what = path.endsWith('/edits') ? 'image_edit' : 'image_generation';
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const [type, more] of [
          ['partial_image', { partial_image_index: 0 }],
          ['completed', { usage }],
        ] as const) {
          const said = { type: `${what}.${type}`, b64_json: picture, ...more };
          response.write(`event: ${what}.${type}\ndata: ${JSON.stringify(said)}\n\n`);
        }
        response.end();
      },
    });
    const model = 'openai/gpt-image-1';
    const image = await toFile(Buffer.from(picture), 'a.png', { type: 'image/png' });
    const streams = [
      await client.images.generate({ model, prompt: 'a hat', stream: true, partial_images: 1 }),
      await client.images.edit({ model, image, prompt: 'a hat', stream: true, partial_images: 1 }),
    ];
    const seen: string[] = [];
    for (const stream of streams)
      for await (const event of stream) {
        expect(event.b64_json).toBe(picture);
        seen.push(event.type);
      }
    expect(seen).toEqual([
      ...['image_generation.partial_image', 'image_generation.completed'],
      ...['image_edit.partial_image', 'image_edit.completed'],
    ]);
    expect(openai.questions.map(({ path }) => path)).toEqual(['/v1/images/generations', '/v1/images/edits']);
    const tokens = (await weir.metrics()).split('\n').filter((line) => /^weir_ai_tokens_total.*output/.test(line));
    expect(tokens.join()).toMatch(/ 100$/);
  });

  it('has sound written down by Gemini, as text and as JSON', async () => {
    const { client, gemini } = await started({
      gemini: (question) =>
        json(question, {
          candidates: [
            { content: { parts: [{ text: '{"language":"en","text":"Hello there"}' }] }, finishReason: 'STOP' },
          ],
          usageMetadata: {
            ...{ promptTokenCount: 130, candidatesTokenCount: 12 },
            promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 96 }],
          },
        }),
    });
    const file = await toFile(Buffer.from([0, 13, 10, 255]), 'a.wav', { type: 'audio/wav' });
    const asked = { model: 'gemini/gemini-2.5-flash', file, language: 'en' };
    const heard = await client.audio.transcriptions.create(asked);
    expect(heard).toMatchObject({ text: 'Hello there', usage: { input_tokens: 130, output_tokens: 12 } });
    expect(await client.audio.transcriptions.create({ ...asked, response_format: 'text' })).toBe('Hello there\n');
    const verbose = await client.audio.transcriptions.create({ ...asked, response_format: 'verbose_json' });
    expect(verbose).toMatchObject({ text: 'Hello there', language: 'en', duration: 3 });
    expect(gemini.questions[0]?.path).toBe('/v1beta/models/gemini-2.5-flash:generateContent');
    expect(JSON.stringify(gemini.questions[0]?.body)).toContain(Buffer.from([0, 13, 10, 255]).toString('base64'));
    const timed = client.audio.transcriptions.create({ ...asked, response_format: 'srt' });
    await expect(timed).rejects.toMatchObject({ status: 400, param: 'response_format' });
  });

  it('hears sound while it is made, and leaves in the middle of it', async () => {
    const { client, openai } = await started({
      openai: ({ response }) => {
        response.writeHead(200, { 'content-type': 'audio/wav' });
        response.write(Buffer.from([1, 2, 255]));
      },
    });
    const controller = new AbortController();
    const asked = { model: 'openai/tts', voice: 'alloy', input: 'Hi', response_format: 'wav' } as const;
    const speech = await client.audio.speech.create(asked, { signal: controller.signal });
    expect(speech.headers.get('content-type')).toBe('audio/wav');
    // The provider has not ended yet: what is heard is passed on as it comes.
    const reader = (speech.body as ReadableStream<Uint8Array>).getReader(); // As fetch gives it.
    expect((await reader.read()).value).toEqual(new Uint8Array([1, 2, 255]));
    controller.abort();
    await isLeft(openai);
  });

  it('that aborts before an answer ends the request of its provider', async () => {
    const { client, openai } = await started();
    const controller = new AbortController();
    const asked = client.embeddings.create({ model: 'vec', input: 'a' }, { signal: controller.signal });
    await until(
      () => openai.questions.length === 1,
      () => 'nobody was asked',
    );
    controller.abort();
    await expect(asked).rejects.toThrow(APIUserAbortError);
    await isLeft(openai);
  });

  it('has a sound of megabytes read, which no model but the one that is meant gets', async () => {
    const { client, openai } = await started({
      openai: (question) => json(question, { text: `heard ${question.bytes.byteLength}` }),
    });
    const sound = Buffer.alloc(3 * 1024 * 1024, 7);
    const file = await toFile(sound, 'a.wav', { type: 'audio/wav' });
    const heard = await client.audio.transcriptions.create({ model: 'openai/whisper-1', file, language: 'en' });
    const got = Buffer.from(openai.questions[0]?.bytes ?? []);
    expect(heard.text).toBe(`heard ${got.byteLength}`);
    expect([got.includes(sound), got.includes('openai/whisper-1'), got.includes('whisper-1')]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('hears a transcription as a stream', async () => {
    const { client } = await started({
      openai: ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: {"type":"transcript.text.delta","delta":"Hel"}\n\n');
        response.end('data: {"type":"transcript.text.done","text":"Hello"}\n\n');
      },
    });
    const file = await toFile(Buffer.from('sound'), 'a.wav');
    const stream = await client.audio.transcriptions.create({ model: 'openai/gpt-4o-transcribe', file, stream: true });
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types).toEqual(['transcript.text.delta', 'transcript.text.done']);
  });
});

describe('Vertex AI', () => {
  it('is asked with a token that its service account has signed for, which is fetched once', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const google = await modelProvider(stage, (question) =>
      json(question, { access_token: 'ya29.token', expires_in: 3_600, token_type: 'Bearer' }),
    );
    const vertex = await modelProvider(stage, (question) =>
      json(question, { predictions: [{ embeddings: { values: [1, 2], statistics: { token_count: 3 } } }] }),
    );
    const account = {
      ...{ type: 'service_account', client_email: 'a@p.example', private_key: privateKey },
      token_uri: `${google.url}/token`,
    };
    const keys = [{ id: 'account', secret: JSON.stringify(account), weight: 1 }];
    const { client } = await started(
      {},
      { providers: { vertex: { at: vertex, kind: 'vertex', settings: { project: 'p' }, keys } }, models: [] },
    );
    for (let i = 0; i < 3; i += 1) {
      const { data } = await client.embeddings.create({ model: 'vertex/text-embedding-005', input: 'a' });
      expect(data[0]?.embedding).toEqual([1, 2]);
    }
    expect(vertex.questions.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill('Bearer ya29.token'));
    expect(google.questions).toHaveLength(1);
    const form = new URLSearchParams(Buffer.from(google.questions[0]?.bytes ?? []).toString());
    const [header = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    expect(
      verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url')),
    ).toBe(true);
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      iss: 'a@p.example',
      aud: account.token_uri,
    });
  });
});

describe('the official Anthropic client', () => {
  const message = { messages: [{ role: 'user' as const, content: 'Hello' }] };

  it('counts tokens at whoever can, and gets an estimate elsewhere', async () => {
    const { claude, anthropic, openai } = await started({
      anthropic: (question) => json(question, { input_tokens: 8 }),
    });
    const counted = await claude.messages.countTokens({ model: 'anthropic/claude-sonnet-4-5', ...message });
    expect([counted.input_tokens, anthropic.questions[0]?.path]).toEqual([8, '/v1/messages/count_tokens']);
    const estimated = await claude.messages.countTokens({ model: 'openai/gpt', ...message }).withResponse();
    expect(estimated.data.input_tokens).toBeGreaterThan(0);
    expect(estimated.response.headers.get('x-weir-estimated')).toBe('input_tokens');
    expect(openai.questions).toHaveLength(0);
  });
});
