/**
 * Whether the examples of a contract fit its own schemas: a mock answer that does not teaches callers what the service never says. Told, and no error, for
 * the schema may be what is wrong. Pure.
 */
import { compileSchemas } from '@weir/proto/contract/schema-check.js';
import { type Check, Run } from '@weir/proto/contract/schema-run.js';
import { type Contract, isJsonType, type Media } from './contract.js';
import { ContractFaults } from './contract-faults.js';
import { References } from './references.js';

/** Of all examples together; what is beyond is not looked at. */
const WORK_MAX = 2_000_000;

export function checkExamples(contract: Contract, faults: ContractFaults): void {
  const references = new References(contract.document, new ContractFaults());
  const compiling = (direction: 'request' | 'response') =>
    compileSchemas({
      ...{ dialect: contract.dialect, direction },
      resolve: (ref) => {
        const pointer = references.pointerOf(ref);
        return pointer === null ? undefined : (references.look(pointer) ?? undefined);
      },
      // RE2 in JavaScript is slow to make, and nodes run patterns; here the other keywords say enough.
      pattern: () => null,
    });
  const [ofRequests, ofResponses] = [compiling('request'), compiling('response')];
  let left = WORK_MAX;
  const look = (content: readonly Media[], compile: (schema: Media['schema'] & {}) => Check): void => {
    for (const { type, schema, examples, pointer } of content) {
      if (schema === null || !isJsonType(type)) continue;
      for (const { name, value } of examples) {
        if (left <= 0) return;
        const run = new Run(1, Math.min(left, 200_000));
        const before = run.workLeft;
        compile(schema)(value, run, null);
        left -= before - Math.max(0, run.workLeft);
        const [fault] = run.faults;
        if (fault === undefined || run.isExhausted) continue;
        const where = fault.path.length === 0 ? 'it' : fault.path.join('.').slice(0, 80);
        const called = name === '' ? 'the example' : `the example ${name.slice(0, 80)}`;
        faults.warn(
          pointer,
          `${called} does not fit its schema: ${where} ${fault.what}`,
          'correct the example, or the schema',
        );
      }
    }
  };
  for (const { body, responses } of contract.operations) {
    if (body !== null) look(body.content, ofRequests);
    for (const { content } of responses) look(content, ofResponses);
  }
}
