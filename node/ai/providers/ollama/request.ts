/** A chat in the words of Ollama's own API (docs.ollama.com/api/chat). Pure. */
import type { ChatField, ChatRequest, ReasoningEffort, Unsupported } from '../../chat/chat-request.js';
import type { Message, Part, ToolCallPart, ToolResultPart } from '../../chat/part.js';
import { effortWithin } from '../../chat/reasoning-steps.js';
import { isObject, type Json, type JsonObject, parsedJson } from '../../json.js';
import { writeFunctionTool } from '../../openai-words/tools.js';

type Cannot = (field: ChatField | 'extra', at: string, why: string) => void;

export function writeRequest(
  chat: ChatRequest,
  model: string,
): { readonly body: JsonObject; readonly unsupported: readonly Unsupported[] } {
  const unsupported: Unsupported[] = [];
  const cannot: Cannot = (field, at, why) => {
    unsupported.push({ field, at, why });
  };
  const { options, ...extra } = writeExtra(chat, cannot);
  const settings = { ...(isObject(options) ? options : {}), ...writeOptions(chat, cannot) };
  const body: JsonObject = {
    ...extra,
    model,
    messages: writeMessages(chat.messages, cannot),
    // It streams unless it is told not to.
    stream: chat.isStream,
    ...(Object.keys(settings).length === 0 ? {} : { options: settings }),
    ...writeTools(chat, cannot),
    ...writeFormat(chat),
    ...writeThink(chat, cannot),
    ...writeLogprobs(chat),
  };
  return { body, unsupported };
}

function writeOptions(chat: ChatRequest, cannot: Cannot): JsonObject {
  const options: Readonly<Record<string, Json>> = {
    num_predict: chat.maxTokens,
    temperature: chat.temperature,
    top_p: chat.topP,
    top_k: chat.topK,
    frequency_penalty: chat.frequencyPenalty,
    presence_penalty: chat.presencePenalty,
    seed: chat.seed,
    stop: chat.stop.length === 0 ? null : chat.stop,
  };
  if (chat.choices !== null && chat.choices > 1) cannot('choices', '', 'Ollama gives one answer');
  if (Object.keys(chat.logitBias ?? {}).length > 0) cannot('logitBias', '', 'Ollama has no bias of tokens');
  if (chat.user !== null) cannot('user', '', 'Ollama takes no id of an end user');
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
}

function writeLogprobs({ logprobs }: ChatRequest): JsonObject {
  if (logprobs === null) return {};
  return { logprobs: true, ...(logprobs.top > 0 ? { top_logprobs: logprobs.top } : {}) };
}

/** Who may call nothing is shown no tools: Ollama has no other word for it. */
function writeTools(chat: ChatRequest, cannot: Cannot): JsonObject {
  const { toolChoice, parallelToolCalls } = chat;
  if (toolChoice?.kind === 'none') return {};
  if (toolChoice !== null && toolChoice.kind !== 'auto')
    cannot('toolChoice', '', "Ollama can't be told to call a tool");
  if (parallelToolCalls === false) cannot('parallelToolCalls', '', "Ollama can't be held to one call at a time");
  const tools = chat.tools.flatMap((tool, index) => {
    if (tool.kind === 'provider') {
      cannot('tools', `[${index}]`, `Ollama has no tool of the type ${tool.type}`);
      return [];
    }
    if (tool.strict === true) cannot('tools', `[${index}]`, 'Ollama does not hold arguments to a schema');
    return [writeFunctionTool({ ...tool, strict: null })];
  });
  return tools.length === 0 ? {} : { tools };
}

function writeFormat({ answerFormat }: ChatRequest): JsonObject {
  if (answerFormat === null || answerFormat.kind === 'text') return {};
  return { format: answerFormat.kind === 'json' ? 'json' : answerFormat.schema };
}

const EFFORTS: readonly ReasoningEffort[] = ['low', 'medium', 'high'];

/** `think` is a boolean, or one of three levels; models without levels take each of them for true. */
function writeThink({ reasoning }: ChatRequest, cannot: Cannot): JsonObject {
  if (reasoning === null) return {};
  const { budgetTokens, isShown } = reasoning;
  const effort = reasoning.effort ?? (budgetTokens === null ? null : effortWithin(budgetTokens, EFFORTS));
  if (effort === 'none') return { think: false };
  if (effort !== null && EFFORTS.includes(effort)) return { think: effort };
  if (effort !== null) cannot('reasoning', 'effort', 'Ollama knows the efforts none, low, medium and high');
  return isShown === true ? { think: true } : {};
}

