import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { damaged } from '../formats/testing/answers.js';
import { isObject, type JsonObject, listOf } from '../json.js';
import { countTokensAnswer, readCountTokens } from './count-tokens.js';
import { imagesAnswer, readImages } from './images.js';
import { anthropicModels, type ListedModel, openaiModels, readModelPage } from './models.js';
import { moderationsAnswer, readModerations } from './moderations.js';
import { isWrong, type Read } from './read.js';
import { readRerank, rerankAnswer } from './rerank.js';
import { readSpeech, speechMediaType } from './speech.js';

const bodies = {
  rerank: {
    model: 'm',
    query: 'q',
    documents: ['a', { text: 'b' }, 'c'],
    top_n: 2,
    return_documents: true,
    max_tokens_per_doc: 9,
  },
  moderations: {
    model: 'm',
    input: [
      { type: 'text', text: 'a' },
      { type: 'image_url', image_url: { url: 'https://a/b.png' } },
    ],
  },
  images: {
    model: 'm',
    prompt: 'p',
    n: 2,
    size: '1024x1024',
    quality: 'hd',
    response_format: 'b64_json',
    user: 'u',
    stream: false,
    background: 'opaque',
  },
  speech: {
    model: 'm',
    input: 'Hi',
    voice: 'alloy',
    response_format: 'wav',
    speed: 2,
    instructions: 'slowly',
    stream_format: 'sse',
    x: 1,
  },
  countTokens: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] },
} as const satisfies Record<string, JsonObject>;
const readers: Readonly<Record<keyof typeof bodies, (body: unknown) => Read<object>>> = {
  rerank: readRerank,
  moderations: readModerations,
  images: readImages,
  speech: readSpeech,
  countTokens: readCountTokens,
};
const operations = Object.keys(bodies) as (keyof typeof bodies)[]; // The names are the object's own.

function read<Request extends object>(request: Read<Request>): Request {
  if (isWrong(request)) throw new Error(request.message);
  return request;
}

describe.each(operations)('a request for %s', (operation) => {
  it('is read in all of its parts', () => {
    expect(readers[operation](bodies[operation])).toMatchSnapshot();
  });

  it('never throws, whatever is in any of its places', () => {
    fc.assert(
      fc.property(fc.oneof(damaged(bodies[operation]), fc.jsonValue()), (body) => {
        const request = readers[operation](body);
        expect(isWrong(request) ? request.message : 'read').not.toBe('');
      }),
    );
  });
});

describe('a request that is wrong', () => {
  it.each<[keyof typeof bodies, string, JsonObject]>([
    ['rerank', 'query', { query: null }],
    ['rerank', 'documents', { documents: [] }],
    ['rerank', 'documents', { documents: Array.from({ length: 10_001 }, () => '') }],
    ['rerank', 'documents[1]', { documents: ['a', { title: 'b' }] }],
    ['rerank', 'top_n', { top_n: 0 }],
    ['moderations', 'input', { input: null }],
    ['moderations', 'input[1]', { input: ['a', 1] }],
    ['moderations', 'input[0].type', { input: [{ text: 'a' }] }],
    ['moderations', 'input[0].image_url.url', { input: [{ type: 'image_url', image_url: { url: 'b.png' } }] }],
    ['images', 'prompt', { prompt: '' }],
    ['images', 'n', { n: 11 }],
    ['images', 'response_format', { response_format: 'png' }],
    ['speech', 'input', { input: null }],
    ['speech', 'voice', { voice: null }],
    ['speech', 'voice.id', { voice: {} }],
    ['speech', 'speed', { speed: 5 }],
    ['speech', 'response_format', { response_format: 'ogg' }],
    ['countTokens', 'messages', { messages: [] }],
  ])('for %s is told about %s', (operation, field, more) => {
    const request = readers[operation]({ ...bodies[operation], ...more });
    expect(isWrong(request) ? request.field : null).toBe(field);
    expect(isWrong(request) ? request.message : '').toMatch(/: (give|use)/);
  });
});

describe('a reranking', () => {
  const results = [0.1, 0.9, 0.5].map((score, index) => ({ index, score }));

  it('has the best first, and no more of them than were asked for', () => {
    expect(rerankAnswer({ id: 'r', results, inputTokens: 7 }, read(readRerank(bodies.rerank)))).toEqual({
      id: 'r',
      model: 'm',
      results: [
        { index: 1, relevance_score: 0.9, document: { text: 'b' } },
        { index: 2, relevance_score: 0.5, document: { text: 'c' } },
      ],
      usage: { prompt_tokens: 7, total_tokens: 7 },
    });
  });

  it('has all of them, without their texts, where nothing else was asked for', () => {
    const request = read(readRerank({ model: 'm', query: 'q', documents: ['a', 'b'] }));
    expect(rerankAnswer({ id: 'r', results, inputTokens: null }, request)).toEqual({
      id: 'r',
      model: 'm',
      // Of a document that nobody has sent nothing can be said.
      results: [
        { index: 1, relevance_score: 0.9 },
        { index: 0, relevance_score: 0.1 },
      ],
    });
  });
});

