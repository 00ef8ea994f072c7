/**
 * Reads the body of `POST /v1/responses`. Answers are not kept here, so what needs that (`previous_response_id`, `store: true`,
 * `background`) is left to providers of the same family. Source: https://platform.openai.com/docs/api-reference/responses/create. Pure.
 */
import type { AnswerFormat, ChatRequest, Reasoning, Tool, ToolChoice } from '../../chat/chat-request.js';
import type { Misread } from '../../format.js';
import { isObject, type JsonObject } from '../../json.js';
import type { FieldNames } from '../field-name.js';
import { EFFORTS } from '../openai-words/sampling.js';
import { bodyObject, choice, Reading, unread } from '../reading.js';
import { readInput } from './input.js';

const known: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'text',
  'max_output_tokens',
  'temperature',
  'top_p',
  'top_logprobs',
  'include',
  'reasoning',
  'user',
  'stream',
  'stream_options',
]);

/** Said so, these are what is done anyway. */
const asDone: Readonly<Record<string, unknown>> = { store: false, background: false, truncation: 'disabled' };

/** How unsupported fields are named. */
export const responsesFieldNames: FieldNames = {
  messages: 'input',
  toolChoice: 'tool_choice',
  parallelToolCalls: 'parallel_tool_calls',
  answerFormat: 'text.format',
  maxTokens: 'max_output_tokens',
  topP: 'top_p',
  logprobs: 'top_logprobs',
  reasoningMembers: { effort: 'reasoning.effort', budgetTokens: 'reasoning', isShown: 'reasoning.summary' },
  isStream: 'stream',
};

export function readResponses(unknownBody: unknown): ChatRequest | Misread {
  const reading = new Reading();
  const body = bodyObject(reading, unknownBody);
  const chosen = readToolChoice(reading, body);
  const reasoning = readReasoning(reading, body);
  const text = reading.object(body, '', 'text') ?? {};
  const included = readInclude(reading, body);
  readStreamOptions(reading, body);
  const more = Object.entries(unread(body, known)).filter(([name, value]) => asDone[name] !== value);
  const request: ChatRequest = {
    model: reading.name(body, '', 'model'),
    messages: readInput(reading, body),
    tools: readTools(reading, body),
    toolChoice: chosen === 'own' ? null : chosen,
    parallelToolCalls: reading.flag(body, '', 'parallel_tool_calls'),
    answerFormat: readAnswerFormat(reading, text),
    maxTokens: reading.whole(body, '', 'max_output_tokens', 1),
    temperature: reading.number(body, '', 'temperature', 0, 2),
    topP: reading.number(body, '', 'top_p', 0, 1),
    topK: null,
    frequencyPenalty: null,
    presencePenalty: null,
    seed: null,
    stop: [],
    choices: null,
    logprobs: included.logprobs,
    logitBias: null,
    reasoning: reasoning.reasoning,
    user: reading.text(body, '', 'user'),
    isStream: reading.flag(body, '', 'stream') ?? false,
    // Its streams always end with the figures.
    wantsStreamUsage: true,
    extra: {
      ...Object.fromEntries(more),
      ...verbosityOf(reading, text),
      ...restOf('text', text, ['format', 'verbosity']),
      ...reasoning.extra,
      ...included.extra,
      ...(chosen === 'own' ? { tool_choice: body['tool_choice'] } : {}),
    },
    family: 'openai-responses',
  };
  return reading.misread ?? request;
}

function restOf(name: string, object: JsonObject, read: readonly string[]): JsonObject {
  const rest = unread(object, new Set(read));
  return Object.keys(rest).length === 0 ? {} : { [name]: rest };
}

/** Chat completions have it under this name; so whoever speaks them may take it. */
function verbosityOf(reading: Reading, text: JsonObject): JsonObject {
  const verbosity = reading.oneOf(text, 'text', 'verbosity', ['low', 'medium', 'high']);
  return verbosity === null ? {} : { verbosity };
}

/** What the vocabulary has a place for; a function that says more is left in OpenAI's own words. */
const FUNCTION_FIELDS = new Set(['type', 'name', 'description', 'parameters', 'strict']);

