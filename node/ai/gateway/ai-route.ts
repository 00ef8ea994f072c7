/** A route that answers by models, compiled: what its requests have in common, and which operation each of them is. */
import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import type { AiPassthroughSpec, AiRouteSpec } from '@weir/proto/snapshot/ai.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { answerDirectly } from '../../pipeline/direct-answer.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
} from '../../pipeline/dispatch.js';
import type { ChainServices } from '../../pipeline/services.js';
import { type BudgetGate, gateOf } from '../budget/budget-gate.js';
import { budget } from '../budget/budget-layer.js';
import { cacheAnswers } from '../cache/ai-cache.js';
import { providerError } from '../chat/provider-error.js';
import type { FormatError } from '../format.js';
import { guards } from '../guards/guarding.js';
import { compilePrompts } from '../prompts/prompt-route.js';
import { durable } from '../streams/durable-route.js';
import type { CompiledAi } from './ai-store.js';
import type { Names } from './candidates.js';
import { type AskChat, type ChatLayer, chatChain } from './chat-layer.js';
import { Conversation } from './conversation.js';
import { answerOf, failureOf } from './failed-model.js';
import { logText } from './logged-text.js';
import { askModels } from './models.js';
import { listedModels, modelsAnswer } from './models-answer.js';
import { formatOf, type Operation, operationOf } from './operations.js';
import { readNative } from './plain/native.js';
import { nativeApi } from './plain/native-apis.js';
import { type PlainTerms, readPlain, usualModeration } from './plain/operations.js';
import { PlainCall, type PlainRoute } from './plain/plain-call.js';

/** What all requests of a route have in common. */
export interface AiRules {
  readonly route: RouteSpec;
  readonly spec: AiRouteSpec;
  readonly ai: CompiledAi;
  readonly names: Names;
  /** By the upstream that a provider, or who is asked by a guard, lies at. */
  readonly ask: ReadonlyMap<string, Dispatch>;
  /** The one name that all targets of an upstream go by; where there are several there is none. */
  readonly hosts: ReadonlyMap<string, string>;
  readonly services: ChainServices;
  /** Null: what requests cost is not counted. */
  readonly gate: BudgetGate | null;
}

/** Around the models, the outermost first. */
const layers: readonly ChatLayer[] = [
  guards, // outside of all that keeps or counts: nothing that was masked is known below
  logText,
  cacheAnswers,
  budget, // inside of the cache: what was kept costs nothing
];

/** What guards look at, or what holds no words of callers and models: on a route with guards nothing else is done. */
const guardable: ReadonlySet<string> = new Set<Operation['kind']>(['chat', 'models', 'unknown']);

/** Compiles how an upstream is asked, down to the transport. */
export type CompileAsking = (route: RouteSpec, services: ChainServices) => Dispatch;

export function compileAiRoute(
  route: RouteSpec,
  spec: AiRouteSpec,
  services: ChainServices & { readonly ai: CompiledAi },
  compileAsking: CompileAsking,
): Dispatch {
  const ai = knownTo(route, spec, services.ai);
  const ask = new Map<string, Dispatch>();
  const judges = spec.guards.flatMap((name) => ai.guards.get(name)?.spec.webhook?.upstream ?? []);
  for (const upstream of new Set([...[...ai.providers.values()].map((one) => one.spec.upstream), ...judges]))
    ask.set(upstream, compileAsking(askingRoute(route, upstream), services));
  const hosts = new Map<string, string>();
  for (const { spec: provider, provider: words } of ai.providers.values()) {
    const host = hostOf(provider.upstream, services);
    if (host !== null) hosts.set(provider.upstream, host);
    else if (words.credential.kind === 'sigv4' && provider.isManaged !== true) {
      throw new Error(
        `the AI provider "${provider.id}" signs the host, and its upstream has no target, or several hosts`,
      );
    }
  }
  const names: Names = {
    models: ai.models,
    providers: ai.providerNames,
    allowed: new Set(spec.models),
  };
  const gate = gateOf({ route, spec, ai, services });
  const rules: AiRules = { route, spec, ai, names, ask, hosts, services, gate };
  const askChat = chatChain(layers, rules, askModels(rules));
  const passOn = spec.passthrough === undefined ? null : passingOn(spec.passthrough, rules);
  if (passOn !== null) return passOn;
  const answerPrompt = compilePrompts(rules, askChat);
  const answer: Dispatch = (request, handler) =>
    answerPrompt?.(request, handler) ?? begin(request, handler, rules, askChat);
  const { durable: kept, heartbeatMs } = spec;
  if (kept === null || ai.streams === null) return answer;
  return durable({ route, spec: kept, heartbeatMs, streams: ai.streams, services })(answer);
}

