/** A chat in the words of Cohere's v2 API (docs.cohere.com/reference/chat). Pure. */
import type { ChatField, ChatRequest, Unsupported } from '../../chat/chat-request.js';
import type { Message, Part } from '../../chat/part.js';
import { tokensOfEffort } from '../../chat/reasoning-steps.js';
import type { Json, JsonObject } from '../../json.js';
import { writeContentPart } from '../../openai-words/content.js';
import { writeFunctionTool, writeToolCall } from '../../openai-words/tools.js';

type Cannot = (field: ChatField | 'extra', at: string, why: string) => void;

export function writeRequest(
  chat: ChatRequest,
  model: string,
): { readonly body: JsonObject; readonly unsupported: readonly Unsupported[] } {
  const unsupported: Unsupported[] = [];
  const cannot: Cannot = (field, at, why) => {
    unsupported.push({ field, at, why });
  };
  const body: Record<string, Json> = {
    model,
    messages: chat.messages.flatMap((message, index) => writeMessage(message, index, cannot)),
    stream: chat.isStream,
    ...writeSampling(chat, cannot),
    ...writeTools(chat, cannot),
    ...writeFormat(chat),
    ...writeThinking(chat),
  };
  for (const [name, value] of Object.entries(chat.extra)) {
    if (value === undefined || value === null || (name === 'store' && value === false)) continue;
    if (chat.family === 'openai-chat' && ownFields.has(name)) body[name] = value;
    else cannot('extra', name, 'Cohere has no such field');
  }
  return { body, unsupported };
}

/** What Cohere has beside the vocabulary: a caller who names it can mean nobody else. */
const ownFields: ReadonlySet<string> = new Set([
  'documents',
  'citation_options',
  'safety_mode',
  'priority',
  'strict_tools',
]);

