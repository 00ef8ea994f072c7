/**
 * Whether Kubernetes takes an object: by the validators that kubernetes-models makes of the API's own description. These pass over
 * fields that they don't know, which is how a field that is misspelt goes unnoticed, so it is watched which ones they look at.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [name: string]: unknown;
}

const require = createRequire(import.meta.url);
/** Beside what the package exports. */
const schemas = join(dirname(require.resolve('kubernetes-models')), '_schemas');
const OF_ALL: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'spec', 'data']);

/** Throws for values that are wrong; the fields that nobody knows. */
export function unknownFields(manifest: Manifest): readonly string[] {
  const { apiVersion, kind } = manifest;
  // A model is exported by its kind and by the name of its schema. The model itself would copy what it validates.
  const names = Object.keys(require(`kubernetes-models/${apiVersion}/${kind}`) as object);
  const schema = names.find((name) => name.startsWith('Io'));
  const { validate } = require(join(schemas, `${schema}.js`)) as { readonly validate: Validate }; // As that package has them.
  const unread = new Set<string>();
  const parts = Object.entries(manifest).map(([name, value]) => [name, watched(value, name, unread)] as const);
  if (!validate(Object.fromEntries(parts))) throw new Error(JSON.stringify(validate.errors));
  return [...Object.keys(manifest).filter((name) => !OF_ALL.has(name)), ...unread];
}

type Validate = ((value: unknown) => boolean) & { readonly errors?: readonly object[] };

/** Takes a field from the list when it is read, and all when they are gone through, as those of a map are. */
function watched(value: unknown, path: string, unread: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const inside = new Map<string, unknown>();
  for (const [name, one] of Object.entries(value)) {
    const at = `${path}.${name}`;
    if (!Array.isArray(value)) unread.add(at);
    inside.set(name, watched(one, at, unread));
  }
  return new Proxy(value, {
    get(target, name, receiver) {
      if (typeof name !== 'string' || !inside.has(name)) return Reflect.get(target, name, receiver) as unknown;
      unread.delete(`${path}.${name}`);
      return inside.get(name);
    },
    ownKeys(target) {
      for (const name of inside.keys()) unread.delete(`${path}.${name}`);
      return Reflect.ownKeys(target);
    },
  });
}
