/**
 * What is said about caching and does nothing, or not what it seems to, or shows one caller what was made for another.
 * Warnings, but for what cannot be meant.
 */
import type { Cache } from '@weir/proto/config/cache.js';
import type { WeirConfig } from '@weir/proto/config/document.js';
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { Gateway } from '@weir/proto/config/gateway.js';
import type { Draft } from '@weir/proto/config/parse.js';
import type { Route } from '@weir/proto/config/route.js';
import { formatDuration, formatSize } from '@weir/proto/config/units.js';
import { purgersOf } from './compile-cache.js';
import { limitsOf, type RouteLimits } from './stated-limits.js';

/** A body as a whole counts every byte that a client library happens to write; up to this that is cheap at least. */
const WHOLE_BODY_MAX = 64 * 1024;

export function lintCache(draft: Draft): Finding[] {
  const { gateway, routes } = draft;
  return [
    ...(gateway === null ? [] : lintMemory(gateway, routes)),
    ...routes.flatMap((route, index) => {
      if (route === null || route.cache === null || route.ai !== null || route.mcp !== null) return [];
      const path: Path = ['routes', index, 'cache'];
      const why = whyNothing(route, route.cache);
      if (why !== null) return [findWarning(path, why, 'remove cache')];
      return [
        ...lintStale(route.cache, path, limitsOf(draft, route)),
        ...lintKey(route, route.cache, path),
        ...lintCallers(route, route.cache, path),
        ...lintBody(route.cache, path, gateway),
      ];
    }),
  ];
}

function lintMemory({ cache }: Gateway, routes: readonly (Route | null)[]): Finding[] {
  const findings: Finding[] = [];
  const at: Path = ['gateway', 'cache'];
  const tooLong = whyTooLong(cache.maxBody, cache);
  if (tooLong !== null) findings.push(findWarning([...at, 'maxBody'], ...tooLong));
  const isKnown = !routes.includes(null);
  if (isKnown && cache.purge !== null && !routes.some((route) => route !== null && purgersOf(route, cache) !== null)) {
    const message = 'there is no route that has a cache and authenticates, so nobody can purge by PURGE';
    findings.push(findWarning([...at, 'purge'], message, 'add auth to the routes that are cached, or remove purge'));
  }
  return [...findings, ...lintRedis(cache, isKnown && !routes.some(keepsAnswers))];
}

/** Of an origin, or of models. */
function keepsAnswers(route: Route | null): boolean {
  return route !== null && (route.cache !== null || (route.ai?.cache ?? null) !== null);
}

function lintRedis({ redis }: Gateway['cache'], nothingIsCached: boolean): Finding[] {
  if (redis === undefined || redis === null) return [];
  const at: Path = ['gateway', 'cache', 'redis'];
  if (nothingIsCached)
    return [findWarning(at, 'there is no route with a cache, so there is nothing to share', 'remove redis')];
  if (redis.maxBody <= redis.writeQueue) return [];
  const message = `a body of ${formatSize(redis.maxBody)} is never written: writeQueue is ${formatSize(redis.writeQueue)}`;
  return [findWarning([...at, 'maxBody'], message, 'lower maxBody, or raise writeQueue')];
}

/** What is asked of a Redis that there is none of. Only who starts the nodes knows; a config alone does not say. */
export function lintWithoutRedis({ gateway }: Pick<WeirConfig, 'gateway'>): Finding[] {
  if (!asksForRedis({ gateway })) return [];
  const message = 'nodes share nothing: they were started without --redis';
  return [findWarning(['gateway', 'cache', 'redis'], message, 'start with `weir up --redis URL`, or remove redis')];
}

export function asksForRedis({ gateway }: Pick<WeirConfig, 'gateway'>): boolean {
  const { redis } = gateway.cache;
  return redis !== undefined && redis !== null;
}

/** Message and cure for a body that can never be stored. */
function whyTooLong(bytes: number, { memory, writing }: Gateway['cache']): [string, string] | null {
  const [name, bound] = memory <= writing ? ['memory', memory] : ['writing', writing];
  if (bytes <= bound) return null;
  const message = `a body of ${formatSize(bytes)} is never stored: gateway.cache.${name} is ${formatSize(bound)}`;
  return [message, `lower maxBody, or raise gateway.cache.${name}`];
}

/** Why nothing of this route could ever be stored, or null. */
function whyNothing({ redirect, respond, match }: Route, { key }: Cache): string | null {
  if (redirect !== undefined || respond !== undefined) return 'a route that answers by itself has nothing to cache';
  const cached = key.body === null ? ['GET', 'HEAD'] : ['GET', 'HEAD', 'POST'];
  if (match.methods.length === 0 || match.methods.some((method) => cached.includes(method))) return null;
  const ofPost = match.methods.includes('POST') ? ', those to POST only with key.body' : '';
  return `only answers to GET are cached${ofPost}, and this route takes ${match.methods.join(', ')}`;
}