function readTools(reading: Reading, body: JsonObject): readonly Tool[] {
  return reading.objects(reading.list(body, '', 'tools') ?? [], 'tools').map(({ object: tool, at }): Tool => {
    const type = reading.name(tool, at, 'type');
    const saysMore = Object.keys(unread(tool, FUNCTION_FIELDS)).length > 0;
    if (type === 'function' && isObject(tool['function'])) {
      reading.wrong(
        `${at}.function`,
        `\`${at}.function\` is of chat completions: give \`name\` and \`parameters\` beside \`type\`.`,
      );
    }
    if (type !== 'function' || saysMore) return { kind: 'provider', type, raw: tool };
    return {
      kind: 'function',
      name: reading.name(tool, at, 'name'),
      description: reading.text(tool, at, 'description'),
      parameters: reading.object(tool, at, 'parameters'),
      strict: reading.flag(tool, at, 'strict'),
      cache: null,
    };
  });
}

/** `own`: in words that only its own family knows. */
function readToolChoice(reading: Reading, body: JsonObject): ToolChoice | 'own' | null {
  const chosen = body['tool_choice'];
  if (chosen === undefined || chosen === null) return null;
  if (chosen === 'auto' || chosen === 'none' || chosen === 'required') return { kind: chosen };
  if (isObject(chosen) && chosen['type'] === 'function') {
    return { kind: 'tool', name: reading.name(chosen, 'tool_choice', 'name') };
  }
  if (isObject(chosen) && typeof chosen['type'] === 'string') return 'own';
  const example = '{"type": "function", "name": "…"}';
  reading.wrong('tool_choice', `\`tool_choice\` is not known: give ${choice(['auto', 'none', 'required', example])}.`);
  return null;
}

const FORMATS = ['text', 'json_object', 'json_schema'] as const;

function readAnswerFormat(reading: Reading, text: JsonObject): AnswerFormat | null {
  const at = 'text.format';
  const format = reading.object(text, 'text', 'format');
  if (format === null) return null;
  switch (reading.oneOf(format, at, 'type', FORMATS)) {
    case 'text':
      return { kind: 'text' };
    case 'json_object':
      return { kind: 'json' };
    case 'json_schema': {
      const schema = reading.object(format, at, 'schema');
      if (schema === null)
        reading.wrong(`${at}.schema`, `\`${at}.schema\` is missing: give the JSON Schema of the answer.`);
      return {
        kind: 'schema',
        name: reading.name(format, at, 'name'),
        description: reading.text(format, at, 'description'),
        schema: schema ?? {},
        strict: reading.flag(format, at, 'strict'),
      };
    }
    default:
      reading.wrong(`${at}.type`, `\`${at}.type\` is missing: give ${choice(FORMATS)}.`);
      return null;
  }
}

function readReasoning(
  reading: Reading,
  body: JsonObject,
): { readonly reasoning: Reasoning | null; readonly extra: JsonObject } {
  const told = reading.object(body, '', 'reasoning');
  if (told === null) return { reasoning: null, extra: {} };
  const effort = reading.oneOf(told, 'reasoning', 'effort', EFFORTS);
  const summary = reading.text(told, 'reasoning', 'summary') ?? reading.text(told, 'reasoning', 'generate_summary');
  const extra = restOf('reasoning', told, ['effort', 'summary', 'generate_summary']);
  if (effort === null && summary === null) return { reasoning: null, extra };
  return { reasoning: { effort, budgetTokens: null, isShown: summary === null ? null : true }, extra };
}

/** As many alternatives as OpenAI gives of each token. */
const TOP_LOGPROBS_MAX = 20;
const LOGPROBS = 'message.output_text.logprobs';
/** Given without being asked for. */
const ENCRYPTED = 'reasoning.encrypted_content';

function readInclude(
  reading: Reading,
  body: JsonObject,
): { readonly logprobs: { readonly top: number } | null; readonly extra: JsonObject } {
  const include = reading.texts(reading.list(body, '', 'include') ?? [], 'include');
  const top = reading.whole(body, '', 'top_logprobs', 0, TOP_LOGPROBS_MAX);
  const rest = include.filter((name) => name !== LOGPROBS && name !== ENCRYPTED);
  return {
    logprobs: include.includes(LOGPROBS) || (top ?? 0) > 0 ? { top: top ?? 0 } : null,
    extra: rest.length === 0 ? {} : { include: rest },
  };
}

function readStreamOptions(reading: Reading, body: JsonObject): void {
  const options = reading.object(body, '', 'stream_options');
  if (options === null) return;
  if (body['stream'] !== true)
    reading.wrong('stream_options', '`stream_options` is for streams: leave it out, or set `stream` to true.');
  // Padding against observers of lengths is off or on as the provider likes: it changes no answer.
  reading.flag(options, 'stream_options', 'include_obfuscation');
}
