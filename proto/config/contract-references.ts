/** Names in `contract` of a route that must exist. On raw values, as cross-references.ts, which asks for it. */
import { type Finding, findError, type Path } from './faults.js';
import { valueAt } from './issues.js';
import { closest } from './suggest.js';
import { quote } from './units.js';

export function isMock(route: unknown): boolean {
  return valueAt(route, ['contract', 'mock']) === true;
}

export function checkRouteContract(route: unknown, path: Path, known: readonly string[]): Finding[] {
  const contract = valueAt(route, ['contract']);
  if (contract === undefined) return [];
  const of = valueAt(contract, ['of']);
  const at: Path = [...path, 'contract'];
  if (of === undefined) {
    if (known.length === 1) return [];
    const message = known.length === 0 ? 'there is no contract' : 'it is not said which contract is meant';
    const cure =
      known.length === 0 ? 'add it: contracts: [{ id: shop, document: … }]' : `add \`of\`: ${known.join(' or ')}`;
    return [findError(at, message, cure)];
  }
  if (typeof of !== 'string' || known.includes(of)) return [];
  const meant = closest(of, known);
  return [
    findError(
      [...at, 'of'],
      `there is no contract ${quote(of)}`,
      meant === null ? 'add it under `contracts`' : `did you mean ${meant}?`,
    ),
  ];
}
