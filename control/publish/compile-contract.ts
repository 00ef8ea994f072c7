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

/** Ten thousand routes each look for theirs. */
const indexes = new WeakMap<readonly ContractEntry[], ReadonlyMap<string, ContractEntry>>();
const operations = new WeakMap<Contract, ReadonlyMap<string, Operation>>();

function entryOf(id: string, contracts: readonly ContractEntry[]): ContractEntry | undefined {
  const index = indexes.get(contracts) ?? new Map(contracts.map((entry) => [entry.id, entry]));
  indexes.set(contracts, index);
  return index.get(id);
}

/** By its id, and by its operationId where that is another word. */
function operationsOf(contract: Contract): ReadonlyMap<string, Operation> {
  const index =
    operations.get(contract) ??
    new Map([
      ...contract.operations.map((operation) => [operation.operationId, operation] as const),
      ...contract.operations.map((operation) => [operation.id, operation] as const),
    ]);
  operations.set(contract, index);
  return index;
}

/** Null: there is none of that name, or it can't be read. */
export function operationOf(
  route: RouteContract,
  contracts: readonly ContractEntry[],
): { id: string; contract: Contract; operation: Operation } | null {
  const entry = route.of === undefined ? contracts[0] : entryOf(route.of, contracts);
  const contract = entry === undefined ? null : contractOf(entry).contract;
  const operation = contract === null ? undefined : operationsOf(contract).get(route.operation);
  return entry === undefined || contract === null || operation === undefined
    ? null
    : { id: entry.id, contract, operation };
}

export interface CompiledContracts {
  readonly contracts: readonly ContractSpec[];
  /** By the position of the route. */
  readonly held: readonly (RouteContractSpec | null)[];
}

/** What was made for the same contract and the same routes. Most publishing changes neither: keys, subscriptions, another service. */
interface Made {
  readonly id: string;
  readonly routes: readonly Route[];
  readonly spec: ContractSpec;
  readonly held: ReadonlyMap<Route, RouteContractSpec>;
}

const made = new WeakMap<Contract, Made>();

export function compileContracts({
  routes,
  contracts,
}: {
  readonly routes: readonly Route[];
  readonly contracts: readonly ContractEntry[];
}): CompiledContracts {
  const groups = new Map<string, { readonly contract: Contract; readonly routes: Route[] }>();
  for (const route of routes) {
    if (route.contract === undefined || route.contract.validate === 'off') continue;
    const found = operationOf(route.contract, contracts);
    if (found === null) continue;
    const group = groups.get(found.id) ?? { contract: found.contract, routes: [] };
    groups.set(found.id, group);
    group.routes.push(route);
  }
  const specs: ContractSpec[] = [];
  const held = new Map<Route, RouteContractSpec>();
  for (const [id, group] of groups) {
    const compiled = compileGroup(id, group.contract, group.routes, contracts);
    specs.push(compiled.spec);
    for (const [route, spec] of compiled.held) held.set(route, spec);
  }
  return { contracts: specs, held: routes.map((route) => held.get(route) ?? null) };
}

function compileGroup(
  id: string,
  contract: Contract,
  routes: readonly Route[],
  contracts: readonly ContractEntry[],
): Made {
  const earlier = made.get(contract);
  const isSame =
    earlier?.id === id &&
    earlier.routes.length === routes.length &&
    earlier.routes.every((route, index) => route === routes[index]);
  if (earlier !== undefined && isSame) return earlier;
  const compiler = new ContractCompiler(id, contract);
  const held = new Map<Route, RouteContractSpec>();
  for (const route of routes) {
    const { contract: stated } = route;
    const found = stated === undefined ? null : operationOf(stated, contracts);
    if (stated === undefined || stated.validate === 'off' || found === null) continue;
    const spec = compiler.hold({
      ...{ operation: found.operation, mode: stated.validate, bodyBytesMax: Math.min(stated.body, route.bodyLimit) },
      paramOf: (name) => paramIn(route, found.operation, name),
    });
    held.set(route, spec);
  }
  const compiled: Made = { id, routes, spec: compiler.spec(), held };
  made.set(contract, compiled);
  return compiled;
}

/** By its own name where the route's path has that, or by the name that an import gives it; null: it has neither. */
export function paramIn({ match }: Route, { path }: Operation, name: string): string | null {
  const params = parametersOf(match.path);
  if (params.has(name)) return name;
  const segments = readTemplate(path);
  const given = (segments === null ? null : routePathOf(segments))?.names.get(name);
  return given !== undefined && params.has(given) ? given : null;
}

const mocks = new WeakMap<Operation, MockRouteSpec>();

/** Null: the route has no mock answers. */
export function compileMock({ contract: stated }: Route, contracts: readonly ContractEntry[]): MockRouteSpec | null {
  if (stated?.mock !== true) return null;
  const found = operationOf(stated, contracts);
  if (found === null) return { kind: 'mock', answers: [] };
  const known = mocks.get(found.operation) ?? { kind: 'mock', answers: mockAnswers(found.contract, found.operation) };
  mocks.set(found.operation, known);
  return known;
}
