import type { AiProviderSpec } from '@weir/proto/snapshot/ai.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../chat/chat-request.js';
import { textPart } from '../chat/part.js';
import { canonical, type KeyPlace, meaningOf, questionText } from './question-key.js';

const chat: ChatRequest = {
  ...{ model: 'smart', tools: [], toolChoice: null, parallelToolCalls: null, answerFormat: null, maxTokens: null },
  ...{ temperature: null, topP: null, topK: null, frequencyPenalty: null, presencePenalty: null, seed: null, stop: [] },
  ...{ choices: null, logprobs: null, logitBias: null, reasoning: null, user: null, isStream: false },
  ...{ wantsStreamUsage: false, extra: {}, family: 'openai-chat' },
  messages: [
    { role: 'system', parts: [textPart('Be brief.')], name: null },
    { role: 'user', parts: [textPart('Hi')], name: null },
  ],
};
const provider: AiProviderSpec = {
  ...{ id: 'a', kind: 'openai', upstream: 'ai-a', basePath: '/v1', settings: {}, compatible: null },
  keys: [{ id: 'k', secret: 'sk-secret', weight: 1 }],
};
const place: KeyPlace = {
  routeId: 'models',
  consumer: 'alice',
  targets: [{ provider: 'a', model: 'm', weight: 1, when: null }],
  providers: [provider],
  unsupported: 'refuse',
};

/** Another value of each member; one that is missing does not compile. */
const others: { readonly [Name in keyof ChatRequest]: ChatRequest[Name] } = {
  model: 'fast',
  messages: [{ role: 'user', parts: [textPart('Hi')], name: null }],
  tools: [{ kind: 'function', name: 'f', description: null, parameters: null, strict: null, cache: null }],
  toolChoice: { kind: 'required' },
  parallelToolCalls: false,
  answerFormat: { kind: 'json' },
  maxTokens: 5,
  temperature: 0,
  topP: 0.5,
  topK: 3,
  frequencyPenalty: 1,
  presencePenalty: 1,
  seed: 7,
  stop: ['.'],
  choices: 2,
  logprobs: { top: 0 },
  logitBias: { '5': 1 },
  reasoning: { effort: 'low', budgetTokens: null, isShown: null },
  user: 'u1',
  isStream: true,
  wantsStreamUsage: true,
  extra: { service_tier: 'flex' },
  family: 'anthropic',
};
const telling: ReadonlySet<string> = new Set(['isStream', 'wantsStreamUsage']);

describe('the key of a question', () => {
  it.each(Object.keys(others))('tells questions apart by %s, unless it is only about the telling', (name) => {
    const other = { ...chat, [name]: others[name as keyof ChatRequest] }; // A member of it.
    expect(questionText(other, place) === questionText(chat, place)).toBe(telling.has(name));
  });

  it('has a member in it that nobody has heard of yet', () => {
    expect(questionText({ ...chat, mood: 'sad' } as ChatRequest, place)).not.toBe(questionText(chat, place)); // As if it were new.
  });

  it('tells system prompts apart that differ in a character', () => {
    const [, user] = chat.messages;
    if (user === undefined) throw new Error('no user');
    const other = {
      ...chat,
      messages: [{ role: 'system' as const, parts: [textPart('Be brief!')], name: null }, user],
    };
    expect(questionText(other, place)).not.toBe(questionText(chat, place));
  });

  it.each<[string, Partial<KeyPlace>]>([
    ['tenants', { consumer: 'bob' }],
    ['nobody and somebody', { consumer: null }],
    ['routes', { routeId: 'other' }],
    ['models behind the name', { targets: [{ provider: 'a', model: 'n', weight: 1, when: null }] }],
    ['places of a provider', { providers: [{ ...provider, basePath: '/v2' }] }],
    ['what is done with fields that a provider lacks', { unsupported: 'drop' }],
  ])('tells %s apart', (_, other) => {
    expect(questionText(chat, { ...place, ...other })).not.toBe(questionText(chat, place));
  });

  it('does not depend on keys of providers, nor on where a message stood in its body', () => {
    const spare = { ...provider, keys: [{ id: 'k2', secret: 'sk-other', weight: 1 }] };
    const messages = chat.messages.map((message) => ({ ...message, paths: { message: 'messages[9]', parts: [] } }));
    expect(questionText({ ...chat, messages }, { ...place, providers: [spare] })).toBe(questionText(chat, place));
    expect(questionText(chat, place)).not.toContain('sk-secret');
  });
});

describe('canonical JSON', () => {
  const json = fc.jsonValue({ noUnicodeString: false });

  it('says what JSON says, whatever the order of members', () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffled);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, member]) => [name, shuffled(member)]),
      );
    };
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonical(shuffled(value))).toBe(canonical(value));
      }),
    );
  });

  it('is the same for the same value alone', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const same = JSON.stringify(JSON.parse(canonical(a))) === JSON.stringify(JSON.parse(canonical(b)));
        expect(canonical(a) === canonical(b)).toBe(same);
      }),
    );
  });
});

describe('what a question means', () => {
  it('is the last words of the user, within all that must be the same', () => {
    const meaning = meaningOf(chat, place);
    expect(meaning?.text).toBe('Hi');
    const [system] = chat.messages;
    if (system === undefined) throw new Error('no system prompt');
    const asked = { ...chat, messages: [system, { role: 'user' as const, parts: [textPart('Hello')], name: null }] };
    expect(meaningOf(asked, place)).toEqual({ scope: meaning?.scope, text: 'Hello' });
  });

  it.each(Object.keys(others).filter((name) => name !== 'messages'))('has a scope of its own by %s', (name) => {
    const other = { ...chat, [name]: others[name as keyof ChatRequest] }; // A member of it.
    expect(meaningOf(other, place)?.scope === meaningOf(chat, place)?.scope).toBe(telling.has(name));
  });

  it('has a scope of its own by system prompt and tenant', () => {
    const [, user] = chat.messages;
    if (user === undefined) throw new Error('no user');
    expect(meaningOf({ ...chat, messages: [user] }, place)?.scope).not.toBe(meaningOf(chat, place)?.scope);
    expect(meaningOf(chat, { ...place, consumer: 'bob' })?.scope).not.toBe(meaningOf(chat, place)?.scope);
  });

  it('is none where the question ends with more than words', () => {
    const image = {
      kind: 'image' as const,
      source: { kind: 'url' as const, url: 'http://a' },
      detail: null,
      cache: null,
    };
    const last = { role: 'user' as const, parts: [textPart('What is this?'), image], name: null };
    expect(meaningOf({ ...chat, messages: [last] }, place)).toBeNull();
    expect(
      meaningOf({ ...chat, messages: [{ role: 'assistant', parts: [textPart('x')], name: null }] }, place),
    ).toBeNull();
    expect(meaningOf({ ...chat, messages: [] }, place)).toBeNull();
  });
});
