/**
 * What is wrong with a config although each of its entries is well-formed: timers that cannot fire, routes that cannot
 * be reached, settings that contradict each other. Errors are what cannot be meant; warnings are what may be meant, and
 * seldom is. Looks at a draft, so a fault in one entry does not hide the findings about the others.
 */
import { isByConsumers } from '@weir/proto/config/auth.js';
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { Draft } from '@weir/proto/config/parse.js';
import { parametersOf } from '@weir/proto/config/path-pattern.js';
import type { Route } from '@weir/proto/config/route.js';
import type { Upstream } from '@weir/proto/config/upstream.js';
import { providerUpstream } from './compile-ai.js';
import { lintAi } from './lint-ai.js';
import { lintBatch, lintWindows } from './lint-batch.js';
import { lintBudgets } from './lint-budgets.js';
import { lintCache } from './lint-cache.js';
import { lintCompose } from './lint-compose.js';
import { lintContracts } from './lint-contract.js';
import { lintLimits } from './lint-limits.js';
import { lintMcp } from './lint-mcp.js';
import { lintOptimize } from './lint-optimize.js';
import { lintPatterns } from './lint-patterns.js';
import { lintResilience } from './lint-resilience.js';
import { lintRouteOrder } from './lint-routes.js';
import { lintSendable, type SendableKnowledge } from './lint-sendable.js';
import { lintTimers } from './lint-timers.js';
import { targetId } from './names.js';

export interface Knowledge extends SendableKnowledge {
  /** SHA-256 of an API key whose reference is filled: two references may hold the same key. */
  readonly keyHash: (template: string) => string;
}

export function lint(draft: Draft, known: Knowledge): Finding[] {
  return [
    ...lintGateway(draft),
    ...draft.upstreams.flatMap((upstream, index) =>
      upstream === null ? [] : lintUpstream(upstream, ['upstreams', index]),
    ),
    ...(draft.ai?.providers ?? []).flatMap((provider) =>
      lintUpstream(providerUpstream(provider), ['ai', 'providers', provider.place]),
    ),
    ...lintUse(draft),
    ...lintTimers(draft),
    ...lintResilience(draft),
    ...lintCache(draft),
    ...lintLimits(draft),
    ...lintContracts(draft),
    ...lintAi(draft, known),
    ...lintMcp(draft),
    ...lintCompose(draft),
    ...lintBatch(draft),
    ...lintWindows(draft),
    ...lintOptimize(draft),
    ...lintBudgets(draft),
    ...lintRouteOrder(draft.routes),
    ...lintTrailingSlashes(draft),
    ...draft.routes.flatMap((route, index) => (route === null ? [] : lintRoute(route, ['routes', index], draft))),
    ...lintSendable(draft, known),
    ...lintConsumers(draft, known.keyHash),
  ];
}

function lintGateway({ gateway }: Draft): Finding[] {
  if (gateway === null) return [];
  const findings: Finding[] = [];
  if (gateway.proxyProtocol && gateway.trustedProxies.length === 0) {
    const cure = "list the proxies' addresses under `trustedProxies`";
    findings.push(findError(['gateway', 'proxyProtocol'], 'nobody is trusted to send a PROXY protocol header', cure));
  }
  const everyone = gateway.trustedProxies.find((block) => block.endsWith('/0'));
  if (everyone !== undefined) {
    const message = `${everyone} lets every client say who it is`;
    findings.push(
      findWarning(['gateway', 'trustedProxies'], message, 'list only the proxies in front of this gateway'),
    );
  }
  gateway.tls?.certificates.forEach((certificate, index) => {
    if (index === 0 || certificate.hosts !== undefined) return;
    const message = 'only the first certificate may leave out its hosts; this one would never be used';
    findings.push(findError(['gateway', 'tls', 'certificates', index], message, 'add `hosts`'));
  });
  return findings;
}

