/**
 * A guarded path beside an open one that leads to the same upstream: `/admin/*` with a key, `/*` without.
 *
 * To the router `/admin;x/users` and `/admin%2Fusers` are other paths than `/admin/users`, and it sends them where the rest
 * goes. Servers there may disagree: Tomcat and Jetty strip `;x`, frameworks that decode before they route read `%2F` as a
 * slash. Then the open route is a way around the guard. Whether these do is not known here, so it is a warning.
 */
import { type Finding, findWarning } from '@weir/proto/config/faults.js';
import { formatPathPattern } from '@weir/proto/config/path-pattern.js';
import type { Route } from '@weir/proto/config/route.js';

export function lintGuards(routes: readonly (Route | null)[]): Finding[] {
  return routes.flatMap((guarded, index) => {
    if (guarded === null || !hasUpstream(guarded)) return [];
    const open = routes.find((other) => other !== null && other !== guarded && isWayAround(guarded, other));
    if (open === undefined || open === null) return [];
    const guard = guarded.auth.length > 0 && open.auth.length === 0 ? 'auth' : 'addresses';
    const around = open.id ?? formatPathPattern(open.match.path);
    const segment = `/${literalsBehind(guarded, open)[0] ?? ''}`;
    const message = `an upstream that strips \`;x\` or decodes \`%2F\` can be reached through ${around} around this route's ${guard}: as ${segment};x or ${segment}%2Fx`;
    const cure = `give ${around} the same \`${guard}\`, or an upstream of its own, or let the upstream refuse \`;\` and \`%2F\` in paths`;
    return [findWarning(['routes', index, guard], message, cure)];
  });
}

const hasUpstream = ({ redirect, respond }: Route): boolean => redirect === undefined && respond === undefined;

const listsAddresses = ({ addresses }: Route): boolean =>
  addresses !== undefined && addresses.allow.length + addresses.deny.length > 0;

function isWayAround(guarded: Route, open: Route): boolean {
  const lacksAuth = guarded.auth.length > 0 && open.auth.length === 0;
  const lacksAddresses = listsAddresses(guarded) && !listsAddresses(open);
  if (!lacksAuth && !lacksAddresses) return false;
  // Left out, it is the only one that there is.
  const isOneUpstream =
    guarded.upstream === open.upstream || guarded.upstream === undefined || open.upstream === undefined;
  return (
    isOneUpstream &&
    hasUpstream(open) &&
    overlap(guarded.match.methods, open.match.methods, (a, b) => a === b) &&
    overlap(guarded.match.hosts, open.match.hosts, isOneHost) &&
    literalsBehind(guarded, open).length > 0
  );
}

/** Two lists of which an empty one means everything. */
function overlap(a: readonly string[], b: readonly string[], isOne: (a: string, b: string) => boolean): boolean {
  return a.length === 0 || b.length === 0 || a.some((each) => b.some((other) => isOne(each, other)));
}

function isOneHost(a: string, b: string): boolean {
  const covers = (wide: string, narrow: string): boolean => wide.startsWith('*.') && narrow.endsWith(wide.slice(1));
  return a === b || covers(a, b) || covers(b, a);
}

const PARAMETER = /^\{.*\}$/;

/**
 * The segments that only the guarded route spells out, where the open one takes everything: one of them is what a request
 * spells otherwise. Empty when the open route does not cover the guarded one, or there is nothing to misspell, as a
 * parameter takes any spelling.
 */
function literalsBehind(guarded: Route, open: Route): string[] {
  const pattern = formatPathPattern(open.match.path);
  if (!pattern.endsWith('/*')) return [];
  const prefix = segmentsOf(pattern);
  const path = segmentsOf(formatPathPattern(guarded.match.path));
  const isCovered =
    prefix.length < path.length && prefix.every((each, at) => PARAMETER.test(each) || each === path[at]);
  return isCovered ? path.slice(prefix.length).filter((segment) => segment !== '' && !PARAMETER.test(segment)) : [];
}

/** Without the star at the end. */
function segmentsOf(pattern: string): string[] {
  return pattern.replace(/\/\*$/, '').split('/').slice(1);
}
