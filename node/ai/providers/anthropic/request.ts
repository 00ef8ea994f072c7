/** A chat in the words of Anthropic's Messages API, wherever it is served. Pure. */
import type { ChatRequest, Tool } from '../../chat/chat-request.js';
import type { JsonObject } from '../../json.js';
import type { ProviderPlace, ProviderRequest } from '../../provider.js';
import { Gaps } from '../gaps.js';
import { objectOf } from '../untrusted.js';
import { cacheControl, conversationOf } from './messages.js';
import { outputTokensMax } from './models.js';
import { type Thinking, thinkingGaps, thinkingOf } from './thinking.js';

export function request(chat: ChatRequest, place: ProviderPlace): ProviderRequest {
  const gaps = new Gaps('Anthropic');
  const beta = place.settings['beta'];
  return {
    method: 'POST',
    path: `${place.basePath}/messages`,
    query: '',
    headers: [
      'anthropic-version',
      place.settings['version'] ?? '2023-06-01',
      ...(beta === undefined ? [] : ['anthropic-beta', beta]),
    ],
    body: { model: place.model, ...messagesBody(chat, place, gaps) },
    unsupported: gaps.found,
  };
}

/** All of the body but the model, which Google wants in the path. */
export function messagesBody(chat: ChatRequest, place: ProviderPlace, gaps: Gaps): JsonObject {
  const maxTokens = chat.maxTokens ?? (Number(place.settings['maxTokens']) || outputTokensMax(place.model));
  const thinking = thinkingOf(chat, place.model, maxTokens, gaps);
  thinkingGaps(chat, thinking, gaps);
  gaps.addSaid(chat, ['frequencyPenalty', 'presencePenalty', 'seed', 'choices', 'logprobs', 'logitBias']);
  if (chat.temperature !== null && chat.temperature > 1) gaps.add('temperature', '', 'takes 0 to 1');
  if (chat.family !== 'anthropic') gaps.addExtra(chat);
  const { system, messages } = conversationOf(chat.messages, place.model, gaps);
  const extra = chat.family === 'anthropic' ? chat.extra : {};
  return {
    ...extra,
    max_tokens: maxTokens,
    ...(system.length === 0 ? {} : { system }),
    messages,
    ...toolFields(chat, gaps),
    ...samplingFields(chat),
    // A way to think that has no place in the vocabulary came as it is.
    ...(thinking.thinking === null || 'thinking' in extra ? {} : { thinking: thinking.thinking }),
    ...outputConfig(chat, thinking, objectOf(extra['output_config']), gaps),
    ...(chat.user === null ? {} : { metadata: { ...objectOf(extra['metadata']), user_id: chat.user } }),
    ...(chat.isStream ? { stream: true } : {}),
  };
}

function samplingFields({ temperature, topP, topK, stop }: ChatRequest): JsonObject {
  return {
    ...(temperature === null ? {} : { temperature }),
    ...(topP === null ? {} : { top_p: topP }),
    ...(topK === null ? {} : { top_k: topK }),
    ...(stop.length === 0 ? {} : { stop_sequences: stop }),
  };
}

function toolFields(chat: ChatRequest, gaps: Gaps): JsonObject {
  const tools = chat.tools.map((tool, index) => toolOf(tool, chat, `[${index}]`, gaps)).filter((tool) => tool !== null);
  const choice = tools.length === 0 ? null : toolChoice(chat);
  return { ...(tools.length === 0 ? {} : { tools }), ...(choice === null ? {} : { tool_choice: choice }) };
}

function toolOf(tool: Tool, chat: ChatRequest, at: string, gaps: Gaps): JsonObject | null {
  if (tool.kind === 'provider') {
    if (chat.family === 'anthropic') return tool.raw;
    gaps.add('tools', at, `has no tool \`${tool.type}\` of its own`);
    return null;
  }
  const { name, description, parameters, strict, cache, isEager } = tool;
  return {
    name,
    ...(description === null ? {} : { description }),
    // The schema has to be that of an object, even where there are no arguments.
    input_schema: { type: 'object', properties: {}, ...parameters },
    ...(strict === null ? {} : { strict }),
    ...(isEager === undefined ? {} : { eager_input_streaming: isEager }),
    ...cacheControl(cache),
  };
}

/** Whether calls may come in parallel is a part of the choice here; a choice that only says that is the usual one. */
function toolChoice({ toolChoice: choice, parallelToolCalls }: ChatRequest): JsonObject | null {
  if (choice?.kind === 'none') return { type: 'none' };
  const parallel = parallelToolCalls === false ? { disable_parallel_tool_use: true } : {};
  switch (choice?.kind) {
    case 'required':
      return { type: 'any', ...parallel };
    case 'tool':
      return { type: 'tool', name: choice.name, ...parallel };
    case 'auto':
      return { type: 'auto', ...parallel };
    default:
      return parallelToolCalls === false ? { type: 'auto', ...parallel } : null;
  }
}

function outputConfig(chat: ChatRequest, { effort }: Thinking, extra: JsonObject, gaps: Gaps): JsonObject {
  const { answerFormat } = chat;
  if (answerFormat?.kind === 'json') {
    gaps.add('answerFormat', '', 'keeps to a JSON Schema, not to JSON of any shape: give a schema');
  }
  const format =
    answerFormat?.kind === 'schema' ? { format: { type: 'json_schema', schema: answerFormat.schema } } : {};
  const config = { ...extra, ...(effort === null ? {} : { effort }), ...format };
  return Object.keys(config).length === 0 ? {} : { output_config: config };
}
