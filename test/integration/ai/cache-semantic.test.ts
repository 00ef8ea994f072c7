/** Questions that mean the same, through a whole gateway: their vectors are the test's, made of the words in them. */
import type { AiCacheSpec, AiSemanticSpec } from '@weir/proto/snapshot/ai.js';
import { afterEach, describe, expect, it } from 'vitest';
import { startAiGateway } from '../../support/ai-gateway.js';
import { json, modelProvider, openAiWords, type Question } from '../../support/model-provider.js';
import { Stage } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

const semantic: AiSemanticSpec = {
  ...{ provider: 'openai', model: 'vectors', threshold: 0.9, timeoutMs: 5_000, entriesMax: 10 },
};
const cache: AiCacheSpec = {
  ...{ ttlMs: 60_000, isShared: false, tokensPerSecond: null, temperatureMax: 0, keepsFiltered: false },
  ...{ collapses: true, answerBytesMax: 1_000_000, semantic },
};

/** One axis for each of these words. */
const axes = ['capital', 'france', 'spain', 'weather'];
const vectorOf = (text: string): number[] => axes.map((axis) => (text.toLowerCase().includes(axis) ? 1 : 0.01));

interface Given {
  readonly spec?: Partial<AiSemanticSpec>;
  /** In place of a vector. */
  readonly embedding?: (question: Question) => void;
}

async function started({ spec = {}, embedding }: Given = {}) {
  let answers = 0;
  const texts: string[] = [];
  const provider = await modelProvider(stage, (question) => {
    if (!question.path.endsWith('/embeddings')) {
      answers += 1;
      json(question, openAiWords.whole({ content: `answer ${answers}` }));
      return;
    }
    const [text = ''] = question.body['input'] as string[]; // As the gateway asks.
    texts.push(text);
    if (embedding !== undefined) embedding(question);
    else
      json(question, { object: 'list', data: [{ index: 0, embedding: vectorOf(text) }], usage: { prompt_tokens: 3 } });
  });
  const weir = await startAiGateway(stage, {
    providers: { openai: { at: provider } },
    route: { cache: { ...cache, semantic: { ...semantic, ...spec } } },
  });
  const ask = async (content: string, system = 'Be brief.', more: Readonly<Record<string, unknown>> = {}) => {
    const messages = [
      { role: 'system', content: system },
      { role: 'user', content },
    ];
    const answer = await fetch(`${weir.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'openai/gpt', messages, ...more }),
    });
    const body = (await answer.json()) as { choices: { message: { content: string } }[] };
    return [body.choices[0]?.message.content, answer.headers.get('x-weir-cache'), answer.headers.get('cache-status')];
  };
  return { ask, provider, texts };
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
