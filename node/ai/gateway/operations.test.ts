import { describe, expect, it } from 'vitest';
import { formatOf, operationOf } from './operations.js';

describe('an operation', () => {
  it.each([
    ['/v1/chat/completions', 'openai-chat'],
    ['/any/prefix/v1/completions', 'openai-completions'],
    ['/v1/responses', 'openai-responses'],
    ['/anthropic/v1/messages', 'anthropic-messages'],
  ])('%s is a chat in %s', (path, name) => {
    const operation = operationOf(path);
    expect(operation.kind === 'chat' && operation.format.name).toBe(name);
    expect(formatOf(path, undefined).name).toBe(name);
  });

  it.each([
    ['/v1/models', null],
    ['/v1/models/gpt', 'gpt'],
    ['/v1/models/openai/gpt', 'openai/gpt'],
    ['/v1/models/openai%2Fgpt', 'openai/gpt'],
  ])('%s asks for models', (path, model) => {
    expect(operationOf(path)).toEqual({ kind: 'models', model });
  });

  it.each([
    ['/v1/embeddings', 'embeddings'],
    ['/v1/images/generations', 'images'],
    ['/v1/images/edits', 'imageEdits'],
    ['/v1/audio/speech', 'speech'],
    ['/v1/audio/transcriptions', 'transcriptions'],
    ['/v1/moderations', 'moderations'],
    ['/v1/rerank', 'rerank'],
    ['/v1/messages/count_tokens', 'countTokens'],
  ])('%s is one beside chats: %s', (path, name) => {
    expect(operationOf(path)).toEqual({ kind: 'plain', name });
  });

  it.each(['/', '/v1/chat', '/v1/embeddingsx', '/v1/images', '/v1/models/', '/v1/models/%', '/v1/completionsx'])(
    '%s is none that models are asked for here',
    (path) => {
      expect(operationOf(path)).toEqual({ kind: 'unknown' });
    },
  );

  it('that is none is refused in the words of whoever asks, as far as they are known', () => {
    expect(formatOf('/v1/embeddings', undefined).name).toBe('openai-chat');
    expect(formatOf('/v1/messages/count_tokens', undefined).name).toBe('anthropic-messages');
    expect(formatOf('/v1/models', '2023-06-01').name).toBe('anthropic-messages');
  });
});
