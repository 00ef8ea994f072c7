/** Settings of a route that do nothing on routes of its kind: somebody who states them believes that they do something. */
import { type Finding, findWarning, type Path } from '@weir/proto/config/faults.js';
import { retrySchema } from '@weir/proto/config/resilience.js';
import type { Route } from '@weir/proto/config/route.js';

export interface VoidSetting {
  readonly name: keyof Route;
  readonly why: string;
  readonly cure: string;
}

const usualRetry = JSON.stringify(retrySchema.parse(true));

/** `kind`: as in "hedge does nothing on KIND". */
export function lintVoid(route: Route, path: Path, kind: string, settings: readonly VoidSetting[]): Finding[] {
  return settings.flatMap(({ name, why, cure }) =>
    isStated(route, name) ? [findWarning([...path, name], `${name} does nothing on ${kind}: ${why}`, cure)] : [],
  );
}

/** What a route has without a word of it does not count, even if it was written out. */
function isStated(route: Route, name: keyof Route): boolean {
  const value = route[name];
  if (name === 'retry') return JSON.stringify(value) !== usualRetry;
  return Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined && value !== 0;
}
