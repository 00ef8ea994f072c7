import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textPart } from '../../chat/part.js';
import { isMisread } from '../../format.js';
import type { JsonObject } from '../../json.js';
import { answerOf, anyAnswer, damaged, misreadOf, requestOf, termsOf } from '../testing/answers.js';
import { openaiResponses } from './openai-responses.js';

const asked = (more: JsonObject): JsonObject => ({ model: 'm', input: 'Hi', ...more });
const read = (more: JsonObject) => requestOf(openaiResponses, asked(more));
const wrong = (more: JsonObject) => misreadOf(openaiResponses, asked(more));

const full: JsonObject = asked({
  instructions: 'Be short',
  input: [
    { role: 'developer', content: 'Really' },
    {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_text', text: 'Look', prompt_cache_breakpoint: { mode: 'explicit' } },
        { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' },
        { type: 'input_image', file_id: 'file-1', detail: 'auto' },
        { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' },
        { type: 'input_file', file_url: 'https://example.com/a.pdf' },
        { type: 'input_audio', input_audio: { data: 'UklG', format: 'wav' } },
      ],
    },
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm' }], encrypted_content: 'sig' },
    {
      type: 'message',
      role: 'assistant',
      id: 'msg_1',
      status: 'completed',
      content: [
        { type: 'output_text', text: 'I ask', annotations: [] },
        { type: 'refusal', refusal: 'No.' },
      ],
    },
    {
      type: 'function_call',
      call_id: 'c1',
      name: 'weather',
      arguments: '{"city":"Rome"}',
      id: 'fc_1',
      status: 'completed',
    },
    { type: 'function_call', call_id: 'c2', name: 'weather', arguments: '{}' },
    { type: 'function_call_output', call_id: 'c1', output: 'warm' },
    { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'cold' }] },
    { role: 'assistant', content: 'Done' },
  ],
  tools: [
    { type: 'function', name: 'weather', description: 'Of a city', parameters: { type: 'object' }, strict: false },
    { type: 'web_search' },
    { type: 'function', name: 'late', parameters: null, strict: null, defer_loading: true },
  ],
  tool_choice: { type: 'function', name: 'weather' },
  parallel_tool_calls: false,
  text: { format: { type: 'json_schema', name: 'reply', schema: { type: 'object' }, strict: true }, verbosity: 'low' },
  max_output_tokens: 50,
  temperature: 0.5,
  top_p: 0.9,
  top_logprobs: 2,
  include: ['reasoning.encrypted_content', 'message.output_text.logprobs', 'web_search_call.results'],
  reasoning: { effort: 'high', summary: 'auto', context: 'all_turns' },
  user: 'u-1',
  stream: true,
  stream_options: { include_obfuscation: false },
  store: false,
  truncation: 'disabled',
  background: false,
  previous_response_id: 'resp_0',
});

describe('a Responses request', () => {
  it('is read in all of its parts', () => {
    const { messages, ...rest } = requestOf(openaiResponses, full);
    expect(rest).toMatchSnapshot();
    expect(messages.map(({ paths: _, ...message }) => message)).toMatchSnapshot();
  });

  it('says nothing that the caller has not said', () => {
    const { messages, tools, stop, extra, ...rest } = read({});
    expect(messages).toEqual([
      { role: 'user', parts: [textPart('Hi')], name: null, paths: { message: 'input', parts: ['input'] } },
    ]);
    expect({ tools, stop, extra }).toEqual({ tools: [], stop: [], extra: {} });
    expect(Object.entries(rest).filter(([, value]) => value !== null)).toEqual([
      ['model', 'm'],
      ['isStream', false],
      ['wantsStreamUsage', true],
      ['family', 'openai-responses'],
    ]);
  });

  it('joins what the model said in one turn, each part with its own path', () => {
    const { messages } = requestOf(openaiResponses, full);
    expect(messages.map(({ role, paths }) => [role, paths?.message, paths?.parts.slice(-2)])).toEqual([
      ['system', 'instructions', ['instructions']],
      ['system', 'input[0]', ['input[0].content']],
      ['user', 'input[1]', ['input[1].content[4]', 'input[1].content[5]']],
      ['assistant', 'input[2]', ['input[4]', 'input[5]']],
      ['tool', 'input[6]', ['input[6]']],
      ['tool', 'input[7]', ['input[7]']],
      ['assistant', 'input[8]', ['input[8].content']],
    ]);
  });

  it.each([
    ['required', { toolChoice: { kind: 'required' } }],
    [{ type: 'function', name: 'f' }, { toolChoice: { kind: 'tool', name: 'f' } }],
    [{ type: 'web_search' }, { toolChoice: null, extra: { tool_choice: { type: 'web_search' } } }],
  ])('reads the tool choice %j', (tool_choice, expected) => {
    expect(read({ tool_choice })).toMatchObject(expected);
  });

  it.each([
    [{ reasoning: { effort: 'low' } }, { reasoning: { effort: 'low', budgetTokens: null, isShown: null } }],
    [{ reasoning: { summary: 'detailed' } }, { reasoning: { effort: null, budgetTokens: null, isShown: true } }],
    [{ reasoning: {} }, { reasoning: null }],
    [{ text: { format: { type: 'json_object' } } }, { answerFormat: { kind: 'json' }, extra: {} }],
    [{ include: ['message.output_text.logprobs'] }, { logprobs: { top: 0 }, extra: {} }],
    [{ store: true }, { extra: { store: true } }],
    [{ truncation: 'auto' }, { extra: { truncation: 'auto' } }],
  ])('reads %j', (more, expected) => {
    expect(read(more)).toMatchObject(expected);
  });

  it('tells a signature without any text from hidden reasoning', () => {
    const parts = [
      { kind: 'reasoning', text: '', signature: 'sig', redacted: null },
      { kind: 'reasoning', text: '', signature: null, redacted: 'hidden' },
    ] as const;
    const response = openaiResponses.answer(answerOf(parts), termsOf(read({})));
    expect(read({ input: response['output'] }).messages[0]?.parts).toEqual(parts);
  });

  it('takes its own answers back as what they were', () => {
    fc.assert(
      fc.property(anyAnswer(1), (answer) => {
        const response = openaiResponses.answer(answer, termsOf(read({})));
        const { messages } = read({ input: [{ role: 'user', content: 'a' }, ...(response['output'] as JsonObject[])] }); // The output of a response is a list.
        const again = messages[1]?.parts ?? [];
        const parts = answer.choices[0]?.parts ?? [];
        const hidden = (list: typeof parts) =>
          list.flatMap((part) => (part.kind === 'reasoning' ? (part.redacted ?? part.signature ?? []) : []));
        expect(hidden(again)).toEqual(hidden(parts));
        expect(again.filter(({ kind }) => kind === 'toolCall')).toEqual(
          parts.filter(({ kind }) => kind === 'toolCall'),
        );
        for (const kind of ['text', 'refusal', 'reasoning'] as const) {
          const joined = (list: typeof parts) => list.map((part) => (part.kind === kind ? part.text : '')).join('');
          expect(joined(again)).toBe(joined(parts));
        }
      }),
    );
  });
});

