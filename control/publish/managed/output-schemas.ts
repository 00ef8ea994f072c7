/**
 * Schemas of outputs that teams write, read as those of contracts are: every keyword of the right kind, references within the schema alone,
 * no schema that is made of itself, patterns that run in bounded time. Nodes hold outputs to them with each step counted. Pure.
 */
import type { Ai } from '@weir/proto/config/ai.js';
import { type Finding, findError } from '@weir/proto/config/faults.js';
import { readContract } from '../../contract/read.js';

const FINDINGS_MAX = 20;

export function outputFindings({ prompts }: Ai): Finding[] {
  return prompts.flatMap(({ id, versions }) =>
    versions.flatMap(({ output, place }) => {
      if (output === undefined) return [];
      const path = ['ai', 'prompts', id, ...place, 'output', 'schema'];
      return schemaFaults(output.schema).map(({ message, cure }) => findError(path, message, cure));
    }),
  );
}

function schemaFaults(schema: Readonly<Record<string, unknown>>) {
  const at = '/components/schemas/Output';
  // What it defines is referred to from the root of whatever holds it.
  const { $defs } = schema;
  const document = {
    ...{ openapi: '3.1.1', info: { title: 'Output', version: '1' }, components: { schemas: { Output: schema } } },
    ...($defs === undefined ? {} : { $defs }),
    paths: { '/': { post: { responses: { '200': { description: '' } } } } },
  };
  return readContract(JSON.stringify(document))
    .faults.filter(({ severity }) => severity === 'error')
    .slice(0, FINDINGS_MAX)
    .map(({ pointer, message, cure }) => ({ message: `${pointer.replace(at, '') || 'the schema'}: ${message}`, cure }));
}
