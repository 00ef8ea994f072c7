/**
 * Timers that contradict each other. A timer inside another one that is longer can never fire: the setting does nothing,
 * and whoever wrote it believes that it does.
 *
 * A timer is compared with the limits of its own level and those above it, never with a route that merely tightens
 * `total` further down: `firstByte: 15s` for all and `total: 2s` for one route is how inheritance is meant to be used.
 */
import { type Finding, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { Draft } from '@weir/proto/config/parse.js';
import { type GatewayTimeouts, gatewayTimeouts, type TimeoutOverrides } from '@weir/proto/config/timeouts.js';
import { formatDuration } from '@weir/proto/config/units.js';

type Name = keyof TimeoutOverrides;

/** Parts of one attempt; `attempt` bounds them where it is set. */
const INSIDE_ATTEMPT: readonly Name[] = ['connect', 'tls', 'send', 'firstByte', 'idle'];
const INSIDE_TOTAL: readonly Name[] = ['queue', 'attempt', ...INSIDE_ATTEMPT];

export function lintTimers(draft: Draft): Finding[] {
  const { gateway, upstreams, routes } = draft;
  if (gateway === null) return [];
  const findings = contradictions(changed(gateway.timeouts), gateway.timeouts, ['gateway', 'timeouts']);
  upstreams.forEach((upstream, index) => {
    if (upstream?.timeouts === undefined) return;
    findings.push(
      ...contradictions(upstream.timeouts, { ...gateway.timeouts, ...stated(upstream.timeouts) }, [
        'upstreams',
        index,
        'timeouts',
      ]),
    );
  });
  const byId = new Map(upstreams.map((upstream) => [upstream?.id, upstream?.timeouts]));
  const only = upstreams.length === 1 ? upstreams[0]?.timeouts : undefined;
  routes.forEach((route, index) => {
    if (route?.timeouts === undefined) return;
    const inherited = route.upstream === undefined ? only : byId.get(route.upstream);
    const effective = { ...gateway.timeouts, ...stated(inherited ?? {}), ...stated(route.timeouts) };
    findings.push(...contradictions(route.timeouts, effective, ['routes', index, 'timeouts']));
  });
  return findings;
}

const defaults = gatewayTimeouts.parse({});

/** What the gateway says itself: whoever lowers `total` has not asked for a default `firstByte` above it. */
function changed(timeouts: GatewayTimeouts): TimeoutOverrides {
  const own = INSIDE_TOTAL.filter((name) => timeouts[name] !== defaults[name]);
  return Object.fromEntries(own.map((name) => [name, timeouts[name]]));
}

/** Only what a level says; an absent timer must not hide an inherited one. */
function stated(level: TimeoutOverrides): Partial<GatewayTimeouts> {
  return Object.fromEntries(Object.entries(level).filter(([, value]) => value !== undefined));
}

function contradictions(level: TimeoutOverrides, effective: GatewayTimeouts, path: Path): Finding[] {
  return INSIDE_TOTAL.flatMap((name) => {
    const own = level[name];
    if (own === undefined || own === 0) return [];
    const message = (outer: Name): string =>
      `${name} (${formatDuration(own)}) can never fire: ${outer} (${formatDuration(effective[outer])}) ends the request first`;
    if (own > effective.total) return [findWarning([...path, name], message('total'), `lower ${name}, or raise total`)];
    const bounded = effective.attempt > 0 && INSIDE_ATTEMPT.includes(name);
    if (bounded && own > effective.attempt && level.attempt !== undefined) {
      return [findWarning([...path, name], message('attempt'), `lower ${name}, or raise attempt`)];
    }
    return [];
  });
}