describe('a Responses request that is wrong', () => {
  const item = (more: JsonObject): JsonObject => ({ input: [{ role: 'user', content: 'a' }, more] });
  const part = (more: JsonObject): JsonObject =>
    item({ role: 'user', content: [{ type: 'input_text', text: 'a' }, more] });
  it.each<[string, JsonObject]>([
    ['model', { model: null }],
    ['input', { input: null }],
    ['input', { input: [] }],
    ['input[1].type', item({ type: 'item_reference', id: 'x' })],
    ['input[1].type', item({})],
    ['input[1].role', item({ role: 'tool', content: 'a' })],
    ['input[1].content', item({ role: 'user' })],
    ['input[1].content[1].type', part({ type: 'text', text: 'a' })],
    ['input[1].content[1].type', part({})],
    ['input[1].content[1].image_url', part({ type: 'input_image' })],
    ['input[1].content[1].image_url', part({ type: 'input_image', image_url: { url: 'https://a' } })],
    ['input[1].content[1].image_url', part({ type: 'input_image', image_url: 'a.png' })],
    ['input[1].content[1].detail', part({ type: 'input_image', image_url: 'https://a', detail: 'best' })],
    ['input[1].content[1].file_data', part({ type: 'input_file' })],
    ['input[1].content[1].file_url', part({ type: 'input_file', file_url: 'a.pdf' })],
    ['input[1].content[1].input_audio.format', part({ type: 'input_audio', input_audio: { data: 'a' } })],
    ['input[1].content[0].type', item({ role: 'assistant', content: [{ type: 'input_image' }] })],
    ['input[1].call_id', item({ type: 'function_call', name: 'f', arguments: '' })],
    ['input[1].arguments', item({ type: 'function_call', name: 'f', call_id: 'c', arguments: {} })],
    ['input[1].output', item({ type: 'function_call_output', call_id: 'c' })],
    [
      'input[1].output[0].type',
      item({ type: 'function_call_output', call_id: 'c', output: [{ type: 'output_text' }] }),
    ],
    ['instructions', { instructions: [] }],
    ['tools[0].type', { tools: [{ name: 'f' }] }],
    ['tools[0].function', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['tools[0].name', { tools: [{ type: 'function' }] }],
    ['tool_choice', { tool_choice: 'any' }],
    ['tool_choice.name', { tool_choice: { type: 'function' } }],
    ['text.format.type', { text: { format: {} } }],
    ['text.format.schema', { text: { format: { type: 'json_schema', name: 'a' } } }],
    ['text.format.name', { text: { format: { type: 'json_schema', schema: {} } } }],
    ['max_output_tokens', { max_output_tokens: 0 }],
    ['top_logprobs', { top_logprobs: 21 }],
    ['include[0]', { include: [1] }],
    ['text.verbosity', { text: { verbosity: 'loud' } }],
    ['reasoning.effort', { reasoning: { effort: 'huge' } }],
    ['stream_options', { stream_options: {} }],
  ])('is told about %s', (field, more) => {
    const misread = wrong(more);
    expect(misread.field).toBe(field);
    expect(misread.message).toContain(field);
    expect(misread.message).toMatch(/: (give|use|set|leave|only)/);
  });

  it('never throws, whatever is in any of its places', () => {
    fc.assert(
      fc.property(fc.oneof(damaged(full), fc.jsonValue()), (body) => {
        const reading = openaiResponses.read(body);
        expect(isMisread(reading) ? reading.message.length : reading.messages.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('the name of a field that a provider can’t do', () => {
  const request = requestOf(openaiResponses, full);
  it.each([
    ['messages', '[0]', 'instructions'],
    ['messages', '[2].parts[1]', 'input[1].content[1]'],
    ['messages', '[3].parts[3]', 'input[4]'],
    ['answerFormat', '', 'text.format'],
    ['maxTokens', '', 'max_output_tokens'],
    ['reasoning', 'effort', 'reasoning.effort'],
    ['reasoning', 'isShown', 'reasoning.summary'],
    ['extra', 'previous_response_id', 'previous_response_id'],
    ['extra', 'verbosity', 'text.verbosity'],
  ] as const)('of %s%s is %s', (field, at, expected) => {
    expect(openaiResponses.fieldName({ field, at, why: '' }, request)).toBe(expected);
  });
});