function lintStale({ staleIfSlow, staleIfError }: Cache, path: Path, { effective }: RouteLimits): Finding[] {
  if (staleIfSlow === undefined) return [];
  const at: Path = [...path, 'staleIfSlow'];
  const findings: Finding[] = [];
  if (staleIfError === 0) {
    const message =
      'no stale copy may be used: staleIfError is 0s, so this helps only where the origin says stale-if-error';
    findings.push(findWarning(at, message, 'raise staleIfError, or leave it out'));
  }
  const latestMs = staleIfSlow.kind === 'after' ? staleIfSlow.afterMs : staleIfSlow.maxMs;
  const { attempt, total } = effective;
  const [name, limitMs] = attempt.ms <= total ? [attempt.name, attempt.ms] : ['total', total];
  if (latestMs >= limitMs) {
    const message = `the stale copy is used after ${formatDuration(latestMs)}, but ${name} (${formatDuration(limitMs)}) ends the wait before`;
    findings.push(findWarning(at, message, `lower it below ${name}`));
  }
  return findings;
}

const CREDENTIALS: readonly string[] = ['authorization', 'cookie', 'proxy-authorization', 'x-api-key'];

function lintKey({ match, websocket }: Route, { key }: Cache, path: Path): Finding[] {
  const findings: Finding[] = [];
  const warn = (at: Path, message: string, cure: string): void => {
    findings.push(findWarning([...path, ...at], message, cure));
  };
  const credential = key.headers.find((name) => CREDENTIALS.includes(name));
  if (credential !== undefined) {
    const message = `each value of ${credential} has copies of its own, a new one with each credential that is issued`;
    const cure = credential === 'cookie' ? 'name the cookies under key.cookies' : 'write key: { byConsumer: true }';
    warn(['key', 'headers'], message, cure);
  }
  const { body } = key;
  if (body !== null && body.members.length === 0 && body.max > WHOLE_BODY_MAX) {
    const message = `bodies of up to ${formatSize(body.max)} count byte by byte, so that a space more is another request`;
    warn(['key', 'body'], message, 'name the members that count, such as [query, variables]');
  }
  if (body !== null && match.methods.length > 0 && !match.methods.includes('POST')) {
    const message = `answers to POST are cached by the body, and this route takes ${match.methods.join(', ')}`;
    warn(['key', 'body'], message, 'remove key.body, or add POST to match.methods');
  }
  if (websocket !== null) {
    warn(
      [],
      'a WebSocket is never cached; only plain requests of this route are',
      'give WebSockets a route of their own',
    );
  }
  return findings;
}

function lintCallers({ auth }: Route, { key, purge, ttl, defaultTtl, setCookie }: Cache, path: Path): Finding[] {
  const findings: Finding[] = [];
  if (auth.length === 0 && key.byConsumer === true) {
    const message = 'the cache is one for each consumer, but the route asks nobody who they are';
    findings.push(findError([...path, 'key', 'byConsumer'], message, 'add `auth`, or remove byConsumer'));
  }
  if (auth.length === 0 && purge !== undefined && purge !== null) {
    const message = 'PURGE is for consumers, but the route asks nobody who they are';
    findings.push(findError([...path, 'purge'], message, 'add `auth`, or remove purge'));
  }
  const [name, span] = ttl === undefined ? ['defaultTtl', defaultTtl] : ['ttl', ttl];
  if (auth.length > 0 && key.byConsumer === false && span !== undefined && span > 0) {
    const message = `${name} makes answers fresh that the origin may have made for one consumer, and byConsumer: false shares them`;
    findings.push(findWarning([...path, name], message, 'remove byConsumer, or let the origin say what is fresh'));
  }
  if (auth.length > 0 && key.byConsumer === false && setCookie === 'keep') {
    const message = 'byConsumer: false shares answers, so each consumer gets the cookies that were set for another';
    findings.push(findWarning([...path, 'setCookie'], message, 'remove byConsumer, or write setCookie: strip'));
  }
  return findings;
}

function lintBody({ maxBody }: Cache, path: Path, gateway: Gateway | null): Finding[] {
  const tooLong = gateway === null || maxBody === undefined ? null : whyTooLong(maxBody, gateway.cache);
  return tooLong === null ? [] : [findWarning([...path, 'maxBody'], ...tooLong)];
}
