/**
 * The prompts of a route: their list and their documents, which are answered here; and questions by them, each of which becomes an
 * operation with a format of its own and goes the way of all chats. The version that answers goes out in a field of the head.
 */
import { openApiOf } from '@weir/proto/ai/prompt-openapi.js';
import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { answerDirectly } from '../../pipeline/direct-answer.js';
import { type Cancel, type GatewayRequest, nothingToCancel, type ResponseHandler } from '../../pipeline/dispatch.js';
import { providerError } from '../chat/provider-error.js';
import { openaiError } from '../formats/openai-words/errors.js';
import type { AiRules } from '../gateway/ai-route.js';
import type { AskChat } from '../gateway/chat-layer.js';
import { Conversation } from '../gateway/conversation.js';
import { answerOf } from '../gateway/failed-model.js';
import type { JsonObject } from '../json.js';
import { type CompiledPrompt, type PromptVersion, pickVersion } from './compiled-prompt.js';
import { fitting } from './fitting.js';
import { promptFormat } from './prompt-format.js';
import { type PromptPath, promptPathOf } from './prompt-path.js';

const PROMPT = 'x-weir-prompt';
/** Requests that have the same text here are answered by the same version. */
const SESSION = 'x-weir-session';

/** Null where the request is about no prompt: another operation may know it. */
export type AnswerPrompt = (request: GatewayRequest, handler: ResponseHandler) => Cancel | null;

/** Null: the route offers none. */
export function compilePrompts(rules: AiRules, askChat: AskChat): AnswerPrompt | null {
  const offered = rules.spec.prompts;
  const prompts = new Map([...rules.ai.prompts].filter(([id]) => offered === null || offered.includes(id)));
  if (prompts.size === 0) return null;
  // The model is the prompt's choice, whatever those may ask for who choose themselves.
  const own: AiRules = { ...rules, names: { ...rules.names, allowed: new Set() } };
  return (request, handler) => {
    const path = promptPathOf(request.path);
    if (path === null) return null;
    const method = path.kind === 'ask' ? 'POST' : 'GET';
    const isRight = request.method === method || (method === 'GET' && request.method === 'HEAD');
    if (!isRight) return refuse(handler, 405, `Ask by ${method}.`, method);
    if (path.kind === 'list') return answerJson(request, handler, listOf(prompts, path));
    const prompt = prompts.get(path.name);
    if (prompt === undefined) return refuse(handler, 404, `There is no prompt \`${path.name}\` here.`);
    const version = versionOf(prompt, path, request, own);
    if (typeof version === 'string') return refuse(handler, 404, version);
    if (path.kind === 'openapi') return answerJson(request, handler, openApiOf(prompt.spec, version.spec, path.base));
    return ask(request, handler, version, own, askChat);
  };
}

/** A text: why there is none. */
function versionOf(
  prompt: CompiledPrompt,
  path: PromptPath,
  { query, headers, exchange }: GatewayRequest,
  { services }: AiRules,
): PromptVersion | string {
  const named = path.version ?? new URLSearchParams(query).get('version');
  if (named !== null) {
    const known = [...prompt.versions.keys()].join(', ');
    return prompt.versions.get(named) ?? `The prompt \`${path.name}\` has no such version; there is ${known}.`;
  }
  // A document describes the first one that answers: it shall not change between two looks.
  if (path.kind === 'openapi') return pickVersion(prompt, null, () => 0);
  const session = headerValue(headers, SESSION);
  const key = session === undefined ? (exchange.consumerId ?? null) : session;
  return pickVersion(prompt, key, services.random);
}

function ask(
  request: GatewayRequest,
  handler: ResponseHandler,
  version: PromptVersion,
  rules: AiRules,
  askChat: AskChat,
): Cancel {
  const accepts = headerValue(request.headers, 'accept') ?? '';
  const format = promptFormat(version, /\btext\/event-stream\b/i.test(accepts));
  const fit = fitting(version, rules.spec.answerCharsMax);
  const fitted = fit === null ? askChat : fit(askChat);
  const named: AskChat = (question, asker) => {
    question.outcome.headers.push(PROMPT, `${version.prompt}@${version.spec.id}`);
    return fitted(question, asker);
  };
  return new Conversation(request, handler, { kind: 'chat', format, idPrefix: 'prompt-' }, rules, named).begin();
}

function listOf(prompts: ReadonlyMap<string, CompiledPrompt>, { base }: PromptPath): JsonObject {
  return {
    prompts: [...prompts.values()].map(({ spec: { id, description, versions } }) => ({
      ...{ name: id, description, url: `${base}/prompts/${id}`, openapi: `${base}/prompts/${id}/openapi.json` },
      versions: versions.map(({ id: version, weight }) => ({ version, weight })),
    })),
  };
}

function answerJson(request: GatewayRequest, handler: ResponseHandler, body: JsonObject): Cancel {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return answerDirectly(request, handler, 200, ['content-type', 'application/json'], bytes);
}

function refuse(handler: ResponseHandler, status: 404 | 405, message: string, allow?: string): Cancel {
  const { body } = openaiError(providerError(status === 404 ? 'notFound' : 'invalidRequest', message));
  const code = status === 404 ? 'model_not_found' : 'method_not_allowed';
  const answer = answerOf({ status, body });
  const headers = allow === undefined ? {} : { headers: ['allow', allow] };
  handler.onError(failure(code, 'the prompt can not be asked so', { ...headers, answer }));
  return nothingToCancel;
}
