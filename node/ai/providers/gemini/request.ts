/** A chat in the words of Gemini's `generateContent`, on the Gemini API and on Vertex AI. Pure. Source: the API reference. */
import type { AnswerFormat, ChatRequest, Tool } from '../../chat/chat-request.js';
import type { JsonObject } from '../../json.js';
import type { ProviderPlace, ProviderRequest } from '../../provider.js';
import { encodeStep } from '../../uri.js';
import { Gaps } from '../gaps.js';
import { contentsOf } from './contents.js';
import { thinkingStyle } from './models.js';
import { thinkingConfig } from './thinking.js';

const STOP_SEQUENCES_MAX = 5;

export function request(chat: ChatRequest, place: ProviderPlace): ProviderRequest {
  // A name with a slash says where the model lies: `tunedModels/mine`.
  const model = place.model.includes('/') ? place.model : `models/${place.model}`;
  return generateContent(chat, place.model, `${place.basePath}/${pathOf(model)}`);
}

/** `path` leads to the model. */
export function generateContent(chat: ChatRequest, model: string, path: string): ProviderRequest {
  const gaps = new Gaps('Gemini');
  gaps.addSaid(chat, ['logitBias', 'user', 'parallelToolCalls']);
  gaps.addExtra(chat);
  const { system, contents } = contentsOf(chat.messages, model, gaps);
  const config = generationConfig(chat, model, gaps);
  return {
    method: 'POST',
    path: `${path}:${chat.isStream ? 'streamGenerateContent' : 'generateContent'}`,
    query: chat.isStream ? 'alt=sse' : '',
    headers: [],
    body: {
      contents,
      ...(system.length === 0 ? {} : { systemInstruction: { parts: system } }),
      ...toolFields(chat, model, gaps),
      ...(Object.keys(config).length === 0 ? {} : { generationConfig: config }),
    },
    unsupported: gaps.found,
  };
}

/** Each step encoded; `@` and `:`, which names of models have, may stand in a path as they are (RFC 3986 §3.3). */
export function pathOf(name: string): string {
  return name
    .split('/')
    .map((step) => encodeStep(step).replaceAll('%40', '@').replaceAll('%3A', ':'))
    .join('/');
}

function generationConfig(chat: ChatRequest, model: string, gaps: Gaps): JsonObject {
  const { maxTokens, temperature, topP, topK, frequencyPenalty, presencePenalty, seed, stop, choices, logprobs } = chat;
  if (stop.length > STOP_SEQUENCES_MAX) gaps.add('stop', '', `takes at most ${STOP_SEQUENCES_MAX} stop sequences`);
  return {
    ...said({ maxOutputTokens: maxTokens, temperature, topP, topK, frequencyPenalty, presencePenalty, seed }),
    ...said({ candidateCount: choices }),
    ...(stop.length === 0 ? {} : { stopSequences: stop }),
    ...(logprobs === null ? {} : { responseLogprobs: true, ...(logprobs.top > 0 ? { logprobs: logprobs.top } : {}) }),
    ...formatFields(chat.answerFormat),
    ...thinkingConfig(chat, model, gaps),
  };
}

function said(fields: Readonly<Record<string, number | null>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function formatFields(format: AnswerFormat | null): JsonObject {
  if (format === null || format.kind === 'text') return {};
  const json = { responseMimeType: 'application/json' };
  return format.kind === 'json' ? json : { ...json, responseJsonSchema: format.schema };
}

function toolFields(chat: ChatRequest, model: string, gaps: Gaps): JsonObject {
  const declared = chat.tools
    .map((tool, index) => declarationOf(tool, `[${index}]`, gaps))
    .filter((declaration) => declaration !== null);
  if (declared.length === 0) return {};
  const config = callingConfig(chat, model, gaps);
  return {
    tools: [{ functionDeclarations: declared }],
    ...(config === null ? {} : { toolConfig: { functionCallingConfig: config } }),
  };
}

function declarationOf(tool: Tool, at: string, gaps: Gaps): JsonObject | null {
  if (tool.kind === 'provider') {
    gaps.add('tools', at, `has no tool \`${tool.type}\` of its own`);
    return null;
  }
  const { name, description, parameters } = tool;
  return {
    name,
    ...(description === null ? {} : { description }),
    ...(parameters === null ? {} : { parametersJsonSchema: parameters }),
  };
}

/** That arguments keep to their schema is said for all tools at once, as a mode. A tool that has to be called keeps to it anyway. */
function callingConfig({ toolChoice, tools }: ChatRequest, model: string, gaps: Gaps): JsonObject | null {
  switch (toolChoice?.kind) {
    case 'none':
      return { mode: 'NONE' };
    case 'required':
      return { mode: 'ANY' };
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: [toolChoice.name] };
    default: {
      const strict = tools.findIndex((tool) => tool.kind === 'function' && tool.strict === true);
      if (strict !== -1 && thinkingStyle(model) !== 'none') return { mode: 'VALIDATED' };
      if (strict !== -1) gaps.add('tools', `[${strict}].strict`, 'does not hold this model to the schema of a tool');
      return toolChoice === null ? null : { mode: 'AUTO' };
    }
  }
}
