/**
 * What is said about models and AI routes and does nothing, or not what it seems to, or spends money for strangers. Warnings, but for what
 * cannot be meant; providers have a file of their own.
 */
import type { Ai, AiRoute } from '@weir/proto/config/ai.js';
import { type AiModel, type ModelReference, readReference } from '@weir/proto/config/ai-models.js';
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { Draft } from '@weir/proto/config/parse.js';
import type { Route } from '@weir/proto/config/route.js';
import { formatDuration, formatSize } from '@weir/proto/config/units.js';
import { aiBodyBytes } from './compile-ai.js';
import { lintUnpriced } from './lint-ai-budgets.js';
import { lintAiCache } from './lint-ai-cache.js';
import { lintGuards, lintPrompts } from './lint-ai-named.js';
import { type KeyKnowledge, lintProviders } from './lint-ai-providers.js';
import { lintChoices, lintRouting } from './lint-ai-routing.js';
import { lintVoid, type VoidSetting } from './lint-void.js';
import { limitsOf } from './stated-limits.js';

export function lintAi(draft: Draft, known: KeyKnowledge): Finding[] {
  const { ai, routes } = draft;
  return [
    ...(ai === null
      ? []
      : [
          ...lintProviders(ai, known),
          ...lintModels(ai),
          ...lintChoices(ai),
          ...lintUnpriced(ai, routes),
          ...lintOffer(ai, routes),
          ...lintNamed(ai, routes),
        ]),
    ...routes.flatMap((route, index) => {
      if (route === null) return [];
      const path: Path = ['routes', index];
      if (route.ai === null) return lintTokens(route, path);
      return [
        ...lintTimers(route, route.ai, path, draft),
        ...lintRouting(route.ai, firstTokenOf(route, draft), path),
        ...lintVoid(route, path, 'an AI route', voidSettings),
        ...lintAiCache(route, route.ai, ai, path, limitsOf(draft, route).effective.total, draft.gateway),
        ...(route.ai.passthrough === undefined ? lintMatch(route, path) : lintPassthrough(route, route.ai, path)),
        ...lintBody(route, path),
        ...lintOpen(route, path, draft),
        ...(ai === null ? [] : lintAttempts(route.ai, ai, path)),
      ];
    }),
  ];
}

function lintNamed(ai: Ai, routes: Draft['routes']): Finding[] {
  const offers = routes.flatMap((route) => route?.ai ?? []);
  return [...lintPrompts(ai), ...(routes.includes(null) ? [] : lintGuards(ai, offers))];
}

const nameOf = ({ provider, model }: ModelReference): string => `${provider}/${model}`;

function lintModels({ models, providers }: Ai): Finding[] {
  const known = new Set(providers.map(({ id }) => id));
  return models.flatMap((model) => {
    const path: Path = ['ai', 'models', model.place];
    const findings = lintRepeats(model, path);
    const shadowed = readReference(model.id);
    if (shadowed === null || !known.has(shadowed.provider)) return findings;
    const message = `who asks for ${model.id} gets this, and no longer the model ${shadowed.model} of ${shadowed.provider}`;
    return [findWarning(path, message, 'give it a name that begins with no provider'), ...findings];
  });
}

function lintRepeats({ targets, fallback }: AiModel, path: Path): Finding[] {
  const seen = new Set<string>();
  const isAgain = (model: ModelReference): boolean => {
    const again = seen.has(nameOf(model));
    seen.add(nameOf(model));
    return again;
  };
  const twice = targets.flatMap(({ model }, index) => {
    if (!isAgain(model)) return [];
    const message = `${nameOf(model)} is here a second time`;
    return [findWarning([...path, 'targets', index], message, 'remove it; a larger share is a weight')];
  });
  const spent = fallback.flatMap(({ model }, index) => {
    if (!isAgain(model)) return [];
    const message = `${nameOf(model)} has failed already when this fallback is tried`;
    return [findWarning([...path, 'fallback', index], message, 'name another model')];
  });
  return [...twice, ...spent];
}