function lintUpstream(upstream: Upstream, path: Path): Finding[] {
  const findings: Finding[] = [];
  const schemes = upstream.targets.map(({ url }) => url.scheme);
  const ids = upstream.targets.map(({ url }) => targetId(url));
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) {
    findings.push(
      findError([...path, 'targets'], `the target ${twice} is here twice`, 'give it a higher `weight` instead'),
    );
  }
  const { tls } = upstream;
  const statesTls = tls.serverName ?? tls.caFile ?? tls.certFile;
  if (statesTls !== undefined && !schemes.includes('https')) {
    findings.push(
      findWarning(
        [...path, 'tls'],
        'no target of this upstream speaks TLS',
        'use https in the target URLs, or remove `tls`',
      ),
    );
  }
  if (!tls.verify) {
    const message = 'certificates are not verified: whoever answers at the address is believed';
    findings.push(
      findWarning([...path, 'tls', 'verify'], message, "give the authority's certificate as `caFile` instead"),
    );
  }
  return findings;
}

/** Upstreams that no route leads to. Said only when every route is sound: a faulty one may be the one that would. */
function lintUse({ upstreams, routes, ai }: Draft): Finding[] {
  const sound = routes.flatMap((route) => (route === null ? [] : [route]));
  if (sound.length < routes.length || upstreams.length < 2) return [];
  const used = new Set([
    ...sound.flatMap(({ upstream, fallback }) => [upstream, ...fallback.map((entry) => entry.upstream)]),
    ...(ai?.guards ?? []).map(({ webhook }) => webhook?.upstream),
  ]);
  return upstreams.flatMap((upstream, index) => {
    if (upstream?.id === undefined || used.has(upstream.id)) return [];
    return [
      findWarning(['upstreams', index], `no route goes to the upstream ${upstream.id}`, 'add a route, or remove it'),
    ];
  });
}

function lintRoute(route: Route, path: Path, draft: Draft): Finding[] {
  return [
    ...lintPatterns(route, path),
    ...lintMask(route, path),
    ...lintRewrite(route, path),
    ...lintAuth(route, path, draft),
    ...lintAnswer(route, path),
  ];
}

function lintMask({ mask, ai }: Route, path: Path): Finding[] {
  if (mask === undefined || ai === null) return [];
  const message = 'answers of models are not masked by this';
  return [findError([...path, 'mask'], message, 'write guards, and name them in `ai.guards`')];
}

function lintRewrite({ rewrite, match }: Route, path: Path): Finding[] {
  if (rewrite === undefined) return [];
  const at = [...path, 'rewrite'];
  const inferred =
    rewrite.stripPrefix === true || (rewrite.replacePrefix !== undefined && rewrite.replacePrefix.from === undefined);
  if (inferred && match.path.kind !== 'prefix') {
    return [
      findError(
        at,
        "the route's path is no prefix, so it is not known what to replace",
        'name the prefix, or match /prefix/*',
      ),
    ];
  }
  const prefix = typeof rewrite.stripPrefix === 'string' ? rewrite.stripPrefix : rewrite.replacePrefix?.from;
  if (prefix !== undefined && !canBegin(match.path, prefix)) {
    return [
      findError(at, `no path that this route matches begins with ${prefix}`, "use the prefix of the route's path"),
    ];
  }
  const known = parametersOf(match.path);
  const used = [...(rewrite.path ?? '').matchAll(/\{([^}]*)\}/g)].map((parameter) => parameter[1] ?? '');
  const unknown = used.find((name) => !known.has(name));
  if (unknown === undefined) return [];
  const cure =
    known.size === 0
      ? 'the path has no parameters'
      : `the path has ${[...known].map((name) => `{${name}}`).join(', ')}`;
  return [findError([...at, 'path'], `{${unknown}} is not a parameter of the route's path`, cure)];
}

