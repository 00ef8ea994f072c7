/** Answers, requests and bodies for the tests of every format: some chosen, some arbitrary. */
import fc from 'fast-check';
import type { ChatAnswer, Choice, FinishReason, TokenLogprob, Usage } from '../../chat/chat-answer.js';
import type { ChatRequest } from '../../chat/chat-request.js';
import { eventsOf } from '../../chat/gather.js';
import { type Part, textPart } from '../../chat/part.js';
import { type AnswerTerms, type ChatFormat, isMisread, type Misread } from '../../format.js';
import type { JsonObject } from '../../json.js';

/** As a format reads it; a test that expects a request finds no misread in its place. */
export function requestOf(format: ChatFormat, body: JsonObject): ChatRequest {
  const reading = format.read(body);
  if (isMisread(reading)) throw new Error(`misread: ${JSON.stringify(reading)}`);
  return reading;
}

export function misreadOf(format: ChatFormat, body: unknown): Misread {
  const reading = format.read(body);
  if (!isMisread(reading)) throw new Error('was read');
  return reading;
}

export function termsOf(request: ChatRequest): AnswerTerms {
  return { id: 'id-of-answer', model: 'name-of-caller', nowS: 1_700_000_000, request };
}

export const usage: Usage = {
  input: 120,
  output: 30,
  cachedInput: 100,
  cacheWrite: 5,
  reasoning: 10,
  isEstimated: false,
};

export function answerOf(
  parts: readonly Part[],
  reason: FinishReason = 'stop',
  native: string | null = null,
): ChatAnswer {
  const choice: Choice = { parts, finish: { reason, native, stopSequence: null }, logprobs: null };
  return { id: 'upstream', model: 'model-of-provider', createdS: 1_600_000_000, choices: [choice], usage };
}

export const reasons: readonly FinishReason[] = [
  'stop',
  'length',
  'toolCalls',
  'contentFilter',
  'refusal',
  'pause',
  'contextExceeded',
  'malformedToolCall',
  'other',
];

export interface SentEvent {
  readonly type: string;
  readonly data: string;
}

/** A whole stream of the answer, as it goes to the client. */
export function streamed(format: ChatFormat, answer: ChatAnswer, request: ChatRequest): string {
  const writer = format.stream(termsOf(request));
  return (
    eventsOf(answer)
      .map((event) => writer.write(event))
      .join('') + writer.end()
  );
}

/** Server-Sent Events taken apart again. Whatever is not an event in the plainest form fails. */
export function sentEvents(text: string): readonly SentEvent[] {
  if (text === '') return [];
  if (!text.endsWith('\n\n')) throw new Error(`an event without an end: ${text.slice(-100)}`);
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((event) => {
      const read = /^(?:event: ([^\n]*)\n)?data: ([^\n]*)$/.exec(event);
      if (read === null) throw new Error(`no event: ${event}`);
      return { type: read[1] ?? '', data: read[2] ?? '' };
    });
}

const text = fc.string({ minLength: 1, unit: 'binary' });
const part: fc.Arbitrary<Part> = fc.oneof(
  text.map(textPart),
  fc.record({ kind: fc.constant('refusal' as const), text }),
  fc.record({ kind: fc.constant('reasoning' as const), text, signature: fc.option(text), redacted: fc.constant(null) }),
  text.map((redacted): Part => ({ kind: 'reasoning', text: '', signature: null, redacted })),
  fc.record({
    kind: fc.constant('toolCall' as const),
    id: text,
    name: text,
    arguments: fc.oneof(fc.string(), fc.json()),
  }),
);
const logprob: fc.Arbitrary<TokenLogprob> = fc.record({
  token: fc.string(),
  logprob: fc.double({ max: 0, min: -100, noNaN: true }),
  bytes: fc.constant([1]),
  top: fc.constant([{ token: 'a', logprob: -1, bytes: null }]),
});
const anyChoice: fc.Arbitrary<Choice> = fc.record({
  parts: fc.array(part, { size: 'max', maxLength: 8 }),
  finish: fc.record({
    reason: fc.constantFrom(...reasons),
    native: fc.option(fc.constantFrom('stop', 'SAFETY', 'end_turn', 'tool_calls')),
    stopSequence: fc.constant(null),
  }),
  logprobs: fc.option(fc.array(logprob, { minLength: 1, maxLength: 2 })),
});

export function anyAnswer(choicesMax: number): fc.Arbitrary<ChatAnswer> {
  return fc.record({
    id: fc.string(),
    model: fc.string(),
    createdS: fc.constant(1_600_000_000),
    choices: fc.array(anyChoice, { minLength: 1, maxLength: choicesMax }),
    usage: fc.option(fc.constant(usage)),
  });
}

/** The body with something else in one of its places, at any depth. */
export function damaged(body: JsonObject): fc.Arbitrary<unknown> {
  const places = pathsOf(body);
  return fc
    .tuple(fc.constantFrom(...places), fc.jsonValue({ maxDepth: 2 }))
    .map(([path, value]) => replaced(body, path, value));
}

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, inner]) => pathsOf(inner, [...path, name]))];
}

function replaced(value: unknown, path: Path, by: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined || typeof value !== 'object' || value === null) return by;
  if (Array.isArray(value))
    return value.map((inner, index) => (`${index}` === first ? replaced(inner, rest, by) : inner));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, name === first ? replaced(inner, rest, by) : inner]),
  );
}
