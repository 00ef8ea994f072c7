/**
 * Finds which part of a schema a path of a config belongs to. Used to say which keys would have been right, and which
 * texts may keep their `${NAME}` for the node: both are read from the one schema instead of being listed a second time.
 */
import type * as z from 'zod/v4/core';
import type { Path } from './faults.js';

/** Every object schema that a value at `path` might have been meant for; unions give several. */
export function objectsAt(root: z.$ZodType, path: Path): z.$ZodObject[] {
  return schemasAt(root, path).flatMap((schema) => {
    const known = concrete(schema);
    return known._zod.def.type === 'object' ? [known as z.$ZodObject] : []; // the tag says that it is one
  });
}

/** Every schema that a value at `path` might have been meant for, wrappers removed. */
export function schemasAt(root: z.$ZodType, path: Path): z.$ZodType[] {
  let level = unwrap(root);
  for (const step of path) level = level.flatMap((schema) => child(schema, step));
  return level;
}

/** The schema as the union of all kinds that zod has, which lets `def.type` tell them apart. */
function concrete(schema: z.$ZodType): z.$ZodTypes {
  return schema as z.$ZodTypes; // every schema that zod makes is one of these; the library documents this cast
}

function child(schema: z.$ZodType, step: string | number): z.$ZodType[] {
  const { def } = concrete(schema)._zod;
  if (def.type === 'object') {
    const field = Object.hasOwn(def.shape, step) ? def.shape[step] : undefined;
    return field === undefined ? [] : unwrap(field);
  }
  if (def.type === 'array' && typeof step === 'number') return unwrap(def.element);
  if (def.type === 'record' && typeof step === 'string') return unwrap(def.valueType);
  return [];
}

/** Through optional, defaults, unions and the input side of pipes, down to what a value is compared with. */
function unwrap(schema: z.$ZodType): z.$ZodType[] {
  const { def } = concrete(schema)._zod;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
      return unwrap(def.innerType);
    case 'union':
      return def.options.flatMap(unwrap);
    case 'pipe':
      // A scalar of ours is a pipe from unknown into its reader; the pipe itself is what carries its marks.
      return concrete(def.in)._zod.def.type === 'unknown' ? [schema] : unwrap(def.in);
    default:
      return [schema];
  }
}
