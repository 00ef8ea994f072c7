/**
 * The part of the snapshot that says which models there are and where: each provider becomes an upstream of its own, so that
 * balancing, health, breaker and pools are those of any other API; see compile.ts for the rest. Pure.
 */
import { factsOf, type ProviderFacts, usualUrl } from '@weir/proto/ai/providers.js';
import type { Ai, AiRoute } from '@weir/proto/config/ai.js';
import type { AiPrice } from '@weir/proto/config/ai-budgets.js';
import type { AiModel } from '@weir/proto/config/ai-models.js';
import type { AiProvider } from '@weir/proto/config/ai-providers.js';
import { providerUpstreamId } from '@weir/proto/config/ai-references.js';
import { type ApiAddress, readApiUrl } from '@weir/proto/config/ai-url.js';
import type { Consumer } from '@weir/proto/config/consumers.js';
import { bodyLimitDefault, type Route } from '@weir/proto/config/route.js';
import { type GatewayTimeouts, routeTimeouts, type TimeoutOverrides } from '@weir/proto/config/timeouts.js';
import type { Upstream } from '@weir/proto/config/upstream.js';
import type {
  AiKeySpec,
  AiModelSpec,
  AiProviderSpec,
  AiRouteSpec,
  AiSpaceSpec,
  AiSpec,
} from '@weir/proto/snapshot/ai.js';
import { referencesIn } from '@weir/proto/snapshot/secret-text.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { compileAiCache, compileAiDurable } from './compile-ai-cache.js';
import { compileGuard, compilePrompt } from './compile-ai-named.js';
import { compileBudget, compileBudgets } from './compile-budgets.js';

/**
 * What holds for AI routes in place of the gateway's own: a model may think for minutes before the first byte of an answer that is
 * not streamed, and what a stream may take is said by firstToken and betweenTokens. `total` bounds both of these.
 */
export const aiTimeouts: TimeoutOverrides = routeTimeouts.parse({
  total: '10m',
  connect: '2s',
  firstByte: '10m',
  idle: '10m',
  attempt: 'none',
});

/** A tool may be a model, and its client waits for it. */
export function hasAiTimeouts({ ai, mcp }: Pick<Route, 'ai' | 'mcp'>): boolean {
  return ai !== null || mcp !== null;
}

/** `own`: what services of teams have of their own. `consumers` are asked for where there are models at all. */
export function compileAi(
  ai: Ai | undefined,
  consumers: () => readonly Pick<Consumer, 'id' | 'team'>[],
  own: AiOfServices = noServices,
): AiSpec | null {
  if ((ai?.providers.length ?? 0) + own.spaces.length === 0) return null;
  const { providers = [], models = [], prompts = [], guards = [] } = ai ?? {};
  const budgets = compileBudgets(ai, consumers(), own.prices);
  return {
    providers: [...providers.map((provider) => compileProvider(provider)), ...own.providers],
    models: models.map(compileModel),
    prompts: prompts.map(compilePrompt),
    guards: guards.map(compileGuard),
    ...(budgets === null ? {} : { budgets }),
    ...(own.spaces.length === 0 ? {} : { spaces: own.spaces }),
  };
}

export interface AiOfServices {
  readonly providers: readonly AiProviderSpec[];
  readonly spaces: readonly AiSpaceSpec[];
  readonly prices: readonly AiPrice[];
}

const noServices: AiOfServices = { providers: [], spaces: [], prices: [] };

export function compileProvider(provider: AiProvider, upstream = providerUpstreamId(provider.id)): AiProviderSpec {
  const { id, kind, settings, compatible } = provider;
  return {
    id,
    kind,
    upstream,
    basePath: addressesOf(provider)[0]?.url.basePath ?? '',
    settings,
    compatible: compatible ?? null,
    keys: compileKeys(provider),
  };
}

/** A key is known by its variable: that names it, and is no part of it. */
function compileKeys({ keys }: AiProvider): AiKeySpec[] {
  const taken = new Set(keys.flatMap((key) => key.id ?? []));
  return keys.map(({ key, id, weight }, index) => {
    if (id !== undefined) return { id, secret: key, weight };
    const base = referencesIn(key).names[0] ?? `key-${index + 1}`;
    let name = base;
    for (let n = 2; taken.has(name); n += 1) name = `${base}-${n}`;
    taken.add(name);
    return { id: name, secret: key, weight };
  });
}

