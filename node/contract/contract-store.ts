/** The contracts of one snapshot, and what holds its routes to them. Loaded late (late-contract.ts), for RE2 and all that reads schemas comes with it. */
import type { ContractSpec } from '@weir/proto/snapshot/contract.js';
import { type CountedPattern, countedPattern } from '../pattern/counted-pattern.js';
import { Held, SchemaTexts } from './hold.js';
import { holding } from './holding.js';
import type { HoldToContract } from './late-contract.js';

export function holdToContracts(contracts: readonly ContractSpec[]): HoldToContract {
  const known = new Map(contracts.map((contract) => [contract.id, new SchemaTexts(contract, linearPattern)]));
  return (spec, bodies) => {
    const schemas = known.get(spec.of);
    if (schemas === undefined) throw new Error(`there is no contract "${spec.of}"`);
    const held = new Held(spec, schemas);
    return (next) => holding(held, bodies, next);
  };
}

/** Control leaves out those that RE2 can't run; if one comes all the same, it is not enforced. */
function linearPattern(text: string): CountedPattern | null {
  try {
    return countedPattern(text, 'part');
  } catch {
    return null;
  }
}
