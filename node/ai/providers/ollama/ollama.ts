/** Ollama by its own API (docs.ollama.com/api/chat, "Streaming", "Errors"): JSON line by line, and calls without ids. Pure. */
import type { ChatAnswer, ChatEvent, Finish, FinishReason, TokenLogprob, Usage } from '../../chat/chat-answer.js';
import type { Part, ToolCallPart } from '../../chat/part.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, numberOf, parsedJson, textOf } from '../../json.js';
import { readErrorBody, toProviderError } from '../../openai-words/errors.js';
import { withCalls } from '../../openai-words/finish.js';
import { readLogprobs } from '../../openai-words/logprobs.js';
import type { Provider, StreamReader, WireEvent } from '../../provider.js';
import { parsed } from '../compatible/compatible.js';
import { ollamaOperations } from './operations.js';
import { writeRequest } from './request.js';

export const ollama: Provider = {
  kind: 'ollama',
  title: 'Ollama',
  defaultUrl: 'http://127.0.0.1:11434',
  // Its cloud wants a key, a local one ignores it.
  credential: { kind: 'bearer' },
  framing: 'ndjson',
  request(chat, { model, basePath }) {
    return { method: 'POST', path: `${basePath}/api/chat`, query: '', headers: [], ...writeRequest(chat, model) };
  },
  answer: readAnswer,
  stream: () => new OllamaReader(),
  error(status, headers, text) {
    const found = readErrorBody(parsed(text)) ?? { message: '', code: null, type: null, param: null, status: null };
    return toProviderError(status, found, {}, headers);
  },
  operations: ollamaOperations,
};

const malformed = (message: string): ProviderError => providerError('malformed', message);

function readAnswer(body: unknown): ChatAnswer | ProviderError {
  const message = isObject(body) ? body['message'] : null;
  if (!isObject(body) || !isObject(message) || body['error'] !== undefined) {
    const found = readErrorBody(body);
    return found === null ? malformed('the answer has no message') : toProviderError(0, found);
  }
  if (body['done'] === false) return providerError('cut', 'the answer is not done');
  const calls = readCalls(message, body, 0);
  if (calls === null) return malformed('a tool call has no name');
  const parts: Part[] = [];
  const thinking = textOf(message['thinking']) ?? '';
  const text = textOf(message['content']) ?? '';
  if (thinking !== '') parts.push({ kind: 'reasoning', text: thinking, signature: null, redacted: null });
  if (text !== '') parts.push({ kind: 'text', text, cache: null, citations: [] });
  parts.push(...calls);
  const finish = readFinish(body, calls.length > 0);
  if (parts.length === 0 && finish.native === null) return malformed('the answer is empty and does not say why');
  return { ...headOf(body), choices: [{ parts, finish, logprobs: probabilitiesOf(body) }], usage: readUsage(body) };
}

class OllamaReader implements StreamReader {
  #hasStarted = false;
  #isOver = false;
  #calls = 0;

  read({ data }: WireEvent): readonly ChatEvent[] {
    if (this.#isOver || data.trim() === '') return [];
    const line = parsedJson(data);
    if (line === undefined) return this.#fail(malformed('a line of the stream is not JSON'));
    if (!isObject(line)) return this.#fail(malformed('a line of the stream is not an object'));
    const message = line['message'];
    if (line['error'] !== undefined || !isObject(message)) {
      const found = readErrorBody(line);
      if (found !== null) return this.#fail(toProviderError(0, found));
    }
    return this.#readLine(line, isObject(message) ? message : {});
  }

  end(): readonly ChatEvent[] {
    return this.#isOver ? [] : this.#fail(providerError('cut', 'the stream ended before it was done'));
  }

  #readLine(line: JsonObject, message: JsonObject): readonly ChatEvent[] {
    const events: ChatEvent[] = this.#hasStarted ? [] : [{ kind: 'start', ...headOf(line) }];
    this.#hasStarted = true;
    const thinking = textOf(message['thinking']) ?? '';
    const text = textOf(message['content']) ?? '';
    const logprobs = probabilitiesOf(line);
    if (thinking !== '') events.push({ kind: 'reasoning', choice: 0, text: thinking });
    if (text !== '' || logprobs !== null) events.push({ kind: 'text', choice: 0, text, logprobs });
    const calls = readCalls(message, line, this.#calls);
    if (calls === null) return [...events, ...this.#fail(malformed('a tool call has no name'))];
    for (const { id, name, arguments: written } of calls) {
      events.push({ kind: 'toolCall', choice: 0, call: this.#calls, id, name });
      events.push({ kind: 'toolArguments', choice: 0, call: this.#calls, text: written });
      this.#calls += 1;
    }
    if (line['done'] !== true) return events;
    this.#isOver = true;
    const usage = readUsage(line);
    events.push({ kind: 'finish', choice: 0, finish: readFinish(line, this.#calls > 0) });
    return usage === null ? events : [...events, { kind: 'usage', usage }];
  }

  #fail(error: ProviderError): readonly ChatEvent[] {
    this.#isOver = true;
    return [{ kind: 'error', error }];
  }
}

/** The time is all that sets one answer apart from another. */
function headOf(body: JsonObject): Pick<ChatAnswer, 'id' | 'model' | 'createdS'> {
  const createdMs = Date.parse(textOf(body['created_at']) ?? '');
  const createdS = Number.isNaN(createdMs) ? null : Math.floor(createdMs / 1_000);
  return { id: '', model: textOf(body['model']) ?? '', createdS };
}

/** Calls come whole, with their arguments as an object. Null if one of them can't be told. */
function readCalls(message: JsonObject, body: JsonObject, before: number): ToolCallPart[] | null {
  const calls: ToolCallPart[] = [];
  for (const call of listOf(message['tool_calls'])) {
    const made = isObject(call) ? call['function'] : null;
    const name = isObject(made) ? textOf(made['name']) : null;
    if (!isObject(call) || !isObject(made) || name === null || name === '') return null;
    const written = made['arguments'];
    calls.push({
      kind: 'toolCall',
      id: textOf(call['id']) || madeCallId(body, before + calls.length),
      name,
      arguments: typeof written === 'string' ? written : JSON.stringify(written ?? {}),
    });
  }
  return calls;
}

/** Calls of different turns must differ, for a client keeps them side by side. */
function madeCallId(body: JsonObject, call: number): string {
  const time = (textOf(body['created_at']) ?? '').replace(/\D/g, '').slice(0, 23);
  return `call_${time === '' ? 'answer' : time}_${call}`;
}

const reasons: Readonly<Record<string, FinishReason>> = { stop: 'stop', length: 'length' };

/** `load` and `unload` say that a model was loaded or put away and nothing was asked of it: other than any end of an answer. */
function readFinish(body: JsonObject, hasCalls: boolean): Finish {
  const native = textOf(body['done_reason']) || null;
  const known = native !== null && Object.hasOwn(reasons, native) ? reasons[native] : undefined;
  return { reason: withCalls(known ?? 'other', hasCalls), native, stopSequence: null };
}

function readUsage(body: JsonObject): Usage | null {
  const input = numberOf(body['prompt_eval_count']);
  const output = numberOf(body['eval_count']);
  if (input === null && output === null) return null;
  return {
    input: Math.max(0, input ?? 0),
    output: Math.max(0, output ?? 0),
    cachedInput: 0,
    cacheWrite: 0,
    reasoning: 0,
    isEstimated: false,
  };
}

function probabilitiesOf(body: JsonObject): readonly TokenLogprob[] | null {
  return readLogprobs({ content: body['logprobs'] ?? null });
}
