/** How JSON Schemas of outputs are read, for whoever checks a config and for nodes: options of ajv. Pure. */

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
