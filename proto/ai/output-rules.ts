/** How JSON Schemas of outputs are read, for whoever checks a config and for nodes: options of ajv, and how much of it is kept. Pure. */

/**
 * A keyword that is none is a fault, for a constraint with a typing error constrains nothing. `format` is an annotation, as in the
 * draft 2020-12.
 */
export const outputSchemaOptions = {
  strictSchema: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  validateFormats: false,
  logger: false,
} as const;

/** What of ajv holds a schema to the schema of schemas. Throws where it is none. */
interface HoldsSchemas {
  validateSchema(schema: object | boolean, isThrown?: boolean): unknown;
}

/** Another name would be looked up, and remembered. */
const USUAL: ReadonlySet<unknown> = new Set([undefined, 'https://json-schema.org/draft/2020-12/schema']);

/**
 * An ajv for each schema, for ids of one are no business of another; but the schema of schemas, to which they are all held, is made into
 * a program once and not for each, which took ten times as long as most schemas themselves.
 */
export function withKeptMeta<A extends HoldsSchemas>(make: () => A): (schema: { readonly $schema?: unknown }) => A {
  let kept: A | null = null;
  return ({ $schema }) => {
    const made = make();
    if (!USUAL.has($schema)) return made;
    kept ??= make();
    const holder = kept;
    return Object.assign(made, {
      validateSchema: (schema: object | boolean, isThrown?: boolean) => holder.validateSchema(schema, isThrown),
    });
  };
}