/** What Ollama has beside the vocabulary: a caller who names it can mean nobody else. */
const ownFields: ReadonlySet<string> = new Set(['options', 'keep_alive', 'think', 'truncate', 'shift']);

function writeExtra(chat: ChatRequest, cannot: Cannot): JsonObject {
  const body: Record<string, Json> = {};
  for (const [name, value] of Object.entries(chat.extra)) {
    if (value === undefined || value === null || (name === 'store' && value === false)) continue;
    if (chat.family === 'openai-chat' && ownFields.has(name)) body[name] = value;
    else cannot('extra', name, 'Ollama has no such field');
  }
  return body;
}

/** Results name the tool and not the call: the names are looked up in the calls before. */
function writeMessages(messages: readonly Message[], cannot: Cannot): JsonObject[] {
  const names = new Map<string, string>();
  return messages.flatMap((message, index) => {
    const at = `[${index}]`;
    if (message.name !== null) cannot('messages', `${at}.name`, 'Ollama does not tell participants apart by name');
    if (message.role === 'tool') return writeResults(message.parts, at, names, cannot);
    const calls = message.parts.flatMap((part, place) => {
      if (part.kind !== 'toolCall') return [];
      names.set(part.id, part.name);
      return writeCall(part, `${at}.parts[${place}]`, cannot);
    });
    const images = message.parts.flatMap((part, place) => writeImage(part, `${at}.parts[${place}]`, cannot));
    const thinking = message.parts.map((part) => (part.kind === 'reasoning' ? part.text : '')).join('');
    return [
      {
        role: message.role,
        content: writeText(message.parts, at, cannot),
        ...(images.length === 0 ? {} : { images }),
        ...(thinking === '' ? {} : { thinking }),
        ...(calls.length === 0 ? {} : { tool_calls: calls }),
      },
    ];
  });
}

/** Arguments are an object there, so that what a model has written askew can't be told back. */
function writeCall(call: ToolCallPart, at: string, cannot: Cannot): JsonObject[] {
  const parsed = parsedJson(call.arguments === '' ? '{}' : call.arguments);
  if (isObject(parsed)) return [{ function: { name: call.name, arguments: parsed } }];
  cannot('messages', at, 'Ollama takes arguments of a call as a JSON object');
  return [];
}

function writeResults(
  parts: readonly Part[],
  at: string,
  names: ReadonlyMap<string, string>,
  cannot: Cannot,
): JsonObject[] {
  return parts.flatMap((part, place) => {
    if (part.kind !== 'toolResult') {
      cannot(
        'messages',
        `${at}.parts[${place}]`,
        'Ollama takes results of calls in a message of tools, and nothing else',
      );
      return [];
    }
    const where = `${at}.parts[${place}].content`;
    const images = part.content.flatMap((each, inner) => writeImage(each, `${where}[${inner}]`, cannot));
    const name = names.get(part.callId);
    return [
      {
        role: 'tool',
        content: `${part.isError ? 'Error: ' : ''}${resultText(part, where, cannot)}`,
        ...(images.length === 0 ? {} : { images }),
        ...(name === undefined ? {} : { tool_name: name }),
      },
    ];
  });
}

function resultText(part: ToolResultPart, where: string, cannot: Cannot): string {
  return part.content.flatMap((each, inner) => textOfPart(each, `${where}[${inner}]`, cannot)).join('\n\n');
}

/** A message is one text. */
function writeText(parts: readonly Part[], at: string, cannot: Cannot): string {
  return parts.flatMap((part, place) => textOfPart(part, `${at}.parts[${place}]`, cannot)).join('\n\n');
}

function textOfPart(part: Part, at: string, cannot: Cannot): string[] {
  if (part.kind === 'text' || part.kind === 'refusal') return [part.text];
  if (part.kind === 'document') {
    if (part.source.kind === 'text') return [part.source.text];
    cannot('messages', at, 'Ollama takes documents as text');
  }
  if (part.kind === 'audio') cannot('messages', at, 'Ollama takes no audio');
  return [];
}

function writeImage(part: Part, at: string, cannot: Cannot): string[] {
  if (part.kind !== 'image') return [];
  if (part.source.kind === 'base64') return [part.source.base64];
  cannot('messages', at, 'Ollama takes images as base64 only');
  return [];
}
