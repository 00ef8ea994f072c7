/** What is wrong with the contracts of a config, and with what routes say of them. */
import type { ContractEntry } from '@weir/proto/config/contract.js';
import { type Finding, findError, findWarning, type Path, type PathStep } from '@weir/proto/config/faults.js';
import type { Draft } from '@weir/proto/config/parse.js';
import type { Route } from '@weir/proto/config/route.js';
import { closest } from '@weir/proto/config/suggest.js';
import { isList, type Json, member, stepsOf } from '@weir/proto/contract/json-value.js';
import type { ContractFault } from '../contract/contract-faults.js';
import { mockAnswers } from '../contract/mock-answers.js';
import { contractOf, operationOf, paramIn } from './compile-contract.js';

export function lintContracts({ contracts, routes }: Draft): Finding[] {
  const sound = contracts.filter((entry) => entry !== null);
  return [
    ...contracts.flatMap((entry, index) => (entry === null ? [] : lintContract(entry, index))),
    ...routes.flatMap((route, index) => (route === null ? [] : lintRouteContract(route, ['routes', index], sound))),
  ];
}

function lintContract(entry: ContractEntry, index: number): Finding[] {
  const base: Path = ['contracts', index, 'document'];
  const { faults } = contractOf(entry);
  return faults.map((fault) => {
    const find = fault.severity === 'error' ? findError : findWarning;
    if (entry.document.isInline)
      return find([...base, ...stepsIn(entry.document.text, fault)], fault.message, fault.cure);
    const at = fault.line === null ? '' : `line ${fault.line} of it: `;
    return find(base, `${at}${fault.message}`, fault.cure);
  });
}

/** Positions in lists are numbers in the paths of a config. */
function stepsIn(text: string, { pointer }: ContractFault): PathStep[] {
  let at: Json | undefined = JSON.parse(text) as Json; // Written by JSON.stringify.
  return (stepsOf(pointer) ?? []).map((step) => {
    const inList = isList(at);
    at = isList(at) ? at[Number(step)] : member(at, step);
    return inList ? Number(step) : step;
  });
}

function lintRouteContract(route: Route, path: Path, contracts: readonly ContractEntry[]): Finding[] {
  const { contract: stated, match } = route;
  if (stated === undefined) return [];
  const at: Path = [...path, 'contract'];
  const entry = stated.of === undefined ? contracts[0] : contracts.find(({ id }) => id === stated.of);
  const contract = entry === undefined ? null : contractOf(entry).contract;
  // That there is none, and what is wrong with it, is said elsewhere.
  if (contract === null) return [];
  const found = operationOf(stated, contracts);
  if (found === null) {
    const meant = closest(
      stated.operation,
      contract.operations.map(({ id }) => id),
    );
    const cure =
      meant === null
        ? `it has ${contract.operations
            .slice(0, 10)
            .map(({ id }) => id)
            .join(', ')}`
        : `did you mean ${meant}?`;
    return [findError([...at, 'operation'], `the contract has no operation ${stated.operation}`, cure)];
  }
  const { operation } = found;
  const findings: Finding[] = [];
  if (match.methods.length > 0 && !match.methods.includes(operation.method)) {
    const message = `the operation ${operation.id} is a ${operation.method}, and this route takes ${match.methods.join(', ')}`;
    findings.push(findWarning([...path, 'match', 'methods'], message, `write [${operation.method}]`));
  }
  for (const { name, in: place } of operation.parameters) {
    if (place !== 'path' || stated.validate === 'off' || paramIn(route, operation, name) !== null) continue;
    // A parameter that is a part of a segment has no place in any route.
    if (!operation.path.split('/').includes(`{${name}}`)) continue;
    const message = `the path of this route has no parameter {${name}}, so it is not looked at`;
    findings.push(findWarning([...path, 'match', 'path'], message, `name it as the contract does: ${operation.path}`));
  }
  if (stated.mock && mockAnswers(contract, operation).length === 0) {
    const cure = 'add an example, or a schema, to a response of the operation';
    findings.push(findWarning([...at, 'mock'], 'the contract gives no answer that could be a mock', cure));
  }
  return findings;
}
