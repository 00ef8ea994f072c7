/** `x-weir-…` of operations and paths: what a contract may say of its route, in the words of weir.yaml. Pure. */
import { isObject, type Json, pointerTo } from '@weir/proto/contract/json-value.js';
import type { Operation } from './contract.js';
import { type ContractFaults, shown } from './contract-faults.js';

const known: Readonly<Record<string, string>> = {
  'x-weir-timeout': 'how long the answer may take: 2s',
  'x-weir-timeouts': 'timers of the route: { total: 5s, firstByte: 1s }',
  'x-weir-cache': 'as `cache` of a route: true, or { ttl: 1m }',
  'x-weir-retry': 'as `retry` of a route: false, or { retries: 1 }',
};

/** Fields of the route. Whether they are right is seen when it is read. */
export function readDesignExtensions(operation: Operation, faults: ContractFaults): Readonly<Record<string, Json>> {
  const fields: Record<string, Json> = {};
  for (const [name, value] of Object.entries(operation.extensions)) {
    if (!name.startsWith('x-weir-')) continue;
    const at = pointerTo(operation.pointer, name);
    if (!Object.hasOwn(known, name)) {
      faults.warn(at, `${shown(name)} means nothing`, `there are ${Object.keys(known).join(', ')}`);
      continue;
    }
    if (name === 'x-weir-cache' || name === 'x-weir-retry') fields[name.slice('x-weir-'.length)] = value;
    else if (name === 'x-weir-timeouts' && !isObject(value))
      faults.error(at, 'timers must be an object', `write ${known[name]}`);
    else {
      const earlier = fields['timeouts'];
      const timers = isObject(value) ? value : { total: value };
      fields['timeouts'] = { ...(isObject(earlier) ? earlier : {}), ...timers };
    }
  }
  return fields;
}
