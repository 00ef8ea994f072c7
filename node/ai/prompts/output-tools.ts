/**
 * What outputs are held to a schema with: ajv, patterns of schemas by RE2, for a model's words may not hold a node up, and jsonrepair.
 * Loaded late: by output-tools-loader.ts when the first snapshot has such a prompt, and with mcp/mcp-route.ts, whose tools take and give what
 * fits a schema.
 */
import { outputSchemaOptions, withKeptMeta } from '@weir/proto/ai/output-rules.js';
import type { JsonObject } from '@weir/proto/contract/json-value.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { jsonrepair } from 'jsonrepair';
import { RE2JS } from 're2js';
import { type CountedPattern, countedPattern } from '../../pattern/counted-pattern.js';
import { countedCheck } from './counted-output.js';

/** Null: it fits. Else where and why not, without the value itself. */
export type CheckOutput = (value: unknown) => string | null;

export interface OutputTools {
  /** Throws where the schema is none. */
  compile(schema: Readonly<Record<string, unknown>>): CheckOutput;
  /** Of whoever may write one; believed to be one. */
  counted(schema: Readonly<Record<string, unknown>>): CheckOutput;
  /** JSON of what is nearly JSON; null: it is too far from it. */
  repaired(text: string): string | null;
}

/** The library knows them apart by their text. `code` is asked for by its type, and used only where it writes a module. */
const linear = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(pattern);
    return { test: (text: string): boolean => compiled.test(text), toString: () => pattern };
  },
  { code: 'linear' },
);

/** Control takes none that RE2 can't run; if one comes all the same, it is not enforced. */
function linearPattern(text: string): CountedPattern | null {
  try {
    return countedPattern(text, 'part');
  } catch {
    return null;
  }
}

const ajvFor = withKeptMeta(() => new Ajv2020({ ...outputSchemaOptions, code: { regExp: linear } }));

export const outputTools: OutputTools = {
  compile(schema) {
    const validate = ajvFor(schema).compile(schema);
    return (value) => {
      if (validate(value)) return null;
      const [first] = validate.errors ?? [];
      return first === undefined
        ? 'it does not fit'
        : `${first.instancePath || 'it'} ${first.message ?? 'does not fit'}`;
    };
  },
  // It came as JSON or YAML and was packed as such: nothing else is in it.
  counted: (schema) => countedCheck(schema as JsonObject, linearPattern),
  repaired(text) {
    try {
      return jsonrepair(text);
    } catch {
      return null;
    }
  },
};