/** Only where every route is sound: a faulty one may be the one that would. */
function lintOffer({ models, providers, prompts }: Ai, routes: Draft['routes']): Finding[] {
  if (routes.includes(null) || providers.length === 0) return [];
  const offers = routes.flatMap((route) => route?.ai ?? []);
  if (offers.length === 0)
    return [findWarning(['ai'], 'no route answers by models', 'add one: routes: [{ match: /v1/*, ai: true }]')];
  if (offers.some((offer) => offer.models.length === 0)) return [];
  const behindPrompts = prompts.flatMap(({ versions }) => versions.map(({ model }) => model));
  const named = new Set([...offers.flatMap((offer) => offer.models), ...behindPrompts]);
  return models.flatMap(({ id, place }) => {
    if (named.has(id)) return [];
    return [
      findWarning(['ai', 'models', place], `no route offers the model ${id}`, 'add it to `ai.models` of a route'),
    ];
  });
}

/** A fallback that comes after as many attempts as a route makes is never asked. */
function lintAttempts({ attempts, models: offered }: AiRoute, { models }: Ai, path: Path): Finding[] {
  const isOffered = ({ id }: AiModel): boolean => offered.length === 0 || offered.includes(id);
  return models.filter(isOffered).flatMap((model) => {
    const late = model.fallback.find((_, index) => attemptsBefore(model, index) >= attempts);
    if (late === undefined) return [];
    const message = `${nameOf(late.model)}, a fallback of ${model.id}, is never asked: ${attempts === 1 ? 'one attempt is' : `${attempts} attempts are`} made, and others come before it`;
    return [findWarning([...path, 'ai', 'attempts'], message, 'raise attempts, or move it up')];
  });
}

/** What only a fallback can mend goes to the first that says so; any other failure, to all that stand before it. */
function attemptsBefore({ targets, fallback }: AiModel, index: number): number {
  const counts = (fallback[index]?.when ?? []).map((condition) => {
    const others = fallback.slice(0, index).filter(({ when }) => when.includes(condition)).length;
    const first = condition === 'contextExceeded' || condition === 'contentFiltered' ? 1 : targets.length;
    return first + others;
  });
  return Math.min(...counts);
}

function lintTokens({ timeouts }: Route, path: Path): Finding[] {
  return (['firstToken', 'betweenTokens'] as const).flatMap((name) => {
    if (timeouts?.[name] === undefined) return [];
    const message = `${name} is for streams of tokens, and this route asks no model`;
    return [findWarning([...path, 'timeouts', name], message, 'write firstByte or idle, or remove it')];
  });
}

const firstTokenOf = ({ timeouts }: Route, { gateway }: Draft): number =>
  timeouts?.firstToken ?? gateway?.timeouts.firstToken ?? Number.POSITIVE_INFINITY;

/** With less than this share of the total left, another attempt can't do much. */
const ROOM_SHARE = 0.2;

function lintTimers(route: Route, { attempts, heartbeat }: AiRoute, path: Path, draft: Draft): Finding[] {
  const { total, attempt } = limitsOf(draft, route).effective;
  const own = route.timeouts ?? {};
  const findings = (['firstToken', 'betweenTokens'] as const).flatMap((name) => {
    const stated = own[name];
    if (stated === undefined) return [];
    const [outer, limit] = attempt.ms < total ? [attempt.name, attempt.ms] : ['total', total];
    if (stated <= limit) return [];
    const message = `${name} (${formatDuration(stated)}) can never fire: ${outer} (${formatDuration(limit)}) ends the request first`;
    return [findWarning([...path, 'timeouts', name], message, `lower ${name}, or raise ${outer}`)];
  });
  const { firstToken } = own;
  if (firstToken !== undefined && attempts > 1 && firstToken <= total && firstToken > total * (1 - ROOM_SHARE)) {
    const message = `no other model is asked after one that was silent: firstToken (${formatDuration(firstToken)}) and total (${formatDuration(total)}) leave it no time`;
    findings.push(findWarning([...path, 'timeouts', 'firstToken'], message, 'lower firstToken, or raise total'));
  }
  if (heartbeat > total) {
    const message = `no comment is ever sent: total (${formatDuration(total)}) ends the request before heartbeat (${formatDuration(heartbeat)})`;
    findings.push(findWarning([...path, 'ai', 'heartbeat'], message, 'lower it, or write 0s'));
  }
  return findings;
}

const ATTEMPTS = 'attempts at models and keys are those of `ai.attempts`';
const WHOLE = 'answers of models are whole, or streams, before they are passed on';

