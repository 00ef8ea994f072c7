/** Reads the body of `POST /v1/chat/completions`. Source: https://platform.openai.com/docs/api-reference/chat/create. Pure. */
import type { AnswerFormat, ChatRequest, Reasoning, Tool, ToolChoice } from '../../chat/chat-request.js';
import type { Misread } from '../../format.js';
import { isObject, type JsonObject } from '../../json.js';
import type { FieldNames } from '../field-name.js';
import { cacheMark } from '../openai-words/media.js';
import { EFFORTS, readSampling, readStreaming, samplingFields } from '../openai-words/sampling.js';
import { bodyObject, choice, Reading, unread } from '../reading.js';
import { readMessages } from './messages.js';

const known: ReadonlySet<string> = new Set([
  ...samplingFields,
  'model',
  'messages',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'max_tokens',
  'max_completion_tokens',
  'logprobs',
  'top_logprobs',
  'reasoning_effort',
  'stream',
  'stream_options',
  'functions',
  'function_call',
]);

/** How unsupported fields are named. */
export const chatFieldNames: FieldNames = {
  toolChoice: 'tool_choice',
  parallelToolCalls: 'parallel_tool_calls',
  answerFormat: 'response_format',
  maxTokens: 'max_completion_tokens',
  topP: 'top_p',
  topK: 'top_k',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  choices: 'n',
  logitBias: 'logit_bias',
  reasoning: 'reasoning_effort',
  reasoningMembers: { effort: 'reasoning_effort', budgetTokens: 'reasoning_effort', isShown: 'reasoning_effort' },
  isStream: 'stream',
  wantsStreamUsage: 'stream_options.include_usage',
};

export function readChat(unknownBody: unknown): ChatRequest | Misread {
  const reading = new Reading();
  const body = bodyObject(reading, unknownBody);
  for (const old of ['functions', 'function_call'] as const) {
    const cure = old === 'functions' ? 'tools' : 'tool_choice';
    if (body[old] !== undefined && body[old] !== null) reading.wrong(old, `\`${old}\` is deprecated: use \`${cure}\`.`);
  }
  const streaming = readStreaming(reading, body);
  const chosen = readToolChoice(reading, body);
  const model = reading.name(body, '', 'model');
  const messages = readMessages(reading, body);
  const tools = readTools(reading, body);
  const parallelToolCalls = reading.flag(body, '', 'parallel_tool_calls');
  const answerFormat = readAnswerFormat(reading, body);
  const maxTokens = readMaxTokens(reading, body);
  const sampling = readSampling(reading, body);
  const request: ChatRequest = {
    model,
    messages,
    tools,
    toolChoice: chosen === 'own' ? null : chosen,
    parallelToolCalls,
    answerFormat,
    maxTokens,
    temperature: sampling.temperature,
    topP: sampling.topP,
    topK: sampling.topK,
    frequencyPenalty: sampling.frequencyPenalty,
    presencePenalty: sampling.presencePenalty,
    seed: sampling.seed,
    stop: sampling.stop,
    choices: sampling.choices,
    logitBias: sampling.logitBias,
    user: sampling.user,
    logprobs: readLogprobs(reading, body),
    reasoning: readReasoning(reading, body),
    isStream: streaming.isStream,
    wantsStreamUsage: streaming.wantsStreamUsage,
    extra: extraOf(body, streaming.extra, chosen === 'own'),
    family: 'openai-chat',
  };
  return reading.misread ?? request;
}

function extraOf(body: JsonObject, ofStream: JsonObject | null, hasOwnChoice: boolean): JsonObject {
  const extra = unread(body, known);
  if (ofStream === null && !hasOwnChoice) return extra;
  return { ...extra, ...ofStream, ...(hasOwnChoice ? { tool_choice: body['tool_choice'] } : {}) };
}

