/**
 * What is said under `compose` of a route and can't be meant: parts that nobody can ask, or that wait for each other, and expressions
 * that look where nothing is.
 */
import { CALLS_MAX, type Compose, type ComposePart } from '@weir/proto/config/compose.js';
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { Draft } from '@weir/proto/config/parse.js';
import { parametersOf } from '@weir/proto/config/path-pattern.js';
import type { Route } from '@weir/proto/config/route.js';
import { closest } from '@weir/proto/config/suggest.js';
import { formatDuration } from '@weir/proto/config/units.js';
import { circleIn, type Reads, readsOfAll } from '@weir/proto/optimize/compose-plan.js';
import type { Template } from '@weir/proto/optimize/template.js';
import { needsOf, queriesOfPart } from './compile-compose.js';
import { limitsOf } from './stated-limits.js';
import { takesPath } from './takes-path.js';

export function lintCompose(draft: Draft): Finding[] {
  return draft.routes.flatMap((route, index) => {
    if (route?.compose === undefined) return [];
    const path: Path = ['routes', index];
    const { compose } = route;
    return [
      ...lintVoid(route, path),
      ...lintOrder(compose, [...path, 'compose', 'parts']),
      ...lintCalls(compose, [...path, 'compose', 'parts']),
      ...compose.parts.flatMap((part) => lintPart(part, route, draft, [...path, 'compose', 'parts', part.name])),
      ...lintMerge(compose, route, [...path, 'compose', 'merge']),
    ];
  });
}

/** What parts have, and a composition has not. */
function lintVoid(route: Route, path: Path): Finding[] {
  const findings: Finding[] = [];
  if (route.fallback.length > 0)
    findings.push(
      findError([...path, 'fallback'], 'a composition has no fallback of its own', 'say `ifFails` of its parts'),
    );
  for (const name of ['hedge', 'async', 'websocket'] as const) {
    if (route[name] === null) continue;
    const message = `\`${name}\` does nothing for a composition`;
    findings.push(findWarning([...path, name], message, 'state it for the routes of its parts'));
  }
  return findings;
}

function lintOrder({ parts }: Compose, path: Path): Finding[] {
  const known = parts.map(({ name }) => name);
  const unknown = parts.flatMap((part) =>
    needsOf(part)
      .filter((need) => !known.includes(need))
      .map((need) => findError([...path, part.name], `there is no part \`${need}\``, cureOf(need, known))),
  );
  const circle = circleIn(new Map(parts.map((part) => [part.name, needsOf(part)])));
  if (circle === null) return unknown;
  const message = `parts wait for each other: ${circle.join(' → ')}`;
  return [...unknown, findError([...path, circle[0] ?? ''], message, 'let one of them go without the other')];
}

function cureOf(name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  return meant === null
    ? `the parts are ${known.join(', ')}; of the request there is .request.params`
    : `did you mean ${meant}?`;
}

function lintCalls({ parts }: Compose, path: Path): Finding[] {
  const calls = parts.reduce((sum, { forEach }) => sum + (forEach?.max ?? 1), 0);
  if (calls <= CALLS_MAX) return [];
  const message = `this may become ${calls} requests, and ${CALLS_MAX} are the most`;
  return [findError(path, message, 'lower `max` of forEach')];
}

function lintPart(part: ComposePart, route: Route, draft: Draft, path: Path): Finding[] {
  const reads = readsOfAll(queriesOfPart(part));
  const findings = [...lintReads(reads, route, path), ...lintAsked(part, draft.routes, path)];
  if (reads.whole)
    findings.push(findError(path, 'an expression looks at all parts at once', 'name the part: .user.id'));
  if (reads.errors) findings.push(findError(path, '`.errors` is known when all parts are over', 'use it in `merge`'));
  if (part.forEach === undefined && reads.item)
    findings.push(findError(path, '`.item` is an element of a list, and this part has none', 'add `forEach`'));
  if (part.forEach !== undefined && readsOfAll([part.forEach.in.query]).item)
    findings.push(findError([...path, 'forEach'], 'the list can not be made of its own elements', 'name a part'));
  const { total } = limitsOf(draft, route).effective;
  if (part.timeout !== undefined && part.timeout > total) {
    const message = `timeout (${formatDuration(part.timeout)}) can never fire: total (${formatDuration(total)}) ends the whole first`;
    findings.push(findWarning([...path, 'timeout'], message, 'lower timeout, or raise total'));
  }
  if (part.body !== undefined && ['GET', 'HEAD'].includes(part.method))
    findings.push(findError([...path, 'body'], `${part.method} has no body`, 'write `method: POST`'));
  return findings;
}

function lintReads({ request }: Reads, { match }: Route, path: Path): Finding[] {
  const members = ['method', 'path', 'params', 'query', 'headers', 'body', 'consumer'];
  const parameters = [...parametersOf(match.path)];
  return request.flatMap(([member, name]) => {
    if (member !== undefined && !members.includes(member))
      return [findError(path, `the request has no \`${member}\``, `it has ${members.join(', ')}`)];
    if (member !== 'params' || name === undefined || parameters.includes(name)) return [];
    const cure =
      parameters.length === 0
        ? 'the path has no parameters'
        : `the path has ${parameters.map((one) => `{${one}}`).join(', ')}`;
    return [findError(path, `{${name}} is not a parameter of the route's path`, cure)];
  });
}

function lintAsked(part: ComposePart, routes: Draft['routes'], path: Path): Finding[] {
  const asked = routes.find((one) => one?.id === part.route);
  // References are checked elsewhere.
  if (asked === undefined || asked === null) return [];
  if (asked.compose !== undefined || asked.batch !== undefined || asked.mcp !== null) {
    const message = `${part.route} asks other routes itself, and can not be a part`;
    return [findError([...path, 'route'], message, 'name the routes that it asks')];
  }
  const { methods, path: pattern } = asked.match;
  if (methods.length > 0 && !methods.includes(part.method)) {
    const message = `the route ${part.route} takes ${methods.join(', ')}, and not ${part.method}`;
    return [findError([...path, 'method'], message, 'change one of the two')];
  }
  const written = shapeOf(part.path);
  if (takesPath(pattern, written)) return [];
  const message = `the route ${part.route} does not take ${written}`;
  return [findError([...path, 'path'], message, 'write the path as clients of that route do')];
}

/** Each place as a parameter: it fills one segment, or a part of one. */
const shapeOf = (path: Template): string => path.map((piece) => (typeof piece === 'string' ? piece : '{}')).join('');

function lintMerge({ parts, merge }: Compose, route: Route, path: Path): Finding[] {
  if (merge === undefined) return [];
  const known = parts.map(({ name }) => name);
  const reads = readsOfAll([merge.query]);
  const findings = lintReads(reads, route, path);
  for (const name of reads.parts.filter((one) => !known.includes(one)))
    findings.push(findError(path, `there is no part \`${name}\``, cureOf(name, known)));
  if (reads.item) findings.push(findError(path, '`.item` is for parts with `forEach`', 'use map(): .list | map(.id)'));
  if (reads.whole) return findings;
  const used = new Set([...reads.parts, ...parts.flatMap(needsOf)]);
  for (const { name, method } of parts) {
    if (used.has(name) || !['GET', 'HEAD'].includes(method)) continue;
    findings.push(
      findWarning([...path.slice(0, -1), 'parts', name], `nothing is made of ${name}`, 'remove it, or use it'),
    );
  }
  return findings;
}
