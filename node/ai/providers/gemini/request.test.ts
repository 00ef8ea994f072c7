import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../chat/chat-request.js';
import type { Message, Part } from '../../chat/part.js';
import { chat, message, place, tool } from '../testing/chats.js';
import { madeCallId } from './contents.js';
import { gemini } from './gemini.js';
import { alwaysThinks, isThirdGeneration, thinkingStyle } from './models.js';

const LATEST = 'gemini-3-flash-preview';
const OLDER = 'gemini-2.5-flash';

const asked = (said: Partial<ChatRequest>, model = LATEST) => gemini.request(chat(said), place(model, {}, '/v1beta'));
const body = (said: Partial<ChatRequest>, model = LATEST) => asked(said, model).body;
const contents = (told: Message[], model = OLDER) => body({ messages: told }, model)['contents'];
const config = (said: Partial<ChatRequest>, model = LATEST) => body(said, model)['generationConfig'];
const missing = (said: Partial<ChatRequest>, model = LATEST) =>
  asked(said, model).unsupported.map(({ field, at }) => `${field}${at}`);
const call = (id: string, args: string, name = 'f'): Part => ({ kind: 'toolCall', id, name, arguments: args });
const text = (said: string): Part & { kind: 'text' } => ({ kind: 'text', text: said, cache: null, citations: [] });
const signed = (signature: string, said = ''): Part => ({ kind: 'reasoning', text: said, signature, redacted: null });
const png = {
  kind: 'image',
  source: { kind: 'base64', mediaType: 'image/png', base64: 'AA==' },
  detail: null,
  cache: null,
} as const;

