/**
 * The JSON Schema of weir.yaml, for editors: completion, documentation on hover, a red line under a wrong unit. Made
 * from the schema that Weir itself reads with, so it cannot say something else.
 */
import * as z from 'zod';
import { documentSchema } from './document.js';

/** The text of weir.schema.json. */
export function jsonSchemaText(): string {
  const schema = z.toJSONSchema(documentSchema, {
    io: 'input',
    unrepresentable: 'any',
    target: 'draft-7',
    // The library drops examples of values that are transformed, taking them for outputs; ours are inputs.
    override: ({ zodSchema, jsonSchema }) => {
      const examples = z.globalRegistry.get(zodSchema)?.['examples'];
      if (Array.isArray(examples)) jsonSchema.examples = examples;
    },
  });
  return `${JSON.stringify({ ...schema, title: 'weir.yaml', description: 'Configuration of the Weir gateway.' }, null, 2)}\n`;
}
