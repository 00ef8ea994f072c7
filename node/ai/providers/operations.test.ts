/** What providers are asked beside chats, and what they answer: in the shapes of their published references, with values of our own. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EmbeddingsRequest } from '../operations/embeddings.js';
import { readEmbeddings } from '../operations/embeddings.js';
import { readImages } from '../operations/images.js';
import { readModerations } from '../operations/moderations.js';
import type { OperationName, ProviderOperations } from '../operations/operation.js';
import { isWrong, type Read } from '../operations/read.js';
import { readRerank } from '../operations/rerank.js';
import { readSpeech } from '../operations/speech.js';
import type { ProviderPlace } from '../provider.js';
import { compatibleRows } from './compatible/table.js';
import { providerKinds, providerOf } from './registry.js';
import { chatOf } from './testing/openai-chats.js';

const settings = { project: 'p', location: 'l', region: 'r', resource: 'x', accountId: 'a' };
const at = (model: string, basePath = '', more: Partial<ProviderPlace> = {}): ProviderPlace => ({
  ...{ model, basePath, settings },
  ...more,
});

function operationsOf(kind: string): ProviderOperations {
  return providerOf(kind)?.operations ?? {};
}

function right<Request extends object>(read: Read<Request>): Request {
  if (isWrong(read)) throw new Error(read.message);
  return read;
}

const embed = (more: object = {}): EmbeddingsRequest =>
  right(readEmbeddings({ model: 'm', input: ['x', 'y'], ...more }));
const draw = (more: object = {}) => right(readImages({ model: 'm', prompt: 'a hat', ...more }));

function embeddings(kind: string) {
  const { embeddings: translator } = operationsOf(kind);
  if (translator === undefined) throw new Error(`${kind} has no embeddings`);
  return translator;
}

describe('vectors of', () => {
  const none: readonly string[] = [];
  it.each([
    {
      ...{ kind: 'openai', place: at('text-embedding-3-small', '/v1'), more: { encoding_format: 'base64', user: 'u' } },
      path: '/v1/embeddings',
      body: { model: 'text-embedding-3-small', input: ['x', 'y'], encoding_format: 'base64', user: 'u' },
      answer: {
        ...{ object: 'list', model: 'text-embedding-3-small', usage: { prompt_tokens: 4, total_tokens: 4 } },
        data: [
          { object: 'embedding', index: 0, embedding: [1, 2] },
          { object: 'embedding', index: 1, embedding: [3, 4] },
        ],
      },
      tokens: 4,
    },
    {
      ...{ kind: 'azure-openai', place: at('dep/1'), more: { dimensions: 2 } },
      path: '/openai/deployments/dep%2F1/embeddings?api-version=2024-10-21',
      body: { model: 'dep/1', input: ['x', 'y'], encoding_format: 'float', dimensions: 2 },
      answer: {
        data: [
          { index: 1, embedding: [3, 4] },
          { index: 0, embedding: [1, 2] },
        ],
      },
      tokens: null,
    },
    {
      ...{ kind: 'mistral', place: at('mistral-embed', '/v1'), more: { dimensions: 2 } },
      path: '/v1/embeddings',
      body: { model: 'mistral-embed', input: ['x', 'y'], encoding_format: 'float', output_dimension: 2 },
      answer: {
        ...{ id: 'e1', object: 'list', usage: { prompt_tokens: 8, completion_tokens: 0, total_tokens: 8 } },
        data: [
          { index: 0, embedding: [1, 2] },
          { index: 1, embedding: [3, 4] },
        ],
      },
      tokens: 8,
    },
    {
      ...{
        kind: 'gemini',
        place: at('gemini-embedding-001', '/v1beta'),
        more: { dimensions: 2, task_type: 'RETRIEVAL_QUERY' },
      },
      path: '/v1beta/models/gemini-embedding-001:batchEmbedContents',
      body: {
        requests: ['x', 'y'].map((text) => ({
          ...{ model: 'models/gemini-embedding-001', content: { parts: [{ text }] } },
          ...{ outputDimensionality: 2, taskType: 'RETRIEVAL_QUERY' },
        })),
      },
      answer: { embeddings: [{ values: [1, 2] }, { values: [3, 4] }] },
      tokens: null,
    },
    {
      ...{ kind: 'vertex', place: at('text-embedding-005', '/v1'), more: { dimensions: 2 } },
      path: '/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict',
      body: { instances: [{ content: 'x' }, { content: 'y' }], parameters: { outputDimensionality: 2 } },
      answer: {
        predictions: [
          { embeddings: { values: [1, 2], statistics: { truncated: false, token_count: 3 } } },
          { embeddings: { values: [3, 4], statistics: { truncated: false, token_count: 4 } } },
        ],
      },
      tokens: 7,
    },
    {
      ...{ kind: 'bedrock', place: at('cohere.embed-multilingual-v3'), more: { input_type: 'search_query' } },
      path: '/model/cohere.embed-multilingual-v3/invoke',
      body: { texts: ['x', 'y'], input_type: 'search_query', embedding_types: ['float'] },
      answer: {
        id: '1',
        response_type: 'embeddings_by_type',
        embeddings: {
          float: [
            [1, 2],
            [3, 4],
          ],
        },
        texts: ['x', 'y'],
      },
      tokens: 5,
    },
    {
      ...{ kind: 'cohere', place: at('embed-v4.0'), more: { dimensions: 2 } },
      path: '/v2/embed',
      body: {
        ...{ model: 'embed-v4.0', texts: ['x', 'y'], input_type: 'search_document', embedding_types: ['float'] },
        output_dimension: 2,
      },
      answer: {
        ...{
          id: '1',
          texts: ['x', 'y'],
          embeddings: {
            float: [
              [1, 2],
              [3, 4],
            ],
          },
        },
        meta: { api_version: { version: '2' }, billed_units: { input_tokens: 6 } },
      },
      tokens: 6,
    },
    {
      ...{ kind: 'ollama', place: at('all-minilm'), more: { dimensions: 2 } },
      path: '/api/embed',
      body: { model: 'all-minilm', input: ['x', 'y'], dimensions: 2 },
      answer: {
        model: 'all-minilm',
        embeddings: [
          [1, 2],
          [3, 4],
        ],
        total_duration: 9,
        prompt_eval_count: 8,
      },
      tokens: 8,
    },
  ])('$kind are asked for and read as it documents', ({ kind, place, more, path, body, answer, tokens }) => {
    const request = embed(more);
    const asked = embeddings(kind).request(request, place);
    expect([asked.query === '' ? asked.path : `${asked.path}?${asked.query}`, asked.body]).toEqual([path, body]);
    expect(asked.lacks.map(({ field }) => field)).toEqual(none);
    const headers = ['x-amzn-bedrock-input-token-count', '5'];
    expect(embeddings(kind).answer(answer, request, headers)).toEqual({
      vectors: [
        { kind: 'floats', floats: [1, 2] },
        { kind: 'floats', floats: [3, 4] },
      ],
      inputTokens: tokens,
    });
  });

  it('Titan are asked for one by one, and read with their count', () => {
    const place = at('amazon.titan-embed-text-v2:0');
    const { request, answer } = embeddings('bedrock');
    expect(request(embed(), place).lacks.map(({ field }) => field)).toEqual(['input']);
    const one = embed({ input: 'x', dimensions: 256 });
    expect([request(one, place).path, request(one, place).body, request(one, place).lacks]).toEqual([
      '/model/amazon.titan-embed-text-v2%3A0/invoke',
      { inputText: 'x', dimensions: 256 },
      [],
    ]);
    expect(answer({ embedding: [1, 2], inputTextTokenCount: 2 }, one, [])).toEqual({
      vectors: [{ kind: 'floats', floats: [1, 2] }],
      inputTokens: 2,
    });
  });

  it.each(['gemini', 'vertex', 'cohere', 'ollama'])('%s are none of the tokens of other models', (kind) => {
    const asked = embeddings(kind).request(embed({ input: [1, 2] }), at('m'));
    expect(asked.lacks.map(({ field }) => field)).toContain('input');
  });

  it('all that have them are refused when they are fewer than the inputs, or no numbers', () => {
    for (const kind of providerKinds()) {
      const { embeddings: translator } = operationsOf(kind);
      for (const answer of [
        {},
        { data: [{ embedding: [1] }] },
        { embeddings: [[1]] },
        { data: [{ embedding: ['a'] }, { embedding: [null] }] },
      ]) {
        const read = translator?.answer(answer, embed(), []);
        if (read !== undefined) expect([kind, read]).toMatchObject([kind, { kind: 'malformed' }]);
      }
    }
  });
});

describe('moderations of', () => {
  it('OpenAI have one result for each input, with all that it says', () => {
    const request = right(readModerations({ input: ['a', 'b'] }));
    const { moderations } = operationsOf('openai');
    expect(moderations?.request(request, at('omni', '/v1'))).toMatchObject({
      path: '/v1/moderations',
      body: { model: 'omni', input: ['a', 'b'] },
    });
    const result = {
      ...{ flagged: true, categories: { hate: true }, category_scores: { hate: 0.9 } },
      category_applied_input_types: { hate: ['text'] },
    };
    const read = moderations?.answer({ id: 'modr', model: 'omni', results: [result, result] }, request, []);
    expect(read).toMatchObject({ results: [{ isFlagged: true, judged: { hate: ['text'] } }, {}] });
    expect(moderations?.answer({ results: [result] }, request, [])).toMatchObject({ kind: 'malformed' });
  });

  it('OpenAI take images with a text', () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
    const request = right(readModerations({ input: [{ type: 'text', text: 'a' }, image] }));
    const asked = operationsOf('openai').moderations?.request(request, at('omni', '/v1'));
    expect(asked?.body['input']).toEqual([{ type: 'text', text: 'a' }, image]);
  });

  it('Mistral are flagged where any category is', () => {
    const request = right(readModerations({ input: 'a' }));
    const { moderations } = operationsOf('mistral');
    const said = (isSexual: boolean) => ({
      results: [{ categories: { sexual: isSexual, pii: false }, category_scores: { sexual: 0.5 } }],
    });
    expect(moderations?.answer(said(true), request, [])).toMatchObject({ results: [{ isFlagged: true }] });
    expect(moderations?.answer(said(false), request, [])).toMatchObject({ results: [{ isFlagged: false }] });
  });
});

describe('rankings of', () => {
  const asked = right(readRerank({ model: 'm', query: 'q', documents: ['a', 'b', 'c'], top_n: 2 }));

  it.each([
    [
      'cohere',
      at('rerank-v3.5'),
      '/v2/rerank',
      { model: 'rerank-v3.5', query: 'q', documents: ['a', 'b', 'c'], top_n: 2 },
    ],
    ['together', at('r', '/v1'), '/v1/rerank', { model: 'r', query: 'q', documents: ['a', 'b', 'c'], top_n: 2 }],
    ['vllm', at('r', '/v1'), '/v1/rerank', { model: 'r', query: 'q', documents: ['a', 'b', 'c'], top_n: 2 }],
    [
      'bedrock',
      at('cohere.rerank-v3-5:0'),
      '/model/cohere.rerank-v3-5%3A0/invoke',
      { query: 'q', documents: ['a', 'b', 'c'], top_n: 2, api_version: 2 },
    ],
    [
      'bedrock',
      at('amazon.rerank-v1:0'),
      '/model/amazon.rerank-v1%3A0/invoke',
      { query: 'q', documents: ['a', 'b', 'c'], top_n: 2 },
    ],
  ])('%s %o', (kind, place, path, body) => {
    const { rerank } = operationsOf(kind);
    const question = rerank?.request(asked, place);
    expect([question?.path, question?.body]).toEqual([path, body]);
    const results = [
      { index: 2, relevance_score: 0.9 },
      { index: 0, relevance_score: 0.1 },
    ];
    const answer = { id: 'r1', results, usage: { total_tokens: 8 }, meta: { billed_units: { search_units: 1 } } };
    expect(rerank?.answer(answer, asked, [])).toEqual({
      ...{ id: 'r1', inputTokens: 8 },
      results: [
        { index: 2, score: 0.9 },
        { index: 0, score: 0.1 },
      ],
    });
    expect(rerank?.answer({ results: [{ index: 3, relevance_score: 1 }] }, asked, [])).toMatchObject({
      kind: 'malformed',
    });
  });
});

describe('counts of', () => {
  const chat = chatOf({ maxTokens: 9 });
  it.each([
    [
      ...(['anthropic', at('claude-sonnet-4-5', '/v1'), '/v1/messages/count_tokens'] as const),
      ...([['messages', 'model'], { input_tokens: 7 }] as const),
    ],
    [
      ...(['gemini', at('gemini-2.5-pro', '/v1beta'), '/v1beta/models/gemini-2.5-pro:countTokens'] as const),
      ...([['generateContentRequest'], { totalTokens: 7 }] as const),
    ],
    [
      'vertex',
      at('gemini-2.5-pro', '/v1'),
      '/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:countTokens',
      ['contents', 'generationConfig'],
      { totalTokens: 7 },
    ],
    [
      'vertex',
      at('claude-sonnet-4-5', '/v1'),
      '/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict',
      ['messages', 'model'],
      { input_tokens: 7 },
    ],
    ['bedrock', at('anthropic.claude-v1'), '/model/anthropic.claude-v1/count-tokens', ['input'], { inputTokens: 7 }],
  ])('%s %o', (kind, place, path, fields, answer) => {
    const { countTokens } = operationsOf(kind);
    const asked = countTokens?.request(chat, place);
    expect([asked?.path, asked?.query, Object.keys(asked?.body ?? {}).sort()]).toEqual([path, '', fields]);
    expect(countTokens?.answer(answer)).toEqual({ inputTokens: 7 });
    expect(countTokens?.answer({})).toMatchObject({ kind: 'malformed' });
  });
});

it('sound is asked for at the places of each', () => {
  const speech = right(
    readSpeech({ model: 'm', input: 'Hi', voice: 'alloy', response_format: 'wav', stream_format: 'sse' }),
  );
  expect(operationsOf('openai').speech?.request(speech, at('tts', '/v1'))).toEqual({
    ...{ path: '/v1/audio/speech', query: '', headers: [], lacks: [] },
    body: { model: 'tts', input: 'Hi', voice: 'alloy', response_format: 'wav', stream_format: 'sse' },
  });
  const form = (kind: string, place: ProviderPlace) => {
    const { transcriptions, imageEdits } = operationsOf(kind);
    const passes = transcriptions !== undefined && 'place' in transcriptions ? transcriptions : null;
    return [passes?.place(place).path, imageEdits?.place(place).path];
  };
  expect(form('groq', at('w', '/openai/v1'))).toEqual(['/openai/v1/audio/transcriptions', undefined]);
  const deployment = '/openai/deployments/w';
  expect(form('azure-openai', at('w'))).toEqual([`${deployment}/audio/transcriptions`, `${deployment}/images/edits`]);
});

describe('a compatible provider', () => {
  it('has what its row says, and one that only a config describes is asked for all', () => {
    for (const { id, operations = [] } of compatibleRows) {
      const has = Object.keys(operationsOf(id));
      expect([id, has.sort()]).toEqual([id, [...operations].sort()]);
    }
    expect(Object.keys(operationsOf('compatible'))).toHaveLength(7);
  });

  it('has what a config says, where it says', () => {
    const own = providerOf('compatible', { operations: ['rerank'], operationPaths: { rerank: '/{team}/v2/rerank' } });
    expect(Object.keys(own?.operations ?? {})).toEqual(['rerank']);
    const asked = own?.operations?.rerank?.request(
      right(readRerank({ model: 'm', query: 'q', documents: ['a'] })),
      at('m', '/api', { settings: { team: 'x y' } }),
    );
    expect(asked?.path).toBe('/api/x%20y/v2/rerank');
  });
});

it('whatever a provider answers is read or refused, and nothing breaks', () => {
  const names = [
    'embeddings',
    'images',
    'moderations',
    'rerank',
    'countTokens',
  ] as const satisfies readonly OperationName[];
  const requests = {
    embeddings: embed(),
    images: draw(),
    moderations: right(readModerations({ input: 'a' })),
    rerank: right(readRerank({ model: 'm', query: 'q', documents: ['a'] })),
  };
  const kinds = ['openai', 'gemini', 'vertex', 'bedrock', 'cohere', 'ollama', 'mistral', 'anthropic', 'together'];
  const likely = fc.record(
    {
      data: fc.array(
        fc.record({ index: fc.jsonValue(), embedding: fc.jsonValue(), b64_json: fc.jsonValue() }, { requiredKeys: [] }),
      ),
      embeddings: fc.jsonValue(),
      predictions: fc.array(
        fc.record({ embeddings: fc.jsonValue(), bytesBase64Encoded: fc.jsonValue() }, { requiredKeys: [] }),
      ),
      results: fc.array(
        fc.record({ index: fc.jsonValue(), categories: fc.jsonValue(), relevance_score: fc.jsonValue() }),
      ),
      embedding: fc.jsonValue(),
      usage: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.constantFrom(...names),
      fc.oneof(fc.jsonValue(), likely),
      (kind, name, body) => {
        const operations = operationsOf(kind);
        const read =
          name === 'countTokens'
            ? operations.countTokens?.answer(body)
            : // The request of the name that was drawn: the translator of that name takes no other.
              operations[name]?.answer(body, requests[name] as never, []);
        if (read !== undefined && 'kind' in read) expect(read.message).not.toBe('');
      },
    ),
  );
});
