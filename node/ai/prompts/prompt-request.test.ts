import type { AiPromptVersionSpec, AiVariableSpec } from '@weir/proto/snapshot/ai.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMisread } from '../format.js';
import { readPromptRequest } from './prompt-request.js';

const variable = (name: string, more: Partial<AiVariableSpec> = {}): AiVariableSpec => ({
  ...{
    name,
    type: 'string',
    description: '',
    isRequired: true,
    default: null,
    values: [],
    minimum: null,
    maximum: null,
  },
  ...{ lengthMax: 20, itemsMax: 3, separator: ', ' },
  ...more,
});
const text = (plain: string, when: string | null = null) => ({ text: plain, variable: null, when });
const value = (name: string, when: string | null = null) => ({ text: '', variable: name, when });

const version: AiPromptVersionSpec = {
  ...{ id: '2', weight: 1, model: 'smart', output: null },
  messages: [
    { role: 'system', pieces: [text('Translate.'), text(' Tone: ', 'tone'), value('tone', 'tone')] },
    { role: 'user', pieces: [text('To '), value('to'), text(': '), value('text')] },
  ],
  variables: [
    variable('text'),
    variable('to', { type: 'enum', values: ['fr', 'de'], isRequired: false, default: 'fr' }),
    variable('tone', { type: 'list', isRequired: false }),
    variable('count', { type: 'integer', isRequired: false, minimum: 1, maximum: 5 }),
  ],
  parameters: {
    ...{ maxTokens: 9, temperature: 0, topP: null, frequencyPenalty: null, presencePenalty: null },
    ...{ seed: null, stop: [], effort: null },
  },
};
const textsOf = (inputs: unknown, one = version): string[] => {
  const read = readPromptRequest({ inputs }, one, false);
  if (isMisread(read)) throw new Error(read.message);
  return read.messages.map(
    ({ role, parts }) => `${role}: ${parts.map((part) => ('text' in part ? part.text : '')).join('')}`,
  );
};
const faultOf = (body: unknown) => {
  const read = readPromptRequest(body, version, false);
  return isMisread(read) ? `${read.field}: ${read.message}` : 'nothing is wrong';
};

describe('the request of a prompt', () => {
  it('has the values in their places, defaults where none is given, and no section without its variable', () => {
    expect(textsOf({ text: 'Hi' })).toEqual(['system: Translate.', 'user: To fr: Hi']);
    expect(textsOf({ text: 'Hi', to: 'de', tone: ['warm', 'short'] })).toEqual([
      'system: Translate. Tone: warm, short',
      'user: To de: Hi',
    ]);
    expect(textsOf({ text: 'Hi', tone: [] })[0]).toBe('system: Translate.');
  });

  it('carries the model and the parameters of its version', () => {
    const read = readPromptRequest({ inputs: { text: 'Hi' }, stream: true, user: 'u' }, version, false);
    expect(read).toMatchObject({ model: 'smart', maxTokens: 9, temperature: 0, isStream: true, user: 'u' });
    expect(readPromptRequest({ inputs: { text: 'Hi' } }, version, true)).toMatchObject({ isStream: true });
    expect(readPromptRequest({ inputs: { text: 'Hi' }, stream: false }, version, true)).toMatchObject({
      isStream: false,
    });
  });

  it.each([
    [{}, 'inputs.text: `inputs.text` is missing: the prompt needs it.'],
    [{ inputs: { text: 5 } }, 'inputs.text: `inputs.text` is the number 5: give it as a string.'],
    [
      { inputs: { text: 'x'.repeat(21) } },
      'inputs.text: `inputs.text` is the string "xxxxxxxxxxxxxxxxxxxxx": give it as a string of at most 20 characters.',
    ],
    [{ inputs: { text: 'a', to: 'it' } }, 'inputs.to: `inputs.to` is the string "it": give it as one of fr, de.'],
    [
      { inputs: { text: 'a', count: 6 } },
      'inputs.count: `inputs.count` is the number 6: give it as a whole number from 1 to 5.',
    ],
    [
      { inputs: { text: 'a', count: '2' } },
      'inputs.count: `inputs.count` is the string "2": give it as a whole number from 1 to 5.',
    ],
    [{ inputs: { text: 'a', tone: ['b', 1] } }, 'inputs.tone[1]: '],
    [{ inputs: { text: 'a', tone: ['b', 'c', 'd', 'e'] } }, 'a list of at most 3 strings'],
    [
      { inputs: { text: 'a', toString: 'x' } },
      'inputs.toString: The prompt has no variable `toString`: there is `text`, `to`, `tone` or `count`.',
    ],
    [{ text: 'a' }, 'text: `text` is not known here: write it as `inputs.text`.'],
    [
      { inputs: { text: 'a' }, messages: [] },
      'messages: `messages` is not known here: the body has `inputs`, `stream` or `user`.',
    ],
    ['a', 'The body is no JSON object'],
  ])('%j is refused by the field that is to blame', (body, fault) => {
    expect(faultOf(body)).toContain(fault);
  });

  it('keeps its messages and their roles whatever a value is: it stands there as it is, and nowhere else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', size: 'max', maxLength: 20 }), (given) => {
        expect(textsOf({ text: given })).toEqual(['system: Translate.', `user: To fr: ${given}`]);
      }),
    );
    expect(textsOf({ text: '{{to}}{{#tone}}' })[1]).toBe('user: To fr: {{to}}{{#tone}}');
  });

  it('is a request or a fault for any JSON, and never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const read = readPromptRequest(body, version, false);
        if (!isMisread(read)) expect(read.messages.map(({ role }) => role)).toEqual(['system', 'user']);
        const inner = readPromptRequest({ inputs: body }, version, false);
        if (!isMisread(inner)) expect(inner.messages).toHaveLength(2);
      }),
    );
  });

  it('tells the schema as the provider has it, or by a message of the system', () => {
    const output = { schema: { type: 'object' }, name: 'a.b', isStrict: true, by: 'schema', repair: 'none' } as const;
    expect(readPromptRequest({ inputs: { text: 'a' } }, { ...version, output }, false)).toMatchObject({
      answerFormat: { kind: 'schema', name: 'a_b', schema: { type: 'object' }, strict: true },
    });
    const told = textsOf({ text: 'a' }, { ...version, output: { ...output, by: 'message' } });
    expect(told[0]).toContain('{"type":"object"}');
    expect(told).toHaveLength(3);
  });
});
