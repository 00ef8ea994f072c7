import { expect, it } from 'vitest';
import { openaiChat } from '../formats/openai-chat/openai-chat.js';
import { requestOf } from '../formats/testing/answers.js';
import { mapMessages, mapQuestion, textsOf } from './texts.js';

const parameters = {
  type: 'object',
  description: 'for ann@x.org',
  required: ['ann@x.org'],
  properties: {
    // Members whose names are words of JSON Schema.
    type: { type: 'string', pattern: '^ann@x.org$', format: 'email' },
    default: { anyOf: [{ const: 'ann@x.org' }, { enum: ['ann@x.org', 5] }], default: { type: 'ann@x.org' } },
    required: { $ref: '#/$defs/ann', examples: ['ann@x.org'], maximum: 4_111 },
  },
  $defs: { ann: { title: 'ann@x.org' } },
};
const masked = {
  type: 'object',
  description: 'for X',
  required: ['ann@x.org'],
  properties: {
    type: { type: 'string', pattern: '^ann@x.org$', format: 'email' },
    default: { anyOf: [{ const: 'X' }, { enum: ['X', 5] }], default: { type: 'X' } },
    required: { $ref: '#/$defs/ann', examples: ['X'], maximum: 4_111 },
  },
  $defs: { ann: { title: 'X' } },
};

const question = requestOf(openaiChat, {
  model: 'm',
  messages: [{ role: 'user', name: 'ann@x.org', content: 'I am ann@x.org' }],
  tools: [{ type: 'function', function: { name: 'find', description: 'Asks ann@x.org', parameters } }],
  response_format: { type: 'json_schema', json_schema: { name: 'a', description: 'ann@x.org', schema: parameters } },
  ...{ user: 'ann@x.org', stop: ['ann@x.org'], metadata: { of: ['ann@x.org'] }, temperature: 0.5 },
});
const mask = (text: string): string => text.replaceAll('ann@x.org', 'X');

it('of a question are all that is said in words, and no name, bound or word of a schema', () => {
  const mapped = mapQuestion(question, mask);
  expect(mapped.messages).toMatchObject([{ name: 'X', parts: [{ text: 'I am X' }] }]);
  expect(mapped.tools).toMatchObject([{ name: 'find', description: 'Asks X', parameters: masked }]);
  expect(mapped.answerFormat).toMatchObject({ name: 'a', description: 'X', schema: masked });
  expect([mapped.user, mapped.stop, mapped.extra, mapped.temperature]).toEqual([
    'X',
    ['X'],
    { metadata: { of: ['X'] } },
    0.5,
  ]);
});

it('are left as they are where nothing is found', () => {
  expect(mapQuestion(question, (text) => text)).toEqual(question);
});

it('of messages alone are what was said', () => {
  expect(textsOf((map) => mapMessages(question, map))).toEqual(['ann@x.org', 'I am ann@x.org']);
});
