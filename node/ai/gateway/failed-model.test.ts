import { type FailureCode, failure, failureTable } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import { type ProviderErrorKind, providerError, providerErrorTable } from '../chat/provider-error.js';
import { anthropicMessages } from '../formats/anthropic-messages/anthropic-messages.js';
import { openaiChat } from '../formats/openai-chat/openai-chat.js';
import { errorOfFailure, failureOf } from './failed-model.js';

// The keys of the tables are the kinds and the codes.
const kinds = Object.keys(providerErrorTable) as ProviderErrorKind[];
const codes = Object.keys(failureTable) as FailureCode[];

describe('a failure of a provider', () => {
  it.each(kinds)('%s is answered as its format answers it', (kind) => {
    for (const format of [openaiChat, anthropicMessages]) {
      const { answer, detail } = failureOf(providerError(kind, 'who asked what'), 'a', format, null);
      expect(answer?.status).toBe(format.error(providerError(kind, '')).status);
      // What a provider says may quote the question, and details go into logs.
      expect(detail).not.toContain('who asked');
    }
  });

  it.each(kinds)('%s is blamed on whom its status blames', (kind) => {
    const { code } = failureOf(providerError(kind, ''), 'a', openaiChat, null);
    const { status } = providerErrorTable[kind];
    const { source, status: own } = failureTable[code];
    expect(Math.floor(own / 100)).toBe(Math.floor(status / 100));
    expect(source === 'client').toBe(status < 500 && status !== 429);
  });

  it.each(['authentication', 'permission', 'quotaExhausted'] as const)('%s never quotes key or account', (kind) => {
    const { answer } = failureOf(providerError(kind, 'key sk-1 of org-2'), 'a', openaiChat, null);
    expect(answer?.body).not.toMatch(/sk-1|org-2/);
  });

  it('says when to come again, in whole seconds', () => {
    const { retryAfterS } = failureOf(providerError('rateLimited', '', { retryAfterMs: 1_200 }), 'a', openaiChat, null);
    expect(retryAfterS).toBe(2);
  });

  it('names the limit of time that ended it', () => {
    const limit = { timer: 'firstToken', limitMs: 300 } as const;
    const failed = failureOf(providerError('timeout', 'silent'), 'a', openaiChat, limit);
    expect(failed).toMatchObject({
      code: 'first_token_timeout',
      timer: 'firstToken',
      limitMs: 300,
      answer: { status: 504 },
    });
  });
});

describe('a failure of the way to a provider', () => {
  it.each(codes)('%s never makes a request wrong: others may be asked', (code) => {
    for (const hasHead of [false, true]) {
      const { kind, message } = errorOfFailure(failure(code, 'at 10.0.0.1:443'), hasHead);
      expect(providerErrorTable[kind].otherModel, code).toBe(true);
      expect(message).not.toContain('10.0.0.1');
    }
  });

  it.each([
    ['connect_timeout', false, 'timeout'],
    ['circuit_open', false, 'overloaded'],
    ['queue_full', false, 'overloaded'],
    ['response_malformed', false, 'malformed'],
    ['connection_refused', false, 'server'],
    ['response_incomplete', true, 'cut'],
    ['idle_timeout', true, 'timeout'],
  ] as const)('%s (behind a head: %s) is %s', (code, hasHead, kind) => {
    expect(errorOfFailure(failure(code, ''), hasHead).kind).toBe(kind);
  });
});
