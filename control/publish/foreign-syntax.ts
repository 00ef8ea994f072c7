/**
 * Whether a JSON Schema and a pattern of RE2 are what they claim, by the libraries that nodes run them with. Both are loaded when the
 * first config has any: most have none, and a check of those shall not wait for them.
 */
import { createRequire } from 'node:module';
import { outputSchemaOptions, withKeptMeta } from '@weir/proto/ai/output-rules.js';
import { isCalm, patternSizeMax } from '@weir/proto/pattern/pattern-work.js';

const require = createRequire(import.meta.url);

/** Null: it is one. */
export function schemaFault(schema: Readonly<Record<string, unknown>>): string | null {
  try {
    ajvFor(schema).compile(schema);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** Patterns in a schema are those of RE2 as well, for they are run on a model's words. `code` is for modules that ajv writes. */
const linear = Object.assign(
  (pattern: string) => {
    const fault = patternFault(pattern);
    if (fault !== null) throw new Error(`${pattern} is no pattern of RE2: ${fault}`);
    return { test: () => true, toString: () => pattern };
  },
  { code: 'linear' },
);

const ajvFor = withKeptMeta(() => {
  // A package that is loaded late comes without its type; these are the parts of its public interface that are used.
  const { Ajv2020 } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
  return new Ajv2020({ ...outputSchemaOptions, code: { regExp: linear } });
});

/** Null: it is one. */
export function patternFault(pattern: string): string | null {
  // Likewise.
  const { RE2JS } = require('re2js') as typeof import('re2js');
  try {
    RE2JS.compile(pattern);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Null: it is one. Else why not; `isTooLarge`: nodes could not run it for each character that a stranger sends. `be calm`: a large one will do
 * where it takes no more for a character than a small one.
 */
export function patternFaultIn(
  pattern: string,
  may: 'be small' | 'be calm',
): { readonly fault: string; readonly isTooLarge: boolean } | null {
  // Likewise.
  const { RE2JS } = require('re2js') as typeof import('re2js');
  try {
    const compiled = RE2JS.compile(pattern);
    const isBounded = compiled.programSize() <= patternSizeMax || (may === 'be calm' && isCalm(compiled, 'part'));
    return isBounded ? null : { fault: 'it is too large', isTooLarge: true };
  } catch (error) {
    return { fault: messageOf(error), isTooLarge: false };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 300);