/** Could a path that matches begin with these whole segments? A parameter could be any segment. */
function canBegin(pattern: Route['match']['path'], prefix: string): boolean {
  const text = pattern.kind === 'prefix' ? pattern.prefix : pattern.kind === 'exact' ? pattern.path : pattern.template;
  const segments = text.split('/').filter((segment) => segment !== '');
  const open = pattern.kind === 'prefix' || segments.at(-1) === '*';
  const wanted = prefix.split('/').filter((segment) => segment !== '');
  return wanted.every((segment, index) => {
    const own = segments[index];
    if (own === undefined || own === '*') return open;
    return own === segment || (pattern.kind === 'template' && own.startsWith('{'));
  });
}

function lintAuth(route: Route, path: Path, draft: Draft): Finding[] {
  const findings: Finding[] = [];
  route.limits.forEach((limit, index) => {
    if ((limit.by !== 'consumer' && limit.consumers === undefined) || route.auth.length > 0) return;
    const message = 'the limit counts by consumer, but the route asks nobody who they are';
    findings.push(findError([...path, 'limits', index, 'by'], message, 'add `auth`, or count by address'));
  });
  const someFaulty = draft.consumers.includes(null);
  const hasKeys = draft.consumers.some((consumer) => consumer !== null && consumer.keys.length > 0);
  const hasBasic = draft.consumers.some((consumer) => consumer !== null && consumer.basic.length > 0);
  const hasSigners = draft.consumers.some((consumer) => consumer !== null && consumer.jwt.length > 0);
  route.auth.forEach((auth, index) => {
    if (someFaulty) return;
    const at = [...path, 'auth', index];
    if (auth.apiKey !== undefined && !hasKeys)
      findings.push(findWarning(at, 'no consumer has a key, so nobody can pass', 'add consumers with `keys`'));
    if (auth.basic !== undefined && !hasBasic)
      findings.push(findWarning(at, 'no consumer has a password, so nobody can pass', 'add consumers with `basic`'));
    if (auth.jwt !== undefined && isByConsumers(auth.jwt) && !hasSigners) {
      const cure = 'add consumers with `jwt`, or state jwks, secret or publicKey here';
      findings.push(findWarning(at, 'no consumer signs tokens, so nobody can pass', cure));
    }
  });
  return findings;
}

/** Other gateways take `/api/` for a prefix. Whoever has a route for `/api` beside it knows the difference. */
function lintTrailingSlashes({ routes }: Draft): Finding[] {
  const paths = new Set(routes.map((route) => (route?.match.path.kind === 'exact' ? route.match.path.path : '')));
  return routes.flatMap((route, index) => {
    if (route?.match.path.kind !== 'exact') return [];
    const { path } = route.match.path;
    if (!/.\/$/.test(path) || paths.has(path.slice(0, -1))) return [];
    const cure = `write ${path}* for it and everything below`;
    return [findWarning(['routes', index, 'match'], `this matches ${path} alone, and nothing below it`, cure)];
  });
}

/** Settings that only mean something when a request goes to an upstream. */
function lintAnswer(route: Route, path: Path): Finding[] {
  const answers = route.redirect !== undefined || route.respond !== undefined || route.contract?.mock === true;
  if (!answers || route.websocket === null) return [];
  return [
    findWarning(
      [...path, 'websocket'],
      'this route answers by itself, so there is nothing to upgrade to',
      'remove `websocket`',
    ),
  ];
}

/** The same hash for two consumers: which of them a request is from would depend on their order. */
function lintConsumers({ consumers }: Draft, keyHash: (template: string) => string): Finding[] {
  const owner = new Map<string, string>();
  return consumers.flatMap((consumer, index) =>
    (consumer?.keys ?? []).flatMap((key, position) => {
      const identity = key.sha256 ?? keyHash(key.template ?? '');
      const first = owner.get(identity);
      if (first === undefined) owner.set(identity, consumer?.id ?? '');
      if (first === undefined) return [];
      return [
        findError(
          ['consumers', index, 'keys', position],
          `this key is already one of ${first}'s`,
          'give each consumer a key of its own',
        ),
      ];
    }),
  );
}
