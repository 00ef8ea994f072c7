/** Whether a route takes a request that is written down in another place of the config: a tool of MCP, a part of a composition. Pure. */
import type { Route } from '@weir/proto/config/route.js';

/** Whether some values of the places in a path (`{name}`) lead there. */
export function takesPath(pattern: Route['match']['path'], path: string): boolean {
  const written =
    pattern.kind === 'exact' ? pattern.path : pattern.kind === 'prefix' ? belowOf(pattern.prefix) : pattern.template;
  const wanted = written.split('/');
  const given = path.split('/');
  const hasRest = wanted.at(-1) === '*';
  const fixed = hasRest ? wanted.slice(0, -1) : wanted;
  if (given.length < fixed.length || (!hasRest && given.length > fixed.length)) return false;
  return fixed.every((part, index) => {
    const segment = given[index] ?? '';
    if (part.includes('{') || part === segment) return true;
    const [before = '', behind] = [segment.split('{')[0], segment.split('}').at(-1)];
    return segment.includes('{') && part.startsWith(before) && part.endsWith(behind ?? '');
  });
}

const belowOf = (prefix: string): string => (prefix === '/' ? '/*' : `${prefix}/*`);

/** The host that a request to a route has where nothing else is said: the first that is no wildcard; empty: whichever the caller asks. */
export function hostOf(route: Route | undefined): string {
  return route?.match.hosts.find((host) => !host.includes('*')) ?? '';
}