function writeSampling(chat: ChatRequest, cannot: Cannot): JsonObject {
  const fields: Readonly<Record<string, Json>> = {
    max_tokens: chat.maxTokens,
    temperature: chat.temperature,
    p: chat.topP,
    k: chat.topK,
    frequency_penalty: chat.frequencyPenalty,
    presence_penalty: chat.presencePenalty,
    seed: chat.seed,
    stop_sequences: chat.stop.length === 0 ? null : chat.stop,
    logprobs: chat.logprobs === null ? null : true,
  };
  if (chat.logprobs !== null && chat.logprobs.top > 0)
    cannot('logprobs', '', 'Cohere tells no alternatives to a token');
  if (chat.choices !== null && chat.choices > 1) cannot('choices', '', 'Cohere gives one answer');
  if (Object.keys(chat.logitBias ?? {}).length > 0) cannot('logitBias', '', 'Cohere has no bias of tokens');
  if (chat.user !== null) cannot('user', '', 'Cohere takes no id of an end user');
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function writeTools(chat: ChatRequest, cannot: Cannot): JsonObject {
  const body: Record<string, Json> = {};
  const tools = chat.tools.flatMap((tool, index) => {
    if (tool.kind === 'function') return [tool];
    cannot('tools', `[${index}]`, `Cohere has no tool of the type ${tool.type}`);
    return [];
  });
  if (tools.length > 0) body['tools'] = tools.map((tool) => writeFunctionTool({ ...tool, strict: null }));
  // One switch for all of them: where one asks for it, the others' arguments keep to their schemas as well.
  if (tools.some((tool) => tool.strict === true)) body['strict_tools'] = true;
  const { toolChoice } = chat;
  if (toolChoice?.kind === 'none') body['tool_choice'] = 'NONE';
  if (toolChoice?.kind === 'required') body['tool_choice'] = 'REQUIRED';
  if (toolChoice?.kind === 'tool') {
    const [only] = tools;
    if (tools.length === 1 && only?.name === toolChoice.name) body['tool_choice'] = 'REQUIRED';
    else cannot('toolChoice', '', "Cohere can't be told which of several tools to call");
  }
  if (chat.parallelToolCalls === false) cannot('parallelToolCalls', '', "Cohere can't be held to one call at a time");
  return body;
}

function writeFormat({ answerFormat }: ChatRequest): JsonObject {
  if (answerFormat === null || answerFormat.kind === 'text') return {};
  if (answerFormat.kind === 'json') return { response_format: { type: 'json_object' } };
  return { response_format: { type: 'json_object', json_schema: answerFormat.schema } };
}

/** Cohere counts tokens and knows no efforts. */
function writeThinking({ reasoning }: ChatRequest): JsonObject {
  if (reasoning === null) return {};
  const { effort, budgetTokens, isShown } = reasoning;
  if (effort === 'none') return { thinking: { type: 'disabled' } };
  const tokens = budgetTokens ?? (effort === null ? null : tokensOfEffort[effort]);
  if (tokens !== null) return { thinking: { type: 'enabled', token_budget: tokens } };
  return isShown === true ? { thinking: { type: 'enabled' } } : {};
}

function writeMessage(message: Message, index: number, cannot: Cannot): JsonObject[] {
  const { role, parts } = message;
  if (message.name !== null) cannot('messages', `[${index}].name`, 'Cohere does not tell participants apart by name');
  if (role === 'tool') return writeResults(parts, index, cannot);
  if (role !== 'assistant') return [{ role, content: writeContent(parts, index, cannot) }];
  const calls = parts.filter((part) => part.kind === 'toolCall');
  const plan = parts.map((part) => (part.kind === 'reasoning' ? part.text : '')).join('');
  const said = parts.map((part) => (part.kind === 'toolCall' || part.kind === 'reasoning' ? null : part));
  return [
    {
      role,
      ...(said.every((part) => part === null) ? {} : { content: writeContent(said, index, cannot) }),
      ...(calls.length === 0 ? {} : { tool_calls: calls.map(writeToolCall) }),
      // What was thought before a call belongs to it; of other thoughts Cohere wants nothing back.
      ...(calls.length === 0 || plan === '' ? {} : { tool_plan: plan }),
    },
  ];
}

function writeResults(parts: readonly Part[], index: number, cannot: Cannot): JsonObject[] {
  return parts.flatMap((part, at) => {
    if (part.kind !== 'toolResult') {
      cannot(
        'messages',
        `[${index}].parts[${at}]`,
        'Cohere takes results of calls in a message of tools, and nothing else',
      );
      return [];
    }
    const texts = part.content.map((each, place) => {
      if (each.kind === 'text') return each.text;
      cannot('messages', `[${index}].parts[${at}].content[${place}]`, 'Cohere takes results of tools as text');
      return '';
    });
    const content = `${part.isError ? 'Error: ' : ''}${texts.join('\n')}`;
    return [{ role: 'tool', tool_call_id: part.callId, content }];
  });
}

/** Null stands where a part is said elsewhere. */
function writeContent(parts: readonly (Part | null)[], index: number, cannot: Cannot): string | readonly JsonObject[] {
  const kept = parts.filter((part) => part !== null);
  const [only] = kept;
  if (only === undefined) return '';
  if (kept.length === 1 && only.kind === 'text') return only.text;
  return parts.flatMap((part, at) => {
    if (part === null) return [];
    const written = writePart(part);
    if (typeof written !== 'string') return [written];
    cannot('messages', `[${index}].parts[${at}]`, written);
    return [];
  });
}

function writePart(part: Part): JsonObject | string {
  if (part.kind === 'audio') return 'Cohere takes no audio';
  if (part.kind === 'document' && part.source.kind !== 'text') return 'Cohere takes documents as text';
  if (part.kind === 'refusal') return { type: 'text', text: part.text };
  const written = writeContentPart(part);
  return typeof written === 'string' ? `Cohere ${written}` : written;
}
