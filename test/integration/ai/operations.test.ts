import Anthropic from '@anthropic-ai/sdk';
import type { Misread } from '@weir/node/ai/format.js';
import { openaiMisread } from '@weir/node/ai/formats/openai-words/errors.js';
import { countTokensAnswer, readCountTokens } from '@weir/node/ai/operations/count-tokens.js';
import { embeddingsAnswer, readEmbeddings } from '@weir/node/ai/operations/embeddings.js';
import { withContent } from '@weir/node/ai/operations/form.js';
import { imagesAnswer, readImages } from '@weir/node/ai/operations/images.js';
import { anthropicModels, type ListedModel, openaiModels, readModelPage } from '@weir/node/ai/operations/models.js';
import { moderationsAnswer, readModerations } from '@weir/node/ai/operations/moderations.js';
import { isWrong, type Read } from '@weir/node/ai/operations/read.js';
import { readSpeech, speechMediaType } from '@weir/node/ai/operations/speech.js';
import { readTranscription } from '@weir/node/ai/operations/transcriptions.js';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, type Replay, type Served, serve } from './replay.js';

let server: Replay;
let openai: OpenAI;
let anthropic: Anthropic;
let forwarded = '';

const models: readonly ListedModel[] = ['a', 'b', 'c'].map((id) => ({
  id,
  title: id,
  owner: 'o',
  createdS: 1,
  inputTokensMax: 9,
  outputTokensMax: 9,
}));

beforeAll(async () => {
  server = await serve((body, path, type) => answer(body, new URL(path, 'http://localhost'), type));
  openai = new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: 'none', baseURL: server.url, maxRetries: 0 });
});
afterAll(() => server.close());

function answer(body: string, { pathname, searchParams }: URL, type: string): Served {
  const told = <Request extends object>(read: Read<Request>, write: (request: Request) => object): Served =>
    isWrong(read) ? wrong(read) : json({ status: 200, body: write(read) });
  switch (pathname) {
    case '/v1/embeddings':
      return told(readEmbeddings(JSON.parse(body)), (request) =>
        embeddingsAnswer({ vectors: [{ kind: 'floats', floats: [0.5, -1.25] }], inputTokens: 3 }, request),
      );
    case '/v1/moderations':
      return told(readModerations(JSON.parse(body)), ({ inputs }) => {
        const results = inputs.map(() => ({
          isFlagged: true,
          categories: { hate: true },
          scores: { hate: 1 },
          judged: null,
        }));
        return moderationsAnswer({ id: 'modr-1', model: 'm', results });
      });
    case '/v1/images/generations':
      return told(readImages(JSON.parse(body)), () =>
        imagesAnswer({
          createdS: 1,
          images: [{ content: { kind: 'base64', base64: 'AAAA' }, revisedPrompt: null }],
          tokens: null,
        }),
      );
    case '/v1/audio/speech': {
      const request = readSpeech(JSON.parse(body));
      return isWrong(request) ? wrong(request) : { status: 200, type: speechMediaType(request.format), text: 'sound' };
    }
    case '/v1/audio/transcriptions': {
      const bytes = new Uint8Array(Buffer.from(body, 'latin1'));
      return told(readTranscription(bytes, type), ({ model, modelPart }) => {
        forwarded = Buffer.concat(withContent(bytes, modelPart, 'whisper-large')).toString('latin1');
        return { text: model };
      });
    }
    case '/v1/messages/count_tokens':
      return told(readCountTokens(JSON.parse(body)), () => countTokensAnswer(7));
    default:
      if (!searchParams.has('limit')) return json({ status: 200, body: openaiModels(models) });
      return told(readModelPage(Object.fromEntries(searchParams)), (page) => anthropicModels(models, page));
  }
}

function wrong(misread: Misread): Served {
  return json(openaiMisread(misread));
}

describe('official clients, on the other operations', () => {
  it('read embeddings, in the base64 that they ask for by themselves and as numbers', async () => {
    const asked = { model: 'm', input: 'a' };
    const plain = await openai.embeddings.create(asked);
    const floats = await openai.embeddings.create({ ...asked, encoding_format: 'float' });
    expect([plain.data[0]?.embedding, floats.data[0]?.embedding]).toEqual([
      [0.5, -1.25],
      [0.5, -1.25],
    ]);
    await expect(openai.embeddings.create({ ...asked, dimensions: 0 })).rejects.toMatchObject({
      status: 400,
      param: 'dimensions',
    });
  });

  it('read moderations and images', async () => {
    const moderations = await openai.moderations.create({ input: ['a', 'b'] });
    expect(moderations.results.map(({ flagged }) => flagged)).toEqual([true, true]);
    const images = await openai.images.generate({ model: 'm', prompt: 'p' });
    expect(images.data?.[0]?.b64_json).toBe('AAAA');
  });

  it('read speech as it is', async () => {
    const speech = await openai.audio.speech.create({
      model: 'm',
      voice: 'alloy',
      input: 'Hi',
      response_format: 'wav',
    });
    expect([speech.headers.get('content-type'), await speech.text()]).toEqual(['audio/wav', 'sound']);
  });

  it('send forms in which the model is found, and replaced without touching the sound', async () => {
    const sound = Buffer.from([0, 13, 10, 45, 45, 255, 13, 10]);
    const file = await toFile(sound, 'a.wav', { type: 'audio/wav' });
    const heard = await openai.audio.transcriptions.create({ model: 'whisper-1', file, language: 'en' });
    expect(heard.text).toBe('whisper-1');
    expect(forwarded).toContain(sound.toString('latin1'));
    expect(forwarded).toContain('whisper-large');
    expect(forwarded).not.toContain('whisper-1');
  });

  it('list models, page by page where they do', async () => {
    const listed = [];
    for await (const model of openai.models.list()) listed.push(model.id);
    for await (const model of anthropic.models.list({ limit: 2 })) listed.push(model.id);
    expect(listed.join('')).toBe('abcabc');
  });

  it('count tokens', async () => {
    const counted = await anthropic.messages.countTokens({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] });
    expect(counted.input_tokens).toBe(7);
  });
});
