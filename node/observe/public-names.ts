/**
 * What clients may know about targets: which one it was, never where it is.
 *
 * A problem document that names `10.1.4.7:9001` maps the inside of a network for strangers. Clients therefore read
 * `orders/2`, the second target of the upstream in the order of its configuration; the access log and the metrics have
 * the address, and the request id joins the two. Addresses inside the text of a failure are replaced the same way.
 */
import type { RouteSpec, UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Upstreams } from '../upstream/upstreams.js';

export interface PublicNames {
  /** The public name of a target of this upstream. */
  target(targetId: string): string;
  /** The text with every address and host name of a target replaced. */
  conceal(text: string): string;
}

/** IPv4, and IPv6 of at least two colons, with an optional port; bracketed or bare. */
const ADDRESSES =
  /\[[0-9A-Fa-f:.%]+\](?::\d+)?|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]*/g;

/** A host name shorter than this and without a dot might be a word of the sentence, so it stays. */
const HOST_LENGTH_MIN = 4;

/** For a route without an upstream nothing is known that could leak. */
export const noTargets: PublicNames = { target: () => '(unknown)', conceal: (text) => text };

/** What clients of a route may know: names for all targets that it may ask. */
export function publicNamesOf(route: RouteSpec, upstreams: Upstreams): PublicNames {
  if (route.action.kind !== 'proxy') return noTargets;
  const others = route.fallback.flatMap((way) => (way.kind === 'upstream' ? [way.upstream] : []));
  const asked = [route.action.upstream, ...others].flatMap((id) => upstreams.get(id)?.spec ?? []);
  if (asked.length === 0) return noTargets;
  const known = namesOfSnapshot.get(upstreams) ?? new Map<string, PublicNames>();
  namesOfSnapshot.set(upstreams, known);
  const key = asked.map(({ id }) => id).join();
  const names = known.get(key) ?? publicNames(asked);
  known.set(key, names);
  return names;
}

/** Routes that ask the same upstreams share the names of their targets; upstreams are those of one snapshot. */
const namesOfSnapshot = new WeakMap<Upstreams, Map<string, PublicNames>>();

/** Of all upstreams that a route may ask, the one that it asks first in front; a target of two goes by its first name. */
export function publicNames(upstreams: readonly Pick<UpstreamSpec, 'id' | 'targets'>[]): PublicNames {
  const names = new Map<string, string>();
  const secrets: [text: string, name: string][] = [];
  for (const { id, targets } of upstreams) {
    targets.forEach((target, index) => {
      const name = `${id}/${index + 1}`;
      if (!names.has(target.id)) names.set(target.id, name);
      secrets.push([target.id, name]);
      if (target.host.includes('.') || target.host.length >= HOST_LENGTH_MIN) secrets.push([target.host, name]);
    });
  }
  const unknown = `${upstreams[0]?.id ?? ''}/?`;
  const concealed = replacing(secrets);
  return {
    target: (targetId) => names.get(targetId) ?? unknown,
    conceal: (text) => concealed(text).replace(ADDRESSES, '[address]'),
  };
}

/**
 * One alternation for all targets: a pass for each would cost a failed answer 0.3 µs per target, and failed answers come
 * in floods. Compiled when the first failure needs it, so that a reload pays nothing for upstreams that are well.
 */
function replacing(secrets: readonly (readonly [text: string, name: string])[]): (text: string) => string {
  // The first of a text stands for it, as the first name of a target does.
  const names = new Map([...secrets].reverse());
  let pattern: RegExp | null = null;
  return (text) => {
    // Longest first: an id holds its host, and one host may be the beginning of another.
    pattern ??= new RegExp([...names.keys()].sort(longestFirst).map(literal).join('|'), 'g');
    return names.size === 0 ? text : text.replace(pattern, (secret) => names.get(secret) ?? secret);
  };
}

const longestFirst = (a: string, b: string): number => b.length - a.length;

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
