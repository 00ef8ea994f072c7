/** What a contract says and the gateway does not hold anybody to: told once for each kind, so that nobody counts on it. Pure. */
import { type Json, member, objectAt } from '@weir/proto/contract/json-value.js';
import { type Contract, isJsonType } from './contract.js';
import { type ContractFaults, shown } from './contract-faults.js';

export function unenforced(contract: Contract, faults: ContractFaults): void {
  const { operations, document } = contract;
  const say = (pointers: readonly string[], what: string, cure: string): void => {
    const [first] = pointers;
    const others = pointers.length > 1 ? ` (and ${pointers.length - 1} more)` : '';
    if (first !== undefined) faults.warn(first, `${what}${others}`, cure);
  };
  const media = operations
    .flatMap(({ body }) => body?.content ?? [])
    .filter(({ type, schema }) => schema !== null && !isJsonType(type));
  const types = [...new Set(media.map(({ type }) => type))].slice(0, 5).join(', ');
  say(
    media.map(({ pointer }) => pointer),
    `bodies of ${shown(types)} are taken, and not looked into`,
    'only JSON is held to a schema',
  );
  const secured = operations.filter(({ security }) => Array.isArray(security) && security.length > 0);
  say(
    secured.map(({ pointer }) => pointer),
    'security requirements of the contract are not asked for',
    'who may call is the service’s own setting: open, or by key',
  );
  const operationsOf = (keyword: string): string[] =>
    operations.flatMap(({ path, method, pointer }) => (hasMember(document, path, method, keyword) ? [pointer] : []));
  say(operationsOf('callbacks'), 'callbacks go past the gateway', 'they are described, and that is all');
  if (Object.keys(objectAt(document, 'webhooks')).length > 0)
    faults.warn('/webhooks', 'webhooks go past the gateway', 'they are described, and that is all');
  const headers = operations
    .flatMap(({ parameters }) => parameters)
    .filter(({ in: place, style }) => place === 'path' && style !== 'simple');
  say(
    headers.map(({ pointer }) => pointer),
    'parameters of the path in the styles label and matrix are read as OpenAPI has them, which few servers do',
    'use the style simple',
  );
}

function hasMember(document: Json, path: string, method: string, keyword: string): boolean {
  const operation = member(member(objectAt(document, 'paths'), path), method.toLowerCase());
  return member(operation, keyword) !== undefined;
}
