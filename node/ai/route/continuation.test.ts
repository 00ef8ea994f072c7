import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../chat/chat-answer.js';
import { mistral } from '../providers/mistral.js';
import { providerOf } from '../providers/registry.js';
import { chat, message, place } from '../providers/testing/chats.js';
import { Continuing, continued, mayEverContinue, SAID_CHARACTERS_MAX, Said } from './continuation.js';

const text = (said: string, choice = 0): ChatEvent => ({ kind: 'text', choice, text: said, logprobs: null });
const reasoning: ChatEvent = { kind: 'reasoning', choice: 0, text: 'Hm' };
const call: ChatEvent = { kind: 'toolCall', choice: 0, call: 0, id: 'c', name: 'f' };
const finish: ChatEvent = { kind: 'finish', choice: 0, finish: { reason: 'stop', native: 'stop', stopSequence: null } };
const saidOf = (...events: readonly ChatEvent[]) => {
  const said = new Said();
  for (const event of events) said.see(event);
  return said.text;
};

describe('what was said', () => {
  it('can be gone on from where it is text', () => {
    expect(saidOf(text('One'), text(', two'))).toBe('One, two');
    expect(saidOf(reasoning, { kind: 'reasoningSignature', choice: 0, signature: 's' }, text('One'))).toBe('One');
  });

  it.each<[string, ChatEvent[]]>([
    ['it is nothing', []],
    ['it is white space', [text(' \n')]],
    ['it is thought, and not said', [reasoning]],
    ['it was thought about again', [text('One'), reasoning]],
    ['a call has begun', [text('One'), call]],
    ['a call has begun, and more was said', [call, text('One')]],
    ['it is a refusal', [{ kind: 'refusal', choice: 0, text: 'No' }]],
    ['it has ended', [text('One'), finish]],
    ['there are two of it', [text('One'), text('Two', 1)]],
    ['it is too long to be kept', [text('x'.repeat(SAID_CHARACTERS_MAX)), text('y')]],
  ])('can not where %s', (_what, events) => expect(saidOf(...events)).toBeNull());

  it.each([
    ['several answers', { choices: 2 }],
    ['a schema', { answerFormat: { kind: 'json' } as const }],
    ['probabilities', { logprobs: { top: 1 } }],
    ['an answer that it has begun itself', { messages: [message('user', 'Hi'), message('assistant', 'Well')] }],
  ])('nor where the caller wants %s', (_what, wanted) => {
    expect([mayEverContinue(chat()), mayEverContinue(chat(wanted))]).toEqual([true, false]);
  });
});

describe('the question to another model', () => {
  const asked = chat({ maxTokens: 100, isStream: true });
  const body = (kind: string, model: string, settings = {}, basePath = '/v1') => {
    const provider = providerOf(kind, {});
    if (provider === null) throw new Error(kind);
    const at = { ...place(model, settings), basePath };
    const how = provider.continues?.(asked, at) ?? 'instruction';
    const { body: written, path, unsupported } = provider.request(continued(asked, 'One, two ', how, 3), at);
    expect(unsupported).toEqual([]);
    return { how, path, written };
  };

  it.each([
    [
      'anthropic',
      'claude-sonnet-4-5',
      'prefix',
      { messages: [{}, { role: 'assistant', content: [{ text: 'One, two' }] }] },
    ],
    ['mistral', 'mistral-large', 'echo', { messages: [{}, { role: 'assistant', content: 'One, two', prefix: true }] }],
    [
      'vllm',
      'm',
      'prefix',
      { continue_final_message: true, add_generation_prompt: false, messages: [{}, { content: 'One, two' }] },
    ],
    ['sglang', 'm', 'prefix', { continue_final_message: true, messages: [{}, { content: 'One, two' }] }],
  ])('of %s (%s) is gone on from', (kind, model, how, written) => {
    expect(body(kind, model)).toMatchObject({ how, written });
  });

  it('of DeepSeek lies below its beta path, and only where nobody stands between', () => {
    const messages = [{}, { content: 'One, two', prefix: true }];
    expect(body('deepseek', 'm', {}, '')).toMatchObject({
      how: 'prefix',
      path: '/beta/chat/completions',
      written: { messages },
    });
    expect(body('deepseek', 'm', {}, '/proxy')).toMatchObject({ how: 'instruction', path: '/proxy/chat/completions' });
  });

  it.each([
    ['openai', 'gpt-5-mini'],
    ['anthropic', 'claude-opus-4-6'],
    ['gemini', 'gemini-2.5-pro'],
    ['groq', 'm'],
  ])('of %s (%s) is an instruction that quotes the last words', (kind, model) => {
    const { how, written } = body(kind, model);
    expect(how).toBe('instruction');
    expect(JSON.stringify(written)).toContain('<<<One, two>>>');
    expect(JSON.stringify(written)).not.toContain('continue_final_message');
  });

  it('leaves room for the rest of the answer alone', () => {
    expect(continued(asked, 'One', 'prefix', 30).maxTokens).toBe(70);
    expect(continued(asked, 'One', 'prefix', 300).maxTokens).toBe(1);
    expect(continued(chat(), 'One', 'prefix', 300).maxTokens).toBeNull();
  });

  it('while a model thinks is an instruction', () => {
    const thinking = chat({ reasoning: { effort: 'high', budgetTokens: null, isShown: null } });
    expect(mistral.continues?.(thinking, place('m'))).toBeNull();
  });
});

describe('its answer', () => {
  it('is told without who it is, what it thought, and what was said already', () => {
    const continuing = new Continuing('One, two', 'instruction');
    const start: ChatEvent = { kind: 'start', id: 'x', model: 'y', createdS: null };
    const usage: ChatEvent = {
      kind: 'usage',
      usage: { input: 1, output: 2, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: false },
    };
    expect(continuing.read([start, reasoning, usage, text('One, t'), text('wo, three'), finish])).toEqual([
      usage,
      text(', three'),
      finish,
    ]);
  });

  it('that ends within a repetition loses nothing of it', () => {
    expect(new Continuing('One, two', 'instruction').read([text('On'), finish])).toEqual([text('On'), finish]);
    expect(new Continuing('One, two', 'instruction').read([text('On'), call])).toEqual([text('On'), call]);
  });
});
