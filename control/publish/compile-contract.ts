/** The part of the snapshot that holds routes to contracts and answers from their examples; see compile.ts for the rest. Pure. */
import type { ContractEntry, RouteContract } from '@weir/proto/config/contract.js';
import { parametersOf } from '@weir/proto/config/path-pattern.js';
import type { Route } from '@weir/proto/config/route.js';
import type { ContractSpec, MockRouteSpec, RouteContractSpec } from '@weir/proto/snapshot/contract.js';
import type { Contract, Operation } from '../contract/contract.js';
import { mockAnswers } from '../contract/mock-answers.js';
import { readTemplate, routePathOf } from '../contract/path-template.js';
import { type ReadContract, readContract } from '../contract/read.js';
import { ContractCompiler } from '../contract/to-snapshot.js';

/** A contract is read once for as long as its entry lives: to be checked, to be compiled, and where a release is published again and again. */
const known = new WeakMap<ContractEntry['document'], ReadContract>();

export function contractOf({ document }: Pick<ContractEntry, 'document'>): ReadContract {
  const earlier = known.get(document);
  if (earlier !== undefined) return earlier;
  const read = readContract(document.text);
  known.set(document, read);
  return read;
}

/** Null: there is none of that name, or it can't be read. */
export function operationOf(
  route: RouteContract,
  contracts: readonly ContractEntry[],
): { id: string; contract: Contract; operation: Operation } | null {
  const entry = route.of === undefined ? contracts[0] : contracts.find(({ id }) => id === route.of);
  const contract = entry === undefined ? null : contractOf(entry).contract;
  const operation = contract?.operations.find(
    ({ id, operationId }) => id === route.operation || operationId === route.operation,
  );
  return entry === undefined || contract === null || operation === undefined
    ? null
    : { id: entry.id, contract, operation };
}

export interface CompiledContracts {
  readonly contracts: readonly ContractSpec[];
  /** By the position of the route. */
  readonly held: readonly (RouteContractSpec | null)[];
}

export function compileContracts({
  routes,
  contracts,
}: {
  readonly routes: readonly Route[];
  readonly contracts: readonly ContractEntry[];
}): CompiledContracts {
  const compilers = new Map<string, ContractCompiler>();
  const held = routes.map((route): RouteContractSpec | null => {
    const { contract: stated } = route;
    if (stated === undefined || stated.validate === 'off') return null;
    const found = operationOf(stated, contracts);
    if (found === null) return null;
    const compiler = compilers.get(found.id) ?? new ContractCompiler(found.id, found.contract);
    compilers.set(found.id, compiler);
    return compiler.hold({
      ...{ operation: found.operation, mode: stated.validate, bodyBytesMax: Math.min(stated.body, route.bodyLimit) },
      paramOf: (name) => paramIn(route, found.operation, name),
    });
  });
  return { contracts: [...compilers.values()].map((compiler) => compiler.spec()), held };
}

/** By its own name where the route's path has that, or by the name that an import gives it; null: it has neither. */
export function paramIn({ match }: Route, { path }: Operation, name: string): string | null {
  const params = parametersOf(match.path);
  if (params.has(name)) return name;
  const segments = readTemplate(path);
  const given = (segments === null ? null : routePathOf(segments))?.names.get(name);
  return given !== undefined && params.has(given) ? given : null;
}

/** Null: the route has no mock answers. */
export function compileMock({ contract: stated }: Route, contracts: readonly ContractEntry[]): MockRouteSpec | null {
  if (stated?.mock !== true) return null;
  const found = operationOf(stated, contracts);
  return { kind: 'mock', answers: found === null ? [] : mockAnswers(found.contract, found.operation) };
}
