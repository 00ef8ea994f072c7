import type { AiGuardSpec } from '@weir/proto/snapshot/ai.js';
import { expect, it } from 'vitest';
import { askStream, beginStream, openAi, setUp } from '../gateway/testing/gateway.js';

const guard: AiGuardSpec = {
  ...{
    id: 'g',
    onRequest: true,
    onAnswer: false,
    action: 'mask',
    restores: true,
    pii: ['email'],
    patterns: [],
    deny: [],
  },
  ...{ charactersMax: null, messagesMax: null, answerCharactersMax: null, injectionScore: null, webhook: null },
};

it('arguments that wait for their end are held up to what the route allows of an answer', () => {
  const { below, send } = setUp({ ai: { guards: [guard] }, spec: { guards: ['g'], answerCharsMax: 10_100 } });
  const { handler, exchange } = send(askStream({ messages: [{ role: 'user', content: 'I am ann@example.org' }] }));
  const provider = below.last();
  const more = (call: object) => openAi.chunk({ tool_calls: [{ index: 0, ...call }] });
  beginStream(provider);
  provider.data(more({ id: 'c', type: 'function', function: { name: 'f', arguments: '' } }));
  const piece = more({ function: { arguments: 'x'.repeat(1_000) } });
  for (let i = 0; i < 10; i += 1) expect(provider.data(piece)).toBe(true);
  expect([handler.ended, provider.cancelled]).toEqual([false, false]);
  provider.data(piece);
  expect(provider.cancelled).toBe(true);
  expect(exchange.ai?.guarded.at(-1)).toEqual({ guard: 'g', on: 'answer', how: 'refused' });
});

it('calls that wait for their end are bounded in their number as well', () => {
  const { below, send } = setUp({ ai: { guards: [guard] }, spec: { guards: ['g'], answerCharsMax: 10_000 } });
  const { exchange } = send(askStream({ messages: [{ role: 'user', content: 'I am ann@example.org' }] }));
  const provider = below.last();
  beginStream(provider);
  const call = (index: number) => ({
    index,
    id: `c${index}`,
    type: 'function',
    function: { name: 'f', arguments: '{' },
  });
  let calls = 0;
  while (calls < 1_000 && provider.data(openAi.chunk({ tool_calls: [call(calls)] }))) calls += 1;
  expect(calls).toBeLessThan(200);
  expect(exchange.ai?.guarded.at(-1)).toEqual({ guard: 'g', on: 'answer', how: 'refused' });
});
