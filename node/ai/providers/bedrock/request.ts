/** A chat in the words of Bedrock's Converse and ConverseStream. Pure. Source: the API reference of Bedrock Runtime. */
import type { ChatRequest, ReasoningEffort, Tool } from '../../chat/chat-request.js';
import { effortWithin } from '../../chat/reasoning-steps.js';
import type { JsonObject } from '../../json.js';
import type { ProviderPlace, ProviderRequest } from '../../provider.js';
import { encodeStep } from '../../uri.js';
import { outputTokensMax } from '../anthropic/models.js';
import { type Thinking, thinkingGaps, thinkingOf } from '../anthropic/thinking.js';
import { Gaps } from '../gaps.js';
import { cachePoint, conversationOf } from './messages.js';
import { isClaude, isGptOss, isNova, isNova2 } from './models.js';

export function request(chat: ChatRequest, place: ProviderPlace): ProviderRequest {
  const { model } = place;
  const gaps = new Gaps('Bedrock');
  gaps.addSaid(chat, ['frequencyPenalty', 'presencePenalty', 'seed', 'choices', 'logprobs', 'logitBias', 'user']);
  gaps.addSaid(chat, ['parallelToolCalls']);
  if (chat.temperature !== null && chat.temperature > 1) gaps.add('temperature', '', 'takes 0 to 1');
  gaps.addExtra(chat);
  const { system, messages } = conversationOf(chat.messages, model, gaps);
  const own = ownFields(chat, model, gaps);
  return {
    method: 'POST',
    // A model may be an ARN, whose slashes are no steps of the path.
    path: `${place.basePath}/model/${encodeStep(model)}/${chat.isStream ? 'converse-stream' : 'converse'}`,
    query: '',
    headers: [],
    body: {
      messages,
      ...given('system', system.length === 0 ? null : system),
      ...given('inferenceConfig', inferenceConfig(chat)),
      ...given('toolConfig', toolConfig(chat, gaps)),
      ...given('guardrailConfig', guardrailConfig(place, chat.isStream)),
      ...given('additionalModelRequestFields', filled(own.fields)),
      ...given('outputConfig', filled({ ...formatConfig(chat, gaps), ...given('effort', own.effort) })),
    },
    unsupported: gaps.found,
  };
}

function given(name: string, value: JsonObject[string] | null): JsonObject {
  return value === null ? {} : { [name]: value };
}

const filled = (fields: JsonObject): JsonObject | null => (Object.keys(fields).length === 0 ? null : fields);

function inferenceConfig({ maxTokens, temperature, topP, stop }: ChatRequest): JsonObject | null {
  return filled({
    ...given('maxTokens', maxTokens),
    ...given('temperature', temperature),
    ...given('topP', topP),
    ...given('stopSequences', stop.length === 0 ? null : stop),
  });
}

function toolConfig(chat: ChatRequest, gaps: Gaps): JsonObject | null {
  const { toolChoice } = chat;
  // There is no "none", but tools that are not told can't be called; only a conversation with calls in it wants them told.
  const hasCalls = chat.messages.some(({ parts }) =>
    parts.some(({ kind }) => kind === 'toolCall' || kind === 'toolResult'),
  );
  if (toolChoice?.kind === 'none' && !hasCalls) return null;
  const tools = chat.tools.flatMap((tool, index) => toolOf(tool, `[${index}]`, gaps));
  if (tools.length === 0) return null;
  if (toolChoice?.kind === 'none')
    gaps.add('toolChoice', '', 'can not keep a model from calling tools once it has called some');
  return { tools, ...given('toolChoice', choiceOf(chat)) };
}

function toolOf(tool: Tool, at: string, gaps: Gaps): JsonObject[] {
  if (tool.kind === 'provider') {
    gaps.add('tools', at, `has no tool \`${tool.type}\` of its own`);
    return [];
  }
  const { name, description, parameters, strict, cache } = tool;
  const toolSpec = {
    name,
    ...given('description', description),
    inputSchema: { json: { type: 'object', properties: {}, ...parameters } },
    ...given('strict', strict),
  };
  return [{ toolSpec }, ...cachePoint(cache)];
}

function choiceOf({ toolChoice }: ChatRequest): JsonObject | null {
  switch (toolChoice?.kind) {
    case 'auto':
      return { auto: {} };
    case 'required':
      return { any: {} };
    case 'tool':
      return { tool: { name: toolChoice.name } };
    default:
      return null;
  }
}

/** Settings: `guardrailIdentifier`, `guardrailVersion` (else the draft), `guardrailTrace`, `guardrailMode` (of streams). */
function guardrailConfig({ settings }: ProviderPlace, isStream: boolean): JsonObject | null {
  const { guardrailIdentifier, guardrailVersion = 'DRAFT', guardrailTrace, guardrailMode } = settings;
  if (guardrailIdentifier === undefined) return null;
  return {
    guardrailIdentifier,
    guardrailVersion,
    ...given('trace', guardrailTrace ?? null),
    ...given('streamProcessingMode', isStream ? (guardrailMode ?? null) : null),
  };
}

function formatConfig({ answerFormat }: ChatRequest, gaps: Gaps): JsonObject {
  if (answerFormat === null || answerFormat.kind === 'text') return {};
  if (answerFormat.kind === 'json') {
    gaps.add('answerFormat', '', 'keeps to a JSON Schema, not to JSON of any shape: give a schema');
    return {};
  }
  const { name, description, schema } = answerFormat;
  const jsonSchema = { schema: JSON.stringify(schema), name, ...given('description', description) };
  return { textFormat: { type: 'json_schema', structure: { jsonSchema } } };
}

interface OwnFields {
  readonly fields: JsonObject;
  readonly effort: string | null;
}

/** What Converse has no field for and takes in the words of the model's maker. */
function ownFields(chat: ChatRequest, model: string, gaps: Gaps): OwnFields {
  if (isClaude(model)) {
    const thinking: Thinking = thinkingOf(chat, model, chat.maxTokens ?? outputTokensMax(model), gaps);
    thinkingGaps(chat, thinking, gaps);
    return {
      fields: { ...given('top_k', chat.topK), ...given('thinking', thinking.thinking) },
      effort: thinking.effort,
    };
  }
  const { effort: said = null, budgetTokens = null } = chat.reasoning ?? {};
  const effort = said ?? (budgetTokens === null ? null : effortWithin(budgetTokens, ['low', 'medium', 'high']));
  if (chat.topK !== null && !isNova(model)) gaps.add('topK', '', 'takes none for this model');
  const topK = isNova(model) && chat.topK !== null ? { inferenceConfig: { topK: chat.topK } } : {};
  if (effort === null || effort === 'none' || !(isNova2(model) || isGptOss(model))) {
    gaps.addSaid(chat, ['reasoning']);
    return { fields: topK, effort: null };
  }
  if (isGptOss(model)) return { fields: { ...topK, reasoning_effort: efforts[effort] }, effort: null };
  const reasoningConfig = { type: 'enabled', maxReasoningEffort: efforts[effort] };
  return { fields: { ...topK, reasoningConfig }, effort: null };
}

/** Both of the others know three. */
const efforts: Readonly<Record<Exclude<ReasoningEffort, 'none'>, string>> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};