function readTools(reading: Reading, body: JsonObject): readonly Tool[] {
  return reading.objects(reading.list(body, '', 'tools') ?? [], 'tools').map(({ object: tool, at }): Tool => {
    const type = reading.name(tool, at, 'type');
    if (type !== 'function') return { kind: 'provider', type, raw: tool };
    const path = `${at}.function`;
    const told = reading.object(tool, at, 'function');
    if (told === null) reading.wrong(path, `\`${path}\` is missing: give an object with the \`name\` of the function.`);
    return {
      kind: 'function',
      name: reading.name(told ?? {}, path, 'name'),
      description: reading.text(told ?? {}, path, 'description'),
      parameters: reading.object(told ?? {}, path, 'parameters'),
      strict: reading.flag(told ?? {}, path, 'strict'),
      cache: cacheMark(reading, tool, at),
    };
  });
}

/** `own`: in words that only its own family knows (custom and allowed tools). */
function readToolChoice(reading: Reading, body: JsonObject): ToolChoice | 'own' | null {
  const chosen = body['tool_choice'];
  if (chosen === undefined || chosen === null) return null;
  if (chosen === 'auto' || chosen === 'none' || chosen === 'required') return { kind: chosen };
  if (isObject(chosen) && typeof chosen['type'] === 'string' && chosen['type'] !== 'function') return 'own';
  if (isObject(chosen) && isObject(chosen['function'])) {
    return { kind: 'tool', name: reading.name(chosen['function'], 'tool_choice.function', 'name') };
  }
  const example = '{"type": "function", "function": {"name": "…"}}';
  reading.wrong('tool_choice', `\`tool_choice\` is not known: give ${choice(['auto', 'none', 'required', example])}.`);
  return null;
}

const FORMATS = ['text', 'json_object', 'json_schema'] as const;

function readAnswerFormat(reading: Reading, body: JsonObject): AnswerFormat | null {
  const format = reading.object(body, '', 'response_format');
  if (format === null) return null;
  switch (reading.oneOf(format, 'response_format', 'type', FORMATS)) {
    case 'text':
      return { kind: 'text' };
    case 'json_object':
      return { kind: 'json' };
    case 'json_schema':
      return readSchema(reading, format, 'response_format');
    default:
      reading.wrong('response_format.type', `\`response_format.type\` is missing: give ${choice(FORMATS)}.`);
      return null;
  }
}

function readSchema(reading: Reading, format: JsonObject, at: string): AnswerFormat {
  const path = `${at}.json_schema`;
  const told = reading.object(format, at, 'json_schema') ?? {};
  const schema = reading.object(told, path, 'schema');
  if (schema === null)
    reading.wrong(`${path}.schema`, `\`${path}.schema\` is missing: give the JSON Schema of the answer.`);
  return {
    kind: 'schema',
    name: reading.name(told, path, 'name'),
    description: reading.text(told, path, 'description'),
    schema: schema ?? {},
    strict: reading.flag(told, path, 'strict'),
  };
}

function readMaxTokens(reading: Reading, body: JsonObject): number | null {
  const max = reading.whole(body, '', 'max_completion_tokens', 1);
  const old = reading.whole(body, '', 'max_tokens', 1);
  if (max !== null && old !== null && max !== old) {
    reading.wrong(
      'max_tokens',
      '`max_tokens` is the old name of `max_completion_tokens`, and they differ: give one of them.',
    );
  }
  return max ?? old;
}

/** As many alternatives as OpenAI gives of each token. */
const TOP_LOGPROBS_MAX = 20;

function readLogprobs(reading: Reading, body: JsonObject): { readonly top: number } | null {
  const wanted = reading.flag(body, '', 'logprobs');
  const top = reading.whole(body, '', 'top_logprobs', 0, TOP_LOGPROBS_MAX);
  if (top !== null && wanted !== true) {
    reading.wrong(
      'top_logprobs',
      '`top_logprobs` needs `logprobs`: set `logprobs` to true, or leave `top_logprobs` out.',
    );
  }
  return wanted === true ? { top: top ?? 0 } : null;
}

function readReasoning(reading: Reading, body: JsonObject): Reasoning | null {
  const effort = reading.oneOf(body, '', 'reasoning_effort', EFFORTS);
  return effort === null ? null : { effort, budgetTokens: null, isShown: null };
}
