/** What is said under `optimize` of a route and can't be meant, or costs more than whoever wrote it may think. */
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { List } from '@weir/proto/config/list.js';
import type { Draft } from '@weir/proto/config/parse.js';
import type { Route } from '@weir/proto/config/route.js';
import { formatSize } from '@weir/proto/config/units.js';
import { keptFormsBytesMax } from '@weir/proto/snapshot/optimize.js';

export function lintOptimize(draft: Draft): Finding[] {
  return draft.routes.flatMap((route, index) => {
    if (route === null) return [];
    const path: Path = ['routes', index, 'optimize'];
    return [
      ...lintKept(route, path),
      ...(route.optimize.list === null ? [] : lintList(route, route.optimize.list, path)),
    ];
  });
}

function lintKept({ optimize: { compress } }: Route, path: Path): Finding[] {
  if (compress === null || compress.keep <= keptFormsBytesMax) return [];
  const message = `a node keeps ${formatSize(keptFormsBytesMax)} of compressed answers for all of its routes together`;
  return [findWarning([...path, 'compress', 'keep'], message, `write ${formatSize(keptFormsBytesMax)}, or less`)];
}

function lintList(route: Route, list: List, path: Path): Finding[] {
  const at: Path = [...path, 'list'];
  const { match, optimize } = route;
  const action = (['redirect', 'batch'] as const).find((name) => route[name] !== undefined);
  if (action !== undefined || route.ai !== null || route.mcp !== null) {
    const message = 'what this route answers is no list of an upstream';
    return [findError(at, message, 'state it for a route that leads to one')];
  }
  const findings: Finding[] = [];
  if (match.methods.length > 0 && !match.methods.includes('GET'))
    findings.push(findError(at, `pages are read by GET, and this route takes ${match.methods.join(', ')}`, 'add GET'));
  const { limit, cursor } = list.parameters;
  const fields = optimize.fields?.parameter;
  if (fields === limit || fields === cursor) {
    const message = `\`${fields}\` names fields as well`;
    findings.push(findError([...at, 'parameters'], message, 'give each parameter a name of its own'));
  }
  if (list.upstream === undefined && route.cache === null && isProxied(route)) {
    const message = 'each page asks the upstream for the whole list';
    const cure = 'add `cache`, or say under `upstream` how it pages';
    findings.push(findWarning(at, message, cure));
  }
  return [...findings, ...lintNames(list, at)];
}

/** What answers by itself has its answer at hand. */
const isProxied = ({ respond, compose }: Route): boolean => respond === undefined && compose === undefined;

function lintNames({ upstream }: List, at: Path): Finding[] {
  const names = namesOf(upstream);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return [];
  const message = `two parameters of the upstream are called \`${twice}\``;
  return [findError([...at, 'upstream'], message, 'give each the name that the upstream knows')];
}

function namesOf(upstream: List['upstream']): readonly string[] {
  const { pages, offset, cursor } = upstream ?? {};
  if (pages !== undefined) return [pages.page, pages.size];
  if (offset !== undefined) return [offset.offset, offset.limit];
  if (cursor !== undefined) return [cursor.cursor, ...(cursor.limit === undefined ? [] : [cursor.limit])];
  return [];
}