/** What is about one upstream, and means nothing where models are asked. */
const voidSettings: readonly VoidSetting[] = [
  { name: 'retry', why: ATTEMPTS, cure: 'remove retry, or set ai.attempts' },
  { name: 'hedge', why: ATTEMPTS, cure: 'write it as ai.hedge' },
  { name: 'fallback', why: 'what stands in for a model is another one', cure: 'write it under ai.models' },
  { name: 'protect', why: WHOLE, cure: 'remove protect' },
  { name: 'cache', why: 'answers of models are kept by `ai.cache`', cure: 'write ai: { cache: … }' },
  { name: 'websocket', why: 'models are asked by plain requests', cure: 'remove websocket' },
];

/** What the end of a path asks for. */
const OPERATIONS: readonly string[] = [
  ...['chat/completions', 'completions', 'responses', 'messages', 'count_tokens', 'embeddings', 'models', 'rerank'],
  ...['images/generations', 'images/edits', 'audio/speech', 'audio/transcriptions', 'moderations'],
];

function lintMatch({ match }: Route, path: Path): Finding[] {
  const findings: Finding[] = [];
  const { methods, path: pattern } = match;
  if (methods.length > 0 && !methods.includes('POST')) {
    const message = `models are asked by POST, and this route takes ${methods.join(', ')}`;
    findings.push(findWarning([...path, 'match', 'methods'], message, 'add POST'));
  }
  if (pattern.kind === 'exact' && !OPERATIONS.some((operation) => pattern.path.endsWith(`/${operation}`))) {
    const message = `the end of the path says what is asked for, and ${pattern.path} says nothing`;
    const below = pattern.path.endsWith('/') ? pattern.path : `${pattern.path}/`;
    findings.push(findWarning([...path, 'match'], message, `write ${below}* for it and everything below`));
  }
  return findings;
}

/** What stands around models knows a question by what it was translated to; here nothing is. */
function lintPassthrough({ match }: Route, ai: AiRoute, path: Path): Finding[] {
  const { guards, prompts = [], promptsOnly, cache, durable, hedge, resume } = ai;
  const findings: Finding[] = [];
  if (match.path.kind !== 'prefix') {
    const message = 'what follows the path of the route is passed on, and this one has no end that is open';
    findings.push(findError([...path, 'match'], message, 'write a path such as /gemini/*'));
  }
  if (guards.length > 0) {
    const message = 'guards read nothing of what is passed on in the API of a provider';
    findings.push(findError([...path, 'ai', 'guards'], message, 'remove passthrough, or remove guards'));
  }
  if (prompts.length > 0) {
    const message = 'a route that passes on the API of a provider offers no prompts';
    findings.push(findWarning([...path, 'ai', 'prompts'], message, 'offer them by a route of their own'));
  }
  const idle = {
    cache: cache !== null,
    durable: durable !== null,
    hedge: hedge !== null,
    resume: resume !== 'error',
    promptsOnly,
  };
  for (const [name, isSet] of Object.entries(idle)) {
    if (!isSet) continue;
    const message = `${name} does nothing where the API of a provider is passed on: nothing is read there`;
    findings.push(findWarning([...path, 'ai', name], message, `remove ${name}, or ask by a route without passthrough`));
  }
  return findings;
}

/** To read a body of this size as JSON holds the node up for half a second or so. */
const LONG_BODY = 64 * 1024 * 1024;

function lintBody(route: Route, path: Path): Finding[] {
  const bytes = aiBodyBytes(route);
  if (bytes <= LONG_BODY) return [];
  const message = `a request to a model is kept and read as a whole; one of ${formatSize(bytes)} holds up all others of its node`;
  return [findWarning([...path, 'bodyLimit'], message, `write ${formatSize(LONG_BODY)} or less`)];
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/;

function lintOpen({ auth, addresses }: Route, path: Path, { gateway }: Draft): Finding[] {
  const isKept = auth.length > 0 || (addresses?.allow.length ?? 0) > 0;
  if (isKept || gateway === null || LOOPBACK.test(gateway.listen.host)) return [];
  const message = 'whoever reaches this gateway can ask models at your expense';
  return [findWarning(path, message, 'add `auth`, or `addresses: { allow: … }`')];
}