describe('moderations', () => {
  it('judge each of several strings by itself, and several parts as one', () => {
    expect(read(readModerations({ input: ['a', 'b'] })).inputs).toHaveLength(2);
    expect(read(readModerations(bodies.moderations)).inputs).toHaveLength(1);
  });

  it('are written as the API writes them', () => {
    const result = { isFlagged: true, categories: { hate: true }, scores: { hate: 0.9 }, judged: { hate: ['text'] } };
    expect(moderationsAnswer({ id: 'modr-1', model: 'm', results: [result, { ...result, judged: null }] })).toEqual({
      id: 'modr-1',
      model: 'm',
      results: [
        {
          flagged: true,
          categories: { hate: true },
          category_scores: { hate: 0.9 },
          category_applied_input_types: { hate: ['text'] },
        },
        { flagged: true, categories: { hate: true }, category_scores: { hate: 0.9 } },
      ],
    });
  });
});

describe('the other answers', () => {
  it('are images', () => {
    const images = [
      { content: { kind: 'url', url: 'https://a' }, revisedPrompt: 'better' },
      { content: { kind: 'base64', base64: 'AAAA' }, revisedPrompt: null },
    ] as const;
    expect(imagesAnswer({ createdS: 5, images, tokens: { input: 1, output: 2 } })).toEqual({
      created: 5,
      data: [{ url: 'https://a', revised_prompt: 'better' }, { b64_json: 'AAAA' }],
      usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
    });
  });

  it('are counts of tokens', () => {
    expect(countTokensAnswer(9)).toEqual({ input_tokens: 9 });
  });

  it('are sounds, whose default is the published one', () => {
    expect([speechMediaType(null), speechMediaType('wav')]).toEqual(['audio/mpeg', 'audio/wav']);
  });
});

describe('the list of models', () => {
  const listed = (id: string): ListedModel => ({
    id,
    title: id.toUpperCase(),
    owner: 'o',
    createdS: 1_700_000_000,
    inputTokensMax: 9,
    outputTokensMax: null,
  });
  const models = [...'abcde'].map(listed);
  const ids = (page: JsonObject): unknown => [
    (page['data'] as JsonObject[]).map(({ id }) => id).join(''),
    page['has_more'],
    page['first_id'],
    page['last_id'],
  ]; // The pages here are lists of models.

  it('is whole in the words of OpenAI', () => {
    expect(openaiModels(models.slice(0, 1))).toEqual({
      object: 'list',
      data: [{ id: 'a', object: 'model', created: 1_700_000_000, owned_by: 'o' }],
    });
  });

  it('is in pages in the words of Anthropic', () => {
    expect(anthropicModels(models.slice(0, 1), read(readModelPage({})))).toEqual({
      data: [
        {
          type: 'model',
          id: 'a',
          display_name: 'A',
          created_at: '2023-11-14T22:13:20.000Z',
          max_input_tokens: 9,
          max_tokens: null,
        },
      ],
      has_more: false,
      first_id: 'a',
      last_id: 'a',
    });
  });

  it.each([
    [{ limit: '2' }, ['ab', true, 'a', 'b']],
    [{ limit: '2', after_id: 'b' }, ['cd', true, 'c', 'd']],
    [{ limit: '2', after_id: 'c' }, ['de', false, 'd', 'e']],
    [{ after_id: 'e' }, ['', false, null, null]],
    [{ limit: '2', before_id: 'd' }, ['bc', true, 'b', 'c']],
    [{ limit: '2', before_id: 'c' }, ['ab', false, 'a', 'b']],
    [{ before_id: 'a' }, ['', false, null, null]],
    [{ limit: '9', after_id: 'gone' }, ['abcde', false, 'a', 'e']],
  ])('at %j is the page %j', (query, expected) => {
    expect(ids(anthropicModels(models, read(readModelPage(query))))).toEqual(expected);
  });

  it('reaches every model once, page by page', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 5 }), (count, limit) => {
        const all = Array.from({ length: count }, (_, index) => listed(`m${index}`));
        const seen: string[] = [];
        let after: string | null = null;
        for (let hasMore = true; hasMore; ) {
          const page = anthropicModels(all, { limit, afterId: after, beforeId: null });
          seen.push(...listOf(page['data']).map((model) => (isObject(model) ? `${model['id']}` : '')));
          [hasMore, after] = [page['has_more'] === true, `${page['last_id']}`];
        }
        expect(seen).toEqual(all.map(({ id }) => id));
      }),
    );
  });

  it.each([
    ['limit', { limit: '0' }],
    ['limit', { limit: 'x' }],
    ['limit', { limit: '1001' }],
    ['before_id', { before_id: 'a', after_id: 'b' }],
  ])('is told about a wrong %s', (field, query) => {
    const page = readModelPage(query);
    expect(isWrong(page) ? page.field : null).toBe(field);
  });
});
