/**
 * A whole config against its schema, faster where most of it was read before: of a config with a thousand routes a change touches a few,
 * and to read each route anew takes a third of all that checking it takes (60 µs a route, 3 of them for its text). What a route comes to
 * depends on nothing but itself, so one that is written as it was is what it was. Pure but for what it remembers: the routes of the
 * last config that was sound.
 */
import type * as z from 'zod';
import { documentSchema, entitiesMax, type WeirConfig } from './document.js';
import { type Route, routeSchema } from './route.js';

let known: ReadonlyMap<string, Route> = new Map();

/** As `documentSchema.safeParse`: the same values, and the same issues. */
export function readDocument(value: unknown): z.ZodSafeParseResult<WeirConfig> {
  const routes = routesIn(value);
  const [first] = routes;
  if (first === undefined) return documentSchema.safeParse(value);
  const read = new Map<string, Route>();
  const list: Route[] = [];
  for (const written of routes) {
    const text = textOf(written);
    const route = read.get(text) ?? known.get(text) ?? soundRoute(written);
    // Its issues are told with their places in the whole.
    if (route === null) return documentSchema.safeParse(value);
    read.set(text, route);
    list.push(route);
  }
  const rest = documentSchema.safeParse({ ...(value as object), routes: [first] });
  if (!rest.success) return documentSchema.safeParse(value);
  known = read;
  return { success: true, data: { ...rest.data, routes: list } };
}

/** None where there are so many that the schema has something to say of it. */
function routesIn(value: unknown): readonly unknown[] {
  const routes = typeof value === 'object' && value !== null && 'routes' in value ? value.routes : null;
  return Array.isArray(routes) && routes.length <= entitiesMax ? routes : [];
}

function soundRoute(written: unknown): Route | null {
  const result = routeSchema.safeParse(written);
  return result.success ? result.data : null;
}

/** JSON has one word for all that is no number, and none for what is not there. */
function textOf(written: unknown): string {
  return JSON.stringify(written, (_key, value: unknown) => {
    if (value === undefined) return ['\0undefined'];
    return typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
      ? [`\0${Object.is(value, -0) ? '-0' : value}`]
      : value;
  });
}
