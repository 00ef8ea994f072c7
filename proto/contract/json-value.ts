/** JSON values of a document from a stranger, and ways into them that never look at a prototype. Pure. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Its own member, or undefined. */
export function member(value: Json | undefined, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

export function objectAt(value: Json | undefined, key: string): JsonObject {
  const found = member(value, key);
  return isObject(found) ? found : {};
}

export function listAt(value: Json | undefined, key: string): readonly Json[] {
  const found = member(value, key);
  return isList(found) ? found : [];
}

/** Empty where it is no text. */
export function textAt(value: Json | undefined, key: string): string {
  const found = member(value, key);
  return typeof found === 'string' ? found : '';
}

/** RFC 6901. */
export function pointerTo(base: string, ...keys: readonly (string | number)[]): string {
  return keys.reduce<string>(
    (pointer, key) => `${pointer}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    base,
  );
}

/** Steps of a pointer; null: it is none. */
export function stepsOf(pointer: string): string[] | null {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) return null;
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function valueAtPointer(root: Json, pointer: string): Json | undefined {
  const steps = stepsOf(pointer);
  if (steps === null) return undefined;
  let at: Json | undefined = root;
  for (const step of steps) {
    if (isList(at)) at = /^(?:0|[1-9]\d{0,8})$/.test(step) ? at[Number(step)] : undefined;
    else at = member(at, step);
    if (at === undefined) return undefined;
  }
  return at;
}

export function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (isList(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`.replace('a string', 'a text');
}
