/** The official client of Google before a whole gateway, in Google's own API: nothing is translated, and the key is the gateway's. */
import { ApiError, GoogleGenAI } from '@google/genai';
import { afterEach, describe, expect, it } from 'vitest';
import { startAiGateway } from '../../support/ai-gateway.js';
import { type Answering, json, type ModelProvider, modelProvider } from '../../support/model-provider.js';
import { Stage, until } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

async function started(answering: Answering) {
  const google = await modelProvider(stage, answering);
  const weir = await startAiGateway(stage, {
    providers: { gemini: { at: google, kind: 'gemini', basePath: '/v1beta' } },
    route: { passthrough: { provider: 'gemini', prefix: '/v1/google' } },
  });
  const httpOptions = { baseUrl: `${weir.url}/v1/google` };
  return { google, weir, client: new GoogleGenAI({ apiKey: 'callers', httpOptions }) };
}

const said = (text: string, more: object = {}) => ({
  candidates: [{ content: { parts: [{ text }], role: 'model' }, ...more }],
  usageMetadata: { promptTokenCount: 2, candidatesTokenCount: 3, totalTokenCount: 5 },
});
const beginSse: Answering = ({ response }) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
};
const event = (data: unknown): string => `data: ${JSON.stringify(data)}\r\n\r\n`;
const asked = { model: 'gemini-2.5-flash', contents: 'Hi' };

const isLeft = (provider: ModelProvider) =>
  until(
    () => provider.questions.at(-1)?.isLeft === true,
    () => 'the provider still answers',
  );

describe('@google/genai', () => {
  it('gets a whole answer, by the key of the gateway', async () => {
    const { client, google, weir } = await started((question) =>
      json(question, said('Grüße 👋', { finishReason: 'STOP' })),
    );
    const answer = await client.models.generateContent(asked);
    expect([answer.text, answer.usageMetadata?.totalTokenCount]).toEqual(['Grüße 👋', 5]);
    const [question] = google.questions;
    expect(question).toMatchObject({
      path: '/v1beta/models/gemini-2.5-flash:generateContent',
      headers: { 'x-goog-api-key': 'sk-secret-gemini' },
    });
    expect(JSON.stringify(question?.headers)).not.toContain('callers');
    const tokens = (await weir.metrics())
      .split('\n')
      .filter((line) => /^weir_ai_tokens/.test(line) && !line.endsWith(' 0'));
    expect(tokens.join('\n')).toContain('gemini');
  });

  it('gets a stream as it is made, and counts and vectors', async () => {
    const { client } = await started((question) => {
      if (question.path.endsWith(':countTokens')) return json(question, { totalTokens: 4 });
      if (question.path.includes(':batchEmbedContents')) return json(question, { embeddings: [{ values: [1, 2] }] });
      void beginSse(question);
      question.response.write(event(said('Grü')));
      question.response.write(event(said('ße ')));
      question.response.end(event(said('👋', { finishReason: 'STOP' })));
    });
    const texts: string[] = [];
    for await (const chunk of await client.models.generateContentStream(asked)) texts.push(chunk.text ?? '');
    expect(texts).toEqual(['Grü', 'ße ', '👋']);
    expect((await client.models.countTokens(asked)).totalTokens).toBe(4);
    const { embeddings } = await client.models.embedContent({ model: 'gemini-embedding-001', contents: 'a' });
    expect(embeddings?.[0]?.values).toEqual([1, 2]);
  });

  it('raises its own error for what the provider refuses', async () => {
    const error = { code: 400, message: 'Unknown name "x"', status: 'INVALID_ARGUMENT' };
    const { client } = await started((question) => json(question, { error }, 400));
    const failed = await client.models.generateContent(asked).catch((thrown: unknown) => thrown);
    expect(failed).toBeInstanceOf(ApiError);
    expect(failed).toMatchObject({ status: 400, message: expect.stringContaining('Unknown name') });
  });

  it('never takes a stream that was cut for a whole one', async () => {
    const { client } = await started((question) => {
      void beginSse(question);
      question.response.end(event(said('Once')));
    });
    const texts: string[] = [];
    const read = async () => {
      for await (const chunk of await client.models.generateContentStream(asked)) texts.push(chunk.text ?? '');
    };
    await expect(read()).rejects.toThrow();
    expect(texts[0]).toBe('Once');
  });

  it('that leaves a stream takes its request with it', async () => {
    const { client, google } = await started((question) => {
      void beginSse(question);
      question.response.write(event(said('Once')));
    });
    const controller = new AbortController();
    const config = { abortSignal: controller.signal };
    const stream = await client.models.generateContentStream({ ...asked, config });
    for await (const chunk of stream) if (chunk.text === 'Once') break;
    controller.abort();
    await isLeft(google);
  });
});
