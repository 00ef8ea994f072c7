/**
 * Outputs held to a schema that a team has written, whose models may answer anything: by closures that count their work, as bodies of
 * requests are (proto/contract/schema-check.ts tells why that is not ajv). What takes too much of it does not fit. Pure but for what is made
 * of the schema when an output first meets it.
 */
import { type Json, valueAtPointer } from '@weir/proto/contract/json-value.js';
import { type CompileOptions, compileSchemas } from '@weir/proto/contract/schema-check.js';
import { type Check, Run } from '@weir/proto/contract/schema-run.js';
import type { CheckOutput } from './output-tools.js';

export function countedCheck(schema: Json, pattern: CompileOptions['pattern']): CheckOutput {
  const compile = compileSchemas({
    dialect: '3.1',
    direction: 'response',
    resolve: (ref) => resolved(schema, ref),
    pattern,
  });
  let check: Check | null = null;
  return (value) => {
    check ??= compile(schema);
    const run = new Run(1);
    // It was parsed from JSON.
    const isRight = check(value as Json, run, null);
    if (run.isExhausted) return 'it takes more work to check than is allowed';
    if (isRight) return null;
    const [first] = run.faults;
    return first === undefined ? 'it does not fit' : `${['', ...first.path].join('/') || 'it'} ${first.what}`;
  };
}

/** Within the schema; control has refused references that lead anywhere else. */
function resolved(schema: Json, ref: string): Json | undefined {
  return ref.startsWith('#') ? valueAtPointer(schema, decodeURIComponent(ref.slice(1))) : undefined;
}
