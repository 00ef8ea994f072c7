/** Questions that mean the same, through a whole gateway: their vectors are the test's, made of the words in them. */
import { afterEach, describe, expect, it } from 'vitest';
import { json, type Question } from '../../support/model-provider.js';
import { Stage } from '../../support/stage.js';
import { type AlikeGiven, alikeGateway, alikeProvider, askAt, vectorOf } from './alike.js';

const stage = new Stage();
afterEach(() => stage.clear());

async function started({ spec = {}, embedding }: AlikeGiven = {}) {
  const { provider, texts } = await alikeProvider(stage, embedding);
  const weir = await alikeGateway(stage, provider, { spec });
  return { ask: askAt(weir), provider, texts };
}

describe('questions that mean the same', () => {
  it('have one answer, where they are near enough, and it is said that it is only similar', async () => {
    const { ask, texts, provider } = await started();
    expect((await ask('What is the capital of France?')).slice(0, 2)).toEqual(['answer 1', 'miss']);
    const [text, word, status] = await ask("France's capital, please");
    expect([text, word]).toEqual(['answer 1', 'hit-similar']);
    expect(status).toMatch(/^weir; hit; ttl=\d+; detail=similar$/);
    expect((await ask('What is the capital of Spain?')).slice(0, 2)).toEqual(['answer 2', 'miss']);
    expect(texts).toHaveLength(3);
    const asked = provider.questions.find(({ path }) => path === '/v1/embeddings');
    expect(asked?.headers['authorization']).toBe('Bearer sk-secret-openai');
    expect(asked?.body).toEqual({
      model: 'vectors',
      input: ['What is the capital of France?'],
      encoding_format: 'float',
    });
  });

  it('need no vector where they are the same to the letter', async () => {
    const { ask, texts } = await started();
    await ask('What is the capital of France?');
    expect((await ask('What is the capital of France?'))[1]).toBe('hit');
    expect(texts).toHaveLength(1);
  });

  it('have answers of their own under another system prompt, and with other parameters', async () => {
    const { ask } = await started();
    await ask('What is the capital of France?');
    expect((await ask("France's capital, please", 'Answer in French.'))[1]).toBe('miss');
    expect((await ask("France's capital, please", 'Be brief.', { seed: 1 }))[1]).toBe('miss');
    expect((await ask("France's capital, please", 'Be brief.', { model: 'openai/other' }))[1]).toBe('miss');
  });

  it('are asked when the vector is late, and wait for it no longer than they must', async () => {
    const { ask, texts } = await started({ spec: { timeoutMs: 30 }, embedding: () => {} });
    expect((await ask('What is the capital of France?')).slice(0, 2)).toEqual(['answer 1', 'miss']);
    expect((await ask("France's capital, please")).slice(0, 2)).toEqual(['answer 2', 'miss']);
    expect(texts).toHaveLength(2);
  });

  it('find the answer also where its vector was late for its own question', async () => {
    let first: Question | null = null;
    const { ask, provider } = await started({
      spec: { timeoutMs: 300 },
      embedding: (question) => {
        const [text = ''] = question.body['input'] as string[]; // As the gateway asks.
        if (first === null) first = question;
        else json(question, { data: [{ embedding: vectorOf(text) }] });
      },
    });
    const { answering } = provider;
    // The model is asked once the vector is late; it answers when the vector has come all the same.
    provider.answering = (question) => {
      if (question.path.endsWith('/embeddings') || first === null) return answering(question);
      first.response.once('close', () => void answering(question));
      json(first, { data: [{ embedding: vectorOf('capital france') }] });
      provider.answering = answering;
    };
    expect((await ask('What is the capital of France?')).slice(0, 2)).toEqual(['answer 1', 'miss']);
    expect((await ask("France's capital, please"))[1]).toBe('hit-similar');
  });

  it.each([
    ['an error', (one: Question) => json(one, { error: { message: 'no' } }, 500)],
    ['what is no vector', (one: Question) => json(one, { data: [{ embedding: 'x' }] })],
    ['a break', (one: Question) => void one.response.destroy()],
  ])('are asked when the model of vectors answers with %s', async (_, embedding) => {
    const { ask } = await started({ embedding });
    expect((await ask('What is the capital of France?')).slice(0, 2)).toEqual(['answer 1', 'miss']);
    expect((await ask('What is the capital of France?'))[1]).toBe('hit');
  });
});