describe('a request to Gemini', () => {
  it('says no more than the caller did', () => {
    expect(asked({})).toEqual({
      method: 'POST',
      path: `/v1beta/models/${LATEST}:generateContent`,
      query: '',
      headers: [],
      body: { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] },
      unsupported: [],
    });
    expect(asked({ isStream: true })).toMatchObject({
      path: `/v1beta/models/${LATEST}:streamGenerateContent`,
      query: 'alt=sse',
    });
    expect(asked({}, 'tunedModels/mine').path).toBe('/v1beta/tunedModels/mine:generateContent');
    expect(asked({}, 'a?b#c').path).toBe('/v1beta/models/a%3Fb%23c:generateContent');
  });

  it('puts instructions apart, and merges what one role says in a row', () => {
    const told = [
      message('system', 'A'),
      message('system', 'B'),
      message('user', 'C'),
      message('user', 'D', ''),
      message('assistant', 'E', { kind: 'refusal', text: 'F' }),
    ];
    expect(body({ messages: told })).toEqual({
      systemInstruction: { parts: [{ text: 'A' }, { text: 'B' }] },
      contents: [
        { role: 'user', parts: [{ text: 'C' }, { text: 'D' }] },
        { role: 'model', parts: [{ text: 'E' }, { text: 'F' }] },
      ],
    });
    expect(missing({ messages: [...told, message('system', 'G')] })).toEqual(['messages[5]']);
  });

  it('gives results back under the name of the function, together', () => {
    const result = (callId: string, content: (Part & { kind: 'text' | 'image' })[], isError = false): Part => ({
      kind: 'toolResult',
      callId,
      content,
      isError,
      cache: null,
    });
    const made = madeCallId('r', 0, 1);
    const told = [
      message('assistant', call('own', '{"x":1}'), call(made, '', 'g')),
      message('tool', result('own', [text('{"big":'), text('1e400}')])),
      message('tool', result(made, [text('no'), png], true)),
    ];
    expect(contents(told)).toEqual([
      {
        role: 'model',
        parts: [{ functionCall: { id: 'own', name: 'f', args: { x: 1 } } }, { functionCall: { name: 'g', args: {} } }],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'own', name: 'f', response: { output: '{"big":1e400}' } } },
          { functionResponse: { name: 'g', response: { error: 'no' } } },
        ],
      },
    ]);
    expect(missing({ messages: told }, OLDER)).toEqual(['messages[2].parts[0].content[1]']);
    expect(missing({ messages: told })).toEqual([]);
    expect(contents(told, LATEST)).toMatchObject([
      {},
      {
        parts: [
          {},
          { functionResponse: { response: { error: 'no' }, parts: [{ inlineData: { mimeType: 'image/png' } }] } },
        ],
      },
    ]);
    expect(missing({ messages: [message('tool', result('lost', []))] })).toEqual(['messages[0].parts[0].callId']);
    expect(missing({ messages: [message('assistant', call('a', '{'))] })).toEqual(['messages[0].parts[0].arguments']);
  });

  it('gives signatures back to what they stood on, in whatever order they came back', () => {
    const functionCall = { name: 'f', args: {}, id: 'a' };
    const parts = (...said: Part[]) => contents([message('assistant', ...said)], LATEST);
    expect(parts(signed('gemini/0:S', 'thought'), call('a', ''), call('a', ''))).toMatchObject([
      { parts: [{ functionCall, thoughtSignature: 'S' }, { functionCall }] },
    ]);
    // As chat completions tell it: reasoning first, then text, then calls.
    expect(parts(signed('gemini/1:T'), signed('gemini/0:S'), text('x'), call('a', ''), call('a', ''))).toEqual([
      {
        role: 'model',
        parts: [{ text: 'x' }, { functionCall, thoughtSignature: 'S' }, { functionCall, thoughtSignature: 'T' }],
      },
    ]);
    expect(parts(signed('gemini:S'), text('x'))).toEqual([
      { role: 'model', parts: [{ text: 'x', thoughtSignature: 'S' }] },
    ]);
    expect(parts(text('x'), signed('gemini:S'))).toEqual([
      { role: 'model', parts: [{ text: 'x' }, { text: '', thoughtSignature: 'S' }] },
    ]);
    expect(parts(signed('gemini:S'), signed('gemini:T'), png)).toMatchObject([
      { parts: [{ text: '', thoughtSignature: 'S' }, { text: '', thoughtSignature: 'T' }, { inlineData: {} }] },
    ]);
    // What others signed, or nobody.
    expect(
      parts(signed('EqQB', 'thought'), { kind: 'reasoning', text: 'x', signature: null, redacted: null }, text('y')),
    ).toEqual([{ role: 'model', parts: [{ text: 'y' }] }]);
  });

  it('says of calls of other models that they are unsigned, where signatures are wanted', () => {
    const told = [message('assistant', call('a', ''), call('b', ''))];
    expect(contents(told, LATEST)).toMatchObject([
      { parts: [{ thoughtSignature: 'skip_thought_signature_validator' }, {}] },
    ]);
    expect(JSON.stringify(contents(told, OLDER))).not.toContain('thoughtSignature');
    expect(JSON.stringify(contents(told, LATEST)).match(/thoughtSignature/g)).toHaveLength(1);
  });

  it.each<[string, Part, object | null]>([
    ['an image', png, { inlineData: { mimeType: 'image/png', data: 'AA==' } }],
    [
      'an image elsewhere',
      { ...png, source: { kind: 'url', url: 'https://a/b.JPG?c=d.e#f' } },
      { fileData: { fileUri: 'https://a/b.JPG?c=d.e#f', mimeType: 'image/jpeg' } },
    ],
    ['an address that tells no kind', { ...png, source: { kind: 'url', url: 'https://a.png/b' } }, null],
    [
      'an uploaded file',
      { ...png, source: { kind: 'file', id: 'https://x/files/1' } },
      { fileData: { fileUri: 'https://x/files/1' } },
    ],
    [
      'a PDF',
      {
        kind: 'document',
        source: { kind: 'base64', mediaType: 'application/pdf', base64: 'AA==' },
        name: 'a',
        cache: null,
      },
      { inlineData: { mimeType: 'application/pdf', data: 'AA==' } },
    ],
    ['a text', { kind: 'document', source: { kind: 'text', text: 'b' }, name: null, cache: null }, { text: 'b' }],
    [
      'a sound',
      { kind: 'audio', format: 'wav', base64: 'AA==' },
      { inlineData: { mimeType: 'audio/wav', data: 'AA==' } },
    ],
  ])('carries %s, or says that it can not', (_, part, said) => {
    const told = [message('user', 'look', part)];
    expect(contents(told)).toEqual([{ role: 'user', parts: [{ text: 'look' }, ...(said === null ? [] : [said])] }]);
    expect(missing({ messages: told })).toEqual(said === null ? ['messages[0].parts[1]'] : []);
  });

  it('looks as closely as it is asked to, where it can be asked', () => {
    const low = [message('user', { ...png, detail: 'low' })];
    expect(contents(low, LATEST)).toMatchObject([{ parts: [{ mediaResolution: { level: 'MEDIA_RESOLUTION_LOW' } }] }]);
    expect([missing({ messages: low }), missing({ messages: low }, OLDER)]).toEqual([
      [],
      ['messages[0].parts[0].detail'],
    ]);
  });

  it('tells tools, and which of them has to be called', () => {
    const parameters = { type: 'object', properties: { a: { type: 'string' } } };
    const tools = [tool('f', { description: 'd', parameters }), tool('g')];
    expect(body({ tools })).toMatchObject({
      tools: [
        { functionDeclarations: [{ name: 'f', description: 'd', parametersJsonSchema: parameters }, { name: 'g' }] },
      ],
    });
    const mode = (said: Partial<ChatRequest>, model = LATEST) => body({ tools, ...said }, model)['toolConfig'];
    expect(mode({})).toBeUndefined();
    expect(mode({ toolChoice: { kind: 'auto' } })).toEqual({ functionCallingConfig: { mode: 'AUTO' } });
    expect(mode({ toolChoice: { kind: 'none' } })).toEqual({ functionCallingConfig: { mode: 'NONE' } });
    expect(mode({ toolChoice: { kind: 'required' } })).toEqual({ functionCallingConfig: { mode: 'ANY' } });
    expect(mode({ toolChoice: { kind: 'tool', name: 'g' } })).toEqual({
      functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['g'] },
    });
    const strict = { tools: [tool('f'), tool('g', { strict: true })] };
    expect(mode(strict)).toEqual({ functionCallingConfig: { mode: 'VALIDATED' } });
    expect([missing(strict), missing(strict, 'gemini-2.0-flash')]).toEqual([[], ['tools[1].strict']]);
    expect(missing({ tools: [{ kind: 'provider', type: 'x', raw: {} }] })).toEqual(['tools[0]']);
  });

  it('says sampling and formats in its words, and names what it has none for', () => {
    const schema = { type: 'object' };
    expect(
      config({
        maxTokens: 7,
        temperature: 0,
        topP: 0.5,
        topK: 3,
        seed: 1,
        frequencyPenalty: 1,
        presencePenalty: -1,
        choices: 2,
        stop: ['a'],
        logprobs: { top: 3 },
        answerFormat: { kind: 'schema', name: 'n', description: null, schema, strict: null },
      }),
    ).toEqual({
      maxOutputTokens: 7,
      temperature: 0,
      topP: 0.5,
      topK: 3,
      seed: 1,
      frequencyPenalty: 1,
      presencePenalty: -1,
      candidateCount: 2,
      stopSequences: ['a'],
      responseLogprobs: true,
      logprobs: 3,
      responseMimeType: 'application/json',
      responseJsonSchema: schema,
    });
    expect(config({ answerFormat: { kind: 'json' }, logprobs: { top: 0 } })).toEqual({
      responseMimeType: 'application/json',
      responseLogprobs: true,
    });
    expect(config({ answerFormat: { kind: 'text' } })).toBeUndefined();
    expect(
      missing({
        stop: ['1', '2', '3', '4', '5', '6'],
        logitBias: { 1: 1 },
        user: 'u',
        parallelToolCalls: false,
        extra: { x: 1 },
      }),
    ).toEqual(['logitBias', 'user', 'parallelToolCalls', 'extrax', 'stop']);
  });

  const reasoning = (said: Partial<NonNullable<ChatRequest['reasoning']>>): Partial<ChatRequest> => ({
    reasoning: { effort: null, budgetTokens: null, isShown: null, ...said },
  });
  it.each<[string, Partial<ChatRequest>, object | undefined, readonly string[]]>([
    [LATEST, reasoning({ effort: 'medium', isShown: true }), { thinkingLevel: 'MEDIUM', includeThoughts: true }, []],
    [LATEST, reasoning({ effort: 'max' }), { thinkingLevel: 'HIGH' }, []],
    [LATEST, reasoning({ effort: 'minimal' }), { thinkingLevel: 'MINIMAL' }, []],
    ['gemini-3-pro-preview', reasoning({ effort: 'minimal' }), { thinkingLevel: 'LOW' }, []],
    [LATEST, reasoning({ effort: 'none' }), { thinkingLevel: 'MINIMAL' }, ['reasoning']],
    [LATEST, reasoning({ effort: 'low', budgetTokens: 5 }), { thinkingBudget: 5 }, []],
    [OLDER, reasoning({ effort: 'low' }), { thinkingBudget: 1024 }, []],
    [OLDER, reasoning({ effort: 'none', isShown: false }), { thinkingBudget: 0, includeThoughts: false }, []],
    ['gemini-2.5-pro', reasoning({ effort: 'none' }), { thinkingBudget: 128 }, ['reasoning']],
    [OLDER, reasoning({}), undefined, []],
    ['gemini-2.0-flash', reasoning({ effort: 'low' }), undefined, ['reasoning']],
    ['gemini-2.0-flash', reasoning({ effort: 'none' }), undefined, []],
  ])('%s thinks as %j asks', (model, said, expected, gaps) => {
    expect(config(said, model)).toEqual(expected === undefined ? undefined : { thinkingConfig: expected });
    expect(missing(said, model)).toEqual(gaps);
  });

  it.each([
    ['gemini-1.5-pro-002', 'none', false, true],
    ['gemini-2.0-flash-001', 'none', false, false],
    ['gemini-2.5-flash-lite-preview-06-17', 'budget', false, false],
    ['gemini-3.1-pro-preview', 'level', true, true],
    ['gemini-flash-latest', 'level', true, true],
    ['gemma-3-27b-it', 'none', false, false],
  ])('%s is known by its name', (model, style, third, thinks) => {
    expect([thinkingStyle(model), isThirdGeneration(model), alwaysThinks(model)]).toEqual([style, third, thinks]);
  });
});
