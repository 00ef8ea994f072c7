/** Any chat that a format may hand over: every kind of part under every role, and every field said or not. */
import fc from 'fast-check';
import type { ChatRequest, Tool } from '../../chat/chat-request.js';
import type { DocumentPart, ImagePart, Message, Part, TextPart } from '../../chat/part.js';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', ' ', 'a', '{"a":1}', '\uD800', 'gemini/0:x', 'bedrock:x'),
);
const said = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(value);
const cache = said(fc.record({ ttl: fc.constantFrom<'5m' | '1h' | null>('5m', '1h', null) }));
const mediaType = fc.constantFrom(
  'image/png',
  'image/tiff',
  'application/pdf',
  'text/plain',
  'text/csv',
  'constructor',
);
const source = fc.oneof(
  fc.record({
    kind: fc.constant('url' as const),
    url: fc.oneof(text, fc.constant('https://a/b.png'), fc.constant('s3://a/b.png')),
  }),
  fc.record({ kind: fc.constant('base64' as const), mediaType, base64: fc.oneof(text, fc.base64String()) }),
  fc.record({ kind: fc.constant('file' as const), id: text }),
);

const textPart: fc.Arbitrary<TextPart> = fc.record({
  kind: fc.constant('text' as const),
  text,
  cache,
  citations: fc.constant([]),
});
const imagePart: fc.Arbitrary<ImagePart> = fc.record({
  kind: fc.constant('image' as const),
  source,
  detail: fc.constantFrom('auto', 'low', 'high', null),
  cache,
});
const documentPart: fc.Arbitrary<DocumentPart> = fc.record({
  kind: fc.constant('document' as const),
  source: fc.oneof(source, fc.record({ kind: fc.constant('text' as const), text })),
  name: said(text),
  cache,
});
const part: fc.Arbitrary<Part> = fc.oneof(
  textPart,
  imagePart,
  documentPart,
  fc.record({
    kind: fc.constant('audio' as const),
    format: fc.constantFrom('wav', 'mp3', 'midi'),
    base64: fc.base64String(),
  }),
  fc.record({ kind: fc.constant('toolCall' as const), id: text, name: text, arguments: text }),
  fc.record({
    kind: fc.constant('toolResult' as const),
    callId: text,
    content: fc.array(fc.oneof(textPart, imagePart, documentPart), { maxLength: 2 }),
    isError: fc.boolean(),
    cache,
  }),
  fc.record({ kind: fc.constant('reasoning' as const), text, signature: said(text), redacted: said(text) }),
  fc.record({ kind: fc.constant('refusal' as const), text }),
  fc.record({
    kind: fc.constant('native' as const),
    family: fc.constant('anthropic' as const),
    raw: fc.record({ type: text }),
  }),
);
const message: fc.Arbitrary<Message> = fc.record({
  role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
  parts: fc.array(part, { maxLength: 4 }),
  name: said(text),
});

const schema = said(fc.constantFrom({ type: 'object' }, {}));
const tool: fc.Arbitrary<Tool> = fc.oneof(
  fc.record({
    kind: fc.constant('function' as const),
    name: text,
    description: said(text),
    parameters: schema,
    strict: said(fc.boolean()),
    cache,
  }),
  fc.record({ kind: fc.constant('provider' as const), type: text, raw: fc.constant({ type: 'x' }) }),
);

const number = said(fc.double({ noNaN: true, min: -2, max: 2 }).map((value) => value + 0));
const count = said(fc.nat(50_000));

export const anyChat: fc.Arbitrary<ChatRequest> = fc.record({
  model: text,
  messages: fc.array(message, { size: 'max', maxLength: 6 }),
  tools: fc.array(tool, { maxLength: 3 }),
  toolChoice: said(
    fc.oneof(
      fc.record({ kind: fc.constantFrom<'auto' | 'none' | 'required'>('auto', 'none', 'required') }),
      fc.record({ kind: fc.constant('tool' as const), name: text }),
    ),
  ),
  parallelToolCalls: said(fc.boolean()),
  answerFormat: said(
    fc.oneof(
      fc.record({ kind: fc.constantFrom<'text' | 'json'>('text', 'json') }),
      fc.record({
        kind: fc.constant('schema' as const),
        name: text,
        description: said(text),
        schema: fc.constant({ type: 'object' }),
        strict: said(fc.boolean()),
      }),
    ),
  ),
  maxTokens: count,
  temperature: number,
  topP: number,
  topK: count,
  frequencyPenalty: number,
  presencePenalty: number,
  seed: count,
  stop: fc.array(text, { maxLength: 6 }),
  choices: count,
  logprobs: said(fc.record({ top: fc.nat(20) })),
  logitBias: said(fc.constantFrom({}, { 1: 1 })),
  reasoning: said(
    fc.record({
      effort: said(fc.constantFrom('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max')),
      budgetTokens: count,
      isShown: said(fc.boolean()),
    }),
  ),
  user: said(text),
  isStream: fc.boolean(),
  wantsStreamUsage: fc.boolean(),
  extra: fc.constantFrom({}, { thinking: { type: 'x' }, output_config: 3 }),
  family: fc.constantFrom('openai-chat', 'openai-responses', 'openai-completions', 'anthropic'),
});
