/** `servers` of a contract: their URLs with variables filled by their defaults. Pure. */

import { isObject, type Json, member, objectAt, pointerTo, textAt } from '@weir/proto/contract/json-value.js';
import type { Server } from './contract.js';
import { type ContractFaults, shown } from './contract-faults.js';

const SERVERS_MAX = 50;

export function readServers(list: readonly Json[], pointer: string, faults: ContractFaults): Server[] {
  if (list.length > SERVERS_MAX)
    faults.warn(pointer, `there are more than ${SERVERS_MAX} servers`, 'the first are taken');
  return list.slice(0, SERVERS_MAX).flatMap((server, index) => {
    const at = pointerTo(pointer, index);
    const template = textAt(server, 'url');
    if (!isObject(server) || template === '') {
      faults.error(at, 'the server has no url', 'write { url: https://api.example.com/v1 }');
      return [];
    }
    const variables = objectAt(server, 'variables');
    const url = template.replace(/\{([^{}]{1,100})\}/g, (whole, name: string) => {
      const given = member(member(variables, name), 'default');
      if (typeof given === 'string' || typeof given === 'number') return String(given);
      faults.warn(
        at,
        `the variable {${shown(name)}} of the url has no default`,
        `add variables.${shown(name)}.default`,
      );
      return whole;
    });
    return [{ url, description: textAt(server, 'description') }];
  });
}