function knownTo({ id }: RouteSpec, { space }: AiRouteSpec, ai: CompiledAi): CompiledAi {
  const known = space === undefined ? ai : ai.spaces.get(space);
  if (known === undefined) throw new Error(`route "${id}" is in the space "${space}" of AI, and there is none`);
  return known;
}

function passingOn(spec: AiPassthroughSpec, rules: AiRules): Dispatch {
  const provider = rules.ai.providers.get(spec.provider);
  if (provider === undefined)
    throw new Error(`route "${rules.route.id}" passes on to the AI provider "${spec.provider}", and there is none`);
  const api = nativeApi(provider.spec.kind);
  return (request, handler) => {
    const read: PlainRoute['read'] = (body) => readNative(request, body, spec, provider, api);
    return new PlainCall(request, handler, {
      rules,
      operation: 'passthrough',
      words: api.words,
      isNative: true,
      read,
    }).begin();
  };
}

/** As `callOut` writes it. */
function hostOf(upstreamId: string, { upstreams }: ChainServices): string | null {
  const upstream = upstreams.get(upstreamId);
  if (upstream === undefined) return null;
  const { hostHeader } = upstream.spec;
  if (hostHeader.mode === 'set') return hostHeader.value;
  const [host, ...others] = new Set(upstream.targets.map(({ authority }) => authority));
  return others.length > 0 ? null : (host ?? null);
}

/**
 * An upstream as this route asks it, without the means that the driver has better ones for: its attempts know keys, models and
 * tokens, and its limits of time count content, where those of the transport would take a ping for an answer.
 */
function askingRoute(route: RouteSpec, upstream: string): RouteSpec {
  const { totalMs } = route.timeouts;
  const driven = { firstByteMs: totalMs, idleMs: totalMs, attemptMs: 0, firstByteLearnt: null, attemptLearnt: null };
  return {
    ...route,
    action: { kind: 'proxy', upstream, rewrite: null },
    timeouts: { ...route.timeouts, ...driven },
    ...{ retry: null, hedge: null, protectBytes: 0, fallback: [], async: null, cache: null },
  };
}

function begin(request: GatewayRequest, handler: ResponseHandler, rules: AiRules, askChat: AskChat): Cancel {
  const asked = operationOf(request.path);
  const isOffered = !rules.spec.isPromptsOnly && (rules.spec.guards.length === 0 || guardable.has(asked.kind));
  const operation: Operation = isOffered ? asked : { kind: 'unknown' };
  const format = formatOf(request.path, headerValue(request.headers, 'anthropic-version'));
  if (operation.kind === 'unknown') {
    const why = asked.kind === 'unknown' ? 'Nothing is asked of models at this path' : 'This is not offered here';
    const error = providerError('notFound', `${why}: ${request.path}`);
    handler.onError(
      failure('model_not_found', 'the path names no operation', { answer: answerOf(format.error(error)) }),
    );
    return nothingToCancel;
  }
  const method = operation.kind === 'models' ? 'GET' : 'POST';
  if (request.method !== method) {
    const wrong = failureOf(providerError('invalidRequest', `Ask by ${method}.`), '', format, null);
    const { body, type } = answerOf(format.error(providerError('invalidRequest', `Ask by ${method}.`)));
    handler.onError({
      ...wrong,
      code: 'method_not_allowed',
      headers: ['allow', method],
      answer: { status: 405, type, body },
    });
    return nothingToCancel;
  }
  if (operation.kind === 'chat') return new Conversation(request, handler, operation, rules, askChat).begin();
  if (operation.kind === 'plain') {
    const { name } = operation;
    const read: PlainRoute['read'] = (body, type) => readPlain(name, body, type, plainTerms(rules));
    return new PlainCall(request, handler, { rules, operation: name, words: format, isNative: false, read }).begin();
  }
  return answerJson(request, handler, modelsAnswer(listedModels(rules.names), operation.model, request.query, format));
}

function plainTerms({ ai, names, services }: AiRules): PlainTerms {
  const nowS = Math.floor(services.clock.wallMs() / 1_000);
  return { nowS, moderationModel: usualModeration(ai.providers, names) };
}

function answerJson(request: GatewayRequest, handler: ResponseHandler, { status, body }: FormatError): Cancel {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return answerDirectly(request, handler, status, ['content-type', 'application/json'], bytes);
}
