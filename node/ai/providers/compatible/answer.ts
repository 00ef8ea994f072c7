/** A whole answer of chat completions. Pure. */
import type { ChatAnswer, Choice, Finish } from '../../chat/chat-answer.js';
import type { Part, ToolCallPart } from '../../chat/part.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, numberOf, textOf } from '../../json.js';
import { readErrorBody, toProviderError } from '../../openai-words/errors.js';
import { readFinishReason, withCalls } from '../../openai-words/finish.js';
import { readLogprobs } from '../../openai-words/logprobs.js';
import { readUsage } from '../../openai-words/usage.js';
import { citationsOf, contentPieces, reasoningOf, sourcesOf } from './content.js';
import { type CompatibleSpec, failedFinishes } from './spec.js';

/** Several servers answer with 200 and an error: an answer is one only if it has a choice. */
export function readAnswer(body: unknown, spec: CompatibleSpec): ChatAnswer | ProviderError {
  if (!isObject(body)) return readFailure(body, spec) ?? malformed('the answer is not a JSON object');
  const choices = listOf(body['choices']);
  const failed = choices.length === 0 || isFailure(body['error']) ? readFailure(body, spec) : null;
  if (failed !== null) return failed;
  if (choices.length === 0) return malformed('the answer has no choice');
  const read: Choice[] = [];
  for (const choice of choices) {
    const one = readChoice(choice, body, spec);
    if ('kind' in one) return one;
    read.push(one);
  }
  const { id, model, createdS } = headOf(body);
  // Named one by one, here and in other objects that each answer has: behind a spread, each member takes a slow way in V8.
  return { id, model, createdS, choices: read, usage: readUsage(body['usage']) };
}

export function headOf(body: JsonObject): Pick<ChatAnswer, 'id' | 'model' | 'createdS'> {
  return {
    id: textOf(body['id']) ?? '',
    model: textOf(body['model']) ?? '',
    createdS: numberOf(body['created']),
  };
}

/** Whether the field `error` says something: servers leave it out, or null, or empty. */
export function isFailure(error: unknown): boolean {
  return (isObject(error) && Object.keys(error).length > 0) || (typeof error === 'string' && error !== '');
}

/** An error in a body that came under a 2xx, or in an event of a stream. */
export function readFailure(body: unknown, spec: CompatibleSpec): ProviderError | null {
  const found = readErrorBody(body);
  return found && toProviderError(0, found, spec.errorKinds);
}

function readChoice(choice: unknown, body: JsonObject, spec: CompatibleSpec): Choice | ProviderError {
  if (!isObject(choice)) return malformed('a choice is not an object');
  // OpenRouter tells so of one choice what became of it ("Errors and debugging").
  if (isFailure(choice['error'])) return readFailure({ error: choice['error'] }, spec) ?? malformed('a choice failed');
  const message = choice['message'];
  if (!isObject(message)) return malformed('a choice has no message');
  const calls = readCalls(message, textOf(body['id']) ?? '', numberOf(choice['index']) ?? 0);
  if (calls === null) return malformed('a tool call has no name');
  const parts = [...readParts(message, sourcesOf(body)), ...calls];
  const finish = readFinish(choice, calls.length > 0, spec);
  if (finish === null) {
    if (parts.length === 0) return malformed('a choice is empty and does not say why');
    // All that was to come has come, or the body would not have been whole; yet nobody says that it was to be this.
    return {
      parts,
      finish: { reason: 'other', native: null, stopSequence: null },
      logprobs: readLogprobs(choice['logprobs']),
    };
  }
  return 'kind' in finish ? finish : { parts, finish, logprobs: readLogprobs(choice['logprobs']) };
}

/** Null while the choice goes on; an error where its end is one. */
export function readFinish(choice: JsonObject, hasCalls: boolean, spec: CompatibleSpec): Finish | ProviderError | null {
  const found = readFinishReason(choice['finish_reason'], spec.finishWords);
  if (found === null) return null;
  const { reason, native } = found;
  if (reason === 'other') {
    const failures = spec.finishErrors ?? {};
    const kind = Object.hasOwn(failures, native)
      ? failures[native]
      : Object.hasOwn(failedFinishes, native) && failedFinishes[native];
    if (kind) return providerError(kind, `the answer ended with "${native}"`, { native });
  }
  // vLLM's `stop_reason` and SGLang's `matched_stop` are the sequence that was met, or the id of a token.
  const stopSequence = textOf(choice['stop_reason']) ?? textOf(choice['matched_stop']);
  return {
    reason: isFiltered(choice) && reason === 'stop' ? 'contentFilter' : withCalls(reason, hasCalls),
    native,
    stopSequence,
  };
}

/** Azure's `content_filter_results`: a category that was not let through ends a choice, whatever word stands beside it. */
export function isFiltered(choice: JsonObject): boolean {
  const results = choice['content_filter_results'];
  return isObject(results) && Object.values(results).some((result) => isObject(result) && result['filtered'] === true);
}

/** In the order in which a model makes them: it reasons, then speaks, then calls. */
function readParts(message: JsonObject, sources: readonly JsonObject[]): Part[] {
  const { text, reasoning, citations, refusal } = contentPieces(message['content']);
  const thought = `${reasoningOf(message)}${reasoning}`;
  const all = [...citations, ...citationsOf(message), ...sources];
  const refused = `${textOf(message['refusal']) ?? ''}${refusal}`;
  const parts: Part[] = [];
  if (thought !== '') parts.push({ kind: 'reasoning', text: thought, signature: null, redacted: null });
  if (text !== '' || all.length > 0) parts.push({ kind: 'text', text, cache: null, citations: all });
  if (refused !== '') parts.push({ kind: 'refusal', text: refused });
  return parts;
}

/** Null if one of them can't be told. */
function readCalls(message: JsonObject, answerId: string, choice: number): ToolCallPart[] | null {
  const calls: ToolCallPart[] = [];
  for (const call of listOf(message['tool_calls'])) {
    const made = isObject(call) ? call['function'] : null;
    if (!isObject(call) || !isObject(made)) return null;
    const name = textOf(made['name']);
    if (name === null || name === '') return null;
    const id = textOf(call['id']) || madeCallId(answerId, choice, calls.length);
    calls.push({ kind: 'toolCall', id, name, arguments: argumentsOf(made['arguments']) });
  }
  return calls;
}

/** Some give the arguments as the object that they stand for. */
export function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** For a call without an id: the same one in each reading of the same answer. */
export function madeCallId(answerId: string, choice: number, call: number): string {
  return `call_${answerId === '' ? 'answer' : answerId}_${choice}_${call}`;
}

export function malformed(message: string): ProviderError {
  return providerError('malformed', message);
}
