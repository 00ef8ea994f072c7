/**
 * Where a design sends the secrets of its team. A secret goes along with requests, so whoever says where these go gets to know it. Therefore an
 * owner, who has the secrets, publishes the first release that sends one to a target; whatever sends no secret to anywhere else may be published by any
 * developer, for a release that is there was published so. Pure.
 *
 * Every target of a design counts for every secret of its routes: a request may be retried on another one, or fall back to it. The keys of a provider of
 * models go to that provider alone.
 */
import type { Design } from './entities.js';

const REFERENCE = /\$\$|\$\{secret:([A-Za-z0-9_]{1,64})\}/g;

interface Uses {
  /** In request fields, which leave the gateway, or as a key of its own. */
  readonly names: ReadonlySet<string>;
  /** `TOKEN to http://10.0.0.1:9000`. */
  readonly sent: ReadonlySet<string>;
}

/** Looked at once for each: a design is never changed. */
const known = new WeakMap<Design, Uses>();

/** Names of the secrets without which it can't be served. */
export function secretsIn(design: Design): ReadonlySet<string> {
  return usesOf(design).names;
}

/** A secret that goes where none of the releases has sent it, as `TOKEN to http://10.0.0.1:9000`; null: there is none. */
export function sentAnew(design: Design, releases: Iterable<{ readonly design: Design }>): string | null {
  const { sent } = usesOf(design);
  if (sent.size === 0) return null;
  const left = new Set(sent);
  for (const release of releases) for (const use of usesOf(release.design).sent) left.delete(use);
  const [first = null] = left;
  return first;
}

function usesOf(design: Design): Uses {
  const before = known.get(design);
  if (before !== undefined) return before;
  const { upstreams, routes, ai = {} } = design;
  // What stands in an upstream is the key of a sticky cookie, which nobody is told.
  const [inRoutes, inUpstreams] = [namesIn(routes), namesIn(upstreams)];
  const providers = providersOf(ai).map((provider) => ({ place: placeOf(provider), names: namesIn([provider.entry]) }));
  const targets = upstreams.flatMap((upstream) => {
    const more = beside(upstream, WORDS_OF_PLACE);
    return urlsIn(memberOf(upstream, 'targets')).map((url) => [url, ...more].join(', '));
  });
  const all = [...targets, ...providers.map(({ place }) => place)];
  const places = all.length === 0 ? ['no target of its own'] : all;
  const sent = [{ names: inRoutes, places }, ...providers.map(({ names, place }) => ({ names, places: [place] }))];
  const uses = {
    names: new Set([...inRoutes, ...inUpstreams, ...namesIn([ai])]),
    sent: new Set(sent.flatMap((one) => one.names.flatMap((name) => one.places.map((place) => `${name} to ${place}`)))),
  };
  known.set(design, uses);
  return uses;
}

interface Provider {
  readonly id: string;
  readonly entry: unknown;
}

/** By their ids, or as a list. */
function providersOf(ai: object): Provider[] {
  const written = memberOf(ai, 'providers') ?? {};
  if (Array.isArray(written)) return written.map((entry) => ({ id: String(memberOf(entry, 'id') ?? entry), entry }));
  return Object.entries(written).map(([id, entry]) => ({ id, entry }));
}

/**
 * Who answers at a URL is also said by the name that it is asked under, by the name that its certificate has to be for, and by whether that is looked at:
 * behind one address of a CDN lie many servers.
 */
const WORDS_OF_PLACE = ['hostHeader', 'tls'];

/** Where its keys go: its kind, which may be its id, and all that makes another address of it, such as a region. */
function placeOf({ id, entry }: Provider): string {
  const more = beside(entry, ['url', 'settings', 'compatible', ...WORDS_OF_PLACE]);
  return [`provider ${String(memberOf(entry, 'kind') ?? id)}`, ...more].join(', ');
}

/** As they are written, in a text. */
function beside(entry: unknown, words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const value = memberOf(entry, word);
    return value === undefined ? [] : [`${word} ${JSON.stringify(value)}`];
  });
}

function namesIn(list: readonly unknown[]): string[] {
  return [...JSON.stringify(list).matchAll(REFERENCE)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/** As they are written: one that is written otherwise is another one. */
function urlsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.flatMap(urlsIn) : urlsIn(memberOf(value, 'url') ?? []);
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
