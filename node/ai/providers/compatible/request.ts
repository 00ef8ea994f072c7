/** A chat in the words of chat completions, with what a spec says of the one who reads it. Pure. */
import type { ChatField, ChatRequest, Unsupported } from '../../chat/chat-request.js';
import { isObject, type Json, type JsonObject } from '../../json.js';
import { writeAnswerFormat, writeFunctionTool, writeToolChoice } from '../../openai-words/tools.js';
import { writeCacheMark, writeMessages } from './messages.js';
import { writeReasoning } from './reasoning.js';
import { type CompatibleSpec, openAiExtras, type Refusable } from './spec.js';

export interface WrittenBody {
  readonly body: JsonObject;
  readonly unsupported: readonly Unsupported[];
}

export function writeBody(
  chat: ChatRequest,
  model: string,
  spec: CompatibleSpec,
  systemRole: 'system' | 'developer' = 'system',
): WrittenBody {
  const unsupported: Unsupported[] = [];
  const messages = writeMessages(chat.messages, spec, systemRole, unsupported);
  const said: Record<string, Json> = {};
  writeSampling(chat, spec, said, unsupported);
  writeTools(chat, spec, said, unsupported);
  writeReasoning(chat.reasoning, spec, said, unsupported);
  // The caller's own fields come first: none of them can take the place of what the gateway says.
  const body = writeExtra(chat, spec, unsupported);
  body['model'] = model;
  body['messages'] = messages;
  if (goesOn(chat, spec)) {
    body['continue_final_message'] = true;
    body['add_generation_prompt'] = false;
  }
  const { names = NO_NAMES } = spec;
  for (const name in said) body[names[name] ?? name] = said[name] ?? null;
  if (chat.isStream) body['stream'] = true;
  // Asked for always: what a stream has cost must be known also where the caller does not want to be told.
  if (chat.isStream && spec.streamUsage !== 'unasked') body['stream_options'] = { include_usage: true };
  return { body, unsupported };
}

const NO_NAMES: Readonly<Record<string, string>> = {};

function goesOn({ messages }: ChatRequest, { prefix }: CompatibleSpec): boolean {
  return prefix?.by === 'continue_final_message' && messages.at(-1)?.isUnfinished === true;
}

/** The fields that are one value each. */
function writeSampling(
  chat: ChatRequest,
  spec: CompatibleSpec,
  body: Record<string, Json>,
  unsupported: Unsupported[],
): void {
  const put = (field: ChatField, name: Refusable | 'top_k', value: Json, wireName: string = name): void => {
    if (value === null) return;
    const isRefused = name === 'top_k' ? !spec.takes?.includes('top_k') : (spec.refuses?.includes(name) ?? false);
    if (!isRefused) body[wireName] = value;
    else if (!saysNothing(name, value)) unsupported.push({ field, at: '', why: `${spec.title} has no ${wireName}` });
  };
  put('maxTokens', 'max_tokens', chat.maxTokens, spec.maxTokens ?? 'max_tokens');
  put('temperature', 'temperature', chat.temperature);
  put('topP', 'top_p', chat.topP);
  put('topK', 'top_k', chat.topK);
  put('frequencyPenalty', 'frequency_penalty', chat.frequencyPenalty);
  put('presencePenalty', 'presence_penalty', chat.presencePenalty);
  put('seed', 'seed', chat.seed);
  put('stop', 'stop', chat.stop.length === 0 ? null : chat.stop);
  // One answer is what everyone gives unasked.
  put('choices', 'n', chat.choices === 1 ? null : chat.choices);
  put('logitBias', 'logit_bias', chat.logitBias);
  put('user', 'user', chat.user);
  if (chat.logprobs !== null) {
    put('logprobs', 'logprobs', true);
    if (chat.logprobs.top > 0 && !spec.refuses?.includes('logprobs')) {
      put('logprobs', 'top_logprobs', chat.logprobs.top);
    }
  }
}

/** What changes nothing is not missed: clients write out defaults. */
function saysNothing(name: Refusable | 'top_k', value: Json): boolean {
  if (name === 'frequency_penalty' || name === 'presence_penalty') return value === 0;
  return name === 'logit_bias' && isObject(value) && Object.keys(value).length === 0;
}

