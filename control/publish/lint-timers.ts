/**
 * Timers that contradict each other. A timer inside another one that is longer can never fire: the setting does nothing,
 * and whoever wrote it believes that it does.
 *
 * A timer is compared with the limits of its own level and those above it, never with a route that merely tightens
 * `total` further down: `firstByte: 15s` for all and `total: 2s` for one route is how inheritance is meant to be used.
 */
import { type Finding, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { Draft } from '@weir/proto/config/parse.js';
import { type GatewayTimeouts, type TimeoutOverrides, timeoutDefaults } from '@weir/proto/config/timeouts.js';
import { formatDuration } from '@weir/proto/config/units.js';
import { aiTimeouts, hasAiTimeouts } from './compile-ai.js';

type Name = keyof TimeoutOverrides;

/** Parts of one attempt; `attempt` bounds them where it is set. */
const INSIDE_ATTEMPT: readonly Name[] = ['connect', 'tls', 'send', 'firstByte', 'idle'];
const INSIDE_TOTAL: readonly Name[] = ['queue', 'attempt', ...INSIDE_ATTEMPT];

/** What is stated, of a learnt limit the largest that it may become. */
type Stated = Partial<Record<Name, number>>;

export function lintTimers(draft: Draft): Finding[] {
  const { gateway, upstreams, routes } = draft;
  if (gateway === null) return [];
  const common = { ...stated(timeoutDefaults), ...stated(gateway.timeouts) };
  const findings = contradictions(changed(gateway.timeouts), common, ['gateway', 'timeouts']);
  upstreams.forEach((upstream, index) => {
    if (upstream?.timeouts === undefined) return;
    const own = stated(upstream.timeouts);
    findings.push(...contradictions(own, { ...common, ...own }, ['upstreams', index, 'timeouts']));
  });
  const byId = new Map(upstreams.map((upstream) => [upstream?.id, upstream?.timeouts]));
  const only = upstreams.length === 1 ? upstreams[0]?.timeouts : undefined;
  routes.forEach((route, index) => {
    if (route?.timeouts === undefined) return;
    const ofUpstream = route.upstream === undefined ? only : byId.get(route.upstream);
    const inherited = stated((hasAiTimeouts(route) ? aiTimeouts : ofUpstream) ?? {});
    const own = stated(route.timeouts);
    findings.push(...contradictions(own, { ...common, ...inherited, ...own }, ['routes', index, 'timeouts']));
  });
  return findings;
}

/** What the gateway says itself: whoever lowers `total` has not asked for a default `firstByte` above it. */
function changed(timeouts: GatewayTimeouts): Stated {
  const own = INSIDE_TOTAL.filter((name) => timeouts[name] !== timeoutDefaults[name]);
  return stated(Object.fromEntries(own.map((name) => [name, timeouts[name]])));
}

/** Only what a level says; an absent timer, or a learnt one without bounds, must not hide an inherited one. */
function stated(level: TimeoutOverrides): Stated {
  const limits: Stated = {};
  for (const name of ['total', ...INSIDE_TOTAL] as const) {
    const value = level[name];
    const limit = typeof value === 'object' ? value.max : value;
    if (limit !== undefined) limits[name] = limit;
  }
  return limits;
}

function contradictions(level: Stated, effective: Stated, path: Path): Finding[] {
  const { total = Number.POSITIVE_INFINITY, attempt = 0 } = effective;
  return INSIDE_TOTAL.flatMap((name) => {
    const own = level[name];
    if (own === undefined || own === 0) return [];
    const message = (outer: Name, outerMs: number): string =>
      `${name} (${formatDuration(own)}) can never fire: ${outer} (${formatDuration(outerMs)}) ends the request first`;
    if (own > total) return [findWarning([...path, name], message('total', total), `lower ${name}, or raise total`)];
    const bounded = attempt > 0 && INSIDE_ATTEMPT.includes(name);
    if (bounded && own > attempt && level.attempt !== undefined) {
      return [findWarning([...path, name], message('attempt', attempt), `lower ${name}, or raise attempt`)];
    }
    return [];
  });
}