export function compileModel({ id, targets, fallback, balance, affinity, fits }: AiModel): AiModelSpec {
  return {
    id,
    choice: { balance, affinity, fits },
    targets: [
      ...targets.map(({ model, weight }) => ({ ...model, weight, when: null })),
      ...fallback.map(({ model, when }) => ({ ...model, weight: 1, when })),
    ],
  };
}

/** Where a provider lies: where the config says, else where its kind does. Empty: nobody has said; lint has refused that. */
export function addressesOf({ kind, url, settings }: AiProvider): AiProvider['url'] {
  if (url.length > 0) return url;
  const facts = factsOf(kind);
  const address = facts === null ? null : usualAddress(facts, settings);
  return address === null ? [] : [{ url: address, weight: 1, zone: undefined, priority: 0 }];
}

/** Null also where a setting holds what makes no URL. */
export function usualAddress(facts: ProviderFacts, settings: AiProvider['settings']): ApiAddress | null {
  const usual = usualUrl(facts, settings);
  const read = usual === null ? null : readApiUrl(usual);
  return read?.ok === true ? read.value : null;
}

/** What front ends of hosted APIs keep a connection for at least (AWS's load balancers: 60 s), and servers of one's own: 5 s. */
const IDLE_MS = { https: 30_000, http: 4_000 } as const;

/** The upstream that a provider lies at, as if it had been written down as one. */
export function providerUpstream(provider: AiProvider, upstreamId = providerUpstreamId(provider.id)): Upstream {
  const { balance, health, concurrency, protocol, pool, tls, dns } = provider;
  const targets = addressesOf(provider).map(({ url: { scheme, host, port }, ...rest }) => ({
    url: { scheme, host, port },
    ...rest,
  }));
  const idle = pool.idle ?? IDLE_MS[targets.every(({ url }) => url.scheme === 'https') ? 'https' : 'http'];
  return {
    id: upstreamId,
    targets,
    balance,
    health,
    concurrency,
    protocol,
    hostHeader: { mode: 'target' },
    timeouts: aiTimeouts,
    pool: { ...pool, idle },
    tls,
    dns,
  };
}

export function compileAiRoute(
  route: AiRoute,
  gateway: GatewayTimeouts,
  { timeouts: own, match: { path } }: Pick<Route, 'timeouts' | 'match'>,
): AiRouteSpec {
  const { passthrough: provider } = route;
  return {
    kind: 'ai',
    models: route.models,
    timers: {
      firstTokenMs: own?.firstToken ?? gateway.firstToken,
      betweenTokensMs: own?.betweenTokens ?? gateway.betweenTokens,
      tokensPerSecondMin: route.tokensPerSecondMin,
    },
    heartbeatMs: route.heartbeat,
    unsupported: route.unsupported,
    attempts: route.attempts,
    answerCharsMax: route.answerCharsMax,
    prompts: route.prompts ?? null,
    isPromptsOnly: route.promptsOnly,
    guards: route.guards,
    cache: compileAiCache(route.cache),
    durable: compileAiDurable(route.durable),
    ...(route.hedge === null ? {} : { hedge: route.hedge }),
    ...(route.logText === 0 ? {} : { loggedChars: route.logText }),
    ...(route.resume === 'continue' ? { resume: route.resume } : {}),
    // Lint has seen to it that such a route matches a prefix.
    ...(provider === undefined
      ? {}
      : { passthrough: { provider, prefix: path.kind === 'prefix' ? path.prefix : '/' } }),
    ...(route.limits.length === 0 ? {} : { limits: route.limits.map(compileBudget) }),
    ...(route.space === undefined ? {} : { space: route.space }),
  };
}

/**
 * Attempts of an AI route are those at keys and models. Others below them would ask a provider again that another one could have
 * stood in for, and spend the time of that one.
 */
export function aiRouteParts(
  route: Route,
): Pick<RouteSpec, 'bodyBytesMax' | 'websocket' | 'retry' | 'hedge' | 'protectBytes' | 'fallback' | 'cache'> {
  return {
    bodyBytesMax: aiBodyBytes(route),
    websocket: null,
    retry: null,
    hedge: null,
    protectBytes: 0,
    fallback: [],
    cache: null,
  };
}

/** Bodies that are read as a whole: what providers take of documents and images fits (Anthropic: 32 MB). */
const AI_BODY_BYTES = 32 * 1024 * 1024;

/** Other bodies stream, so their usual bound would be no bound here. */
export function aiBodyBytes({ bodyLimit }: Route): number {
  return bodyLimit === bodyLimitDefault ? AI_BODY_BYTES : bodyLimit;
}