function writeTools(
  chat: ChatRequest,
  spec: CompatibleSpec,
  body: Record<string, Json>,
  unsupported: Unsupported[],
): void {
  const { refuses = [], takes = [], title } = spec;
  const cannot = (field: ChatField, at: string, why: string): null => {
    unsupported.push({ field, at, why: `${title} ${why}` });
    return null;
  };
  const tools = chat.tools.map((tool, index): JsonObject | null => {
    if (refuses.includes('tools')) return cannot('tools', `[${index}]`, 'calls no tools');
    if (tool.kind === 'provider') {
      const isOwn = takes.includes('provider_tools') && chat.family === 'openai-chat' && tool.type !== 'custom';
      return isOwn ? tool.raw : cannot('tools', `[${index}]`, `has no tool of the type ${tool.type} in this API`);
    }
    if (tool.strict === true && refuses.includes('strict')) {
      return cannot('tools', `[${index}]`, 'does not hold arguments to a schema');
    }
    const written = writeFunctionTool(refuses.includes('strict') ? { ...tool, strict: null } : tool);
    const isMarked = tool.cache !== null && takes.includes('cache_control');
    return isMarked && tool.cache !== null ? { ...written, cache_control: writeCacheMark(tool.cache) } : written;
  });
  const kept = tools.filter((tool) => tool !== null);
  if (kept.length > 0) body['tools'] = kept;
  writeChoiceOfTools(chat, spec, body, cannot);
  writeFormat(chat, spec, body, cannot);
}

type Cannot = (field: ChatField, at: string, why: string) => null;

function writeChoiceOfTools(
  { toolChoice, parallelToolCalls }: ChatRequest,
  { refuses = [] }: CompatibleSpec,
  body: Record<string, Json>,
  cannot: Cannot,
): void {
  if (toolChoice !== null) {
    const isRefused =
      refuses.includes('tool_choice') ||
      (toolChoice.kind === 'required' && refuses.includes('tool_choice.required')) ||
      (toolChoice.kind === 'tool' && refuses.includes('tool_choice.function'));
    if (!isRefused) body['tool_choice'] = writeToolChoice(toolChoice);
    // The model's own choice is what it has without a word.
    else if (toolChoice.kind !== 'auto') cannot('toolChoice', '', `can't be told which tool to call`);
  }
  if (parallelToolCalls !== null) {
    if (!refuses.includes('parallel_tool_calls')) body['parallel_tool_calls'] = parallelToolCalls;
    // To allow several calls at once demands nothing; to forbid them does.
    else if (!parallelToolCalls) cannot('parallelToolCalls', '', `can't be held to one call at a time`);
  }
}

function writeFormat(
  { answerFormat }: ChatRequest,
  { refuses = [] }: CompatibleSpec,
  body: Record<string, Json>,
  cannot: Cannot,
): void {
  if (answerFormat === null || answerFormat.kind === 'text') return;
  if (answerFormat.kind === 'schema' && refuses.includes('json_schema'))
    cannot('answerFormat', '', `does not hold answers to a schema`);
  else if (answerFormat.kind === 'json' && refuses.includes('json_object'))
    cannot('answerFormat', '', `can't be held to JSON`);
  else body['response_format'] = writeAnswerFormat(answerFormat);
}

const ownExtras: ReadonlySet<string> = new Set(openAiExtras);

/**
 * Fields of OpenAI's own that the reader does not list are refused; those that OpenAI does not know can only be meant for the
 * provider at hand (`min_p`, `guided_json`, `provider`, …) and go as they came. Other formats' fields are nobody's here.
 */
function writeExtra(
  chat: ChatRequest,
  { takes = [], title }: CompatibleSpec,
  unsupported: Unsupported[],
): Record<string, Json> {
  const body: Record<string, Json> = {};
  for (const [name, value] of Object.entries(chat.extra)) {
    if (value === undefined || value === null) continue;
    const isOwn = ownExtras.has(name);
    const isSpoken = chat.family === 'openai-chat' || (chat.family === 'openai-responses' && isOwn);
    const isSound = name !== 'modalities' || isTextOnly(value);
    if (isSpoken && isSound && (isOwn ? takes.some((one) => one === name) : !unsayable.has(name))) body[name] = value;
    // Who keeps nothing does what `store: false` asks; text alone is what all give.
    else if (!(name === 'store' && value === false) && !(name === 'modalities' && isSound)) {
      unsupported.push({ field: 'extra', at: name, why: `${title} has no such field` });
    }
  }
  return body;
}

/** Audio in answers has no place in the vocabulary, nor have the calls that came before tools. */
const unsayable: ReadonlySet<string> = new Set(['audio', 'functions', 'function_call']);

const isTextOnly = (value: Json): boolean => Array.isArray(value) && value.every((each) => each === 'text');
