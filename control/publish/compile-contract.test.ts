import type { WeirConfig } from '@weir/proto/config/document.js';
import { describe, expect, it } from 'vitest';
import { petstore30 } from '../contract/testing/documents.js';
import { checkConfig } from './check-config.js';
import { compileContracts, compileMock } from './compile-contract.js';

function configOf(routes: string): WeirConfig {
  const text = `contracts:\n  - id: pets\n    document: |\n${petstore30.replace(/^/gm, '      ')}\nroutes:\n${routes}`;
  const checked = checkConfig(text, {}, () => '');
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults));
  return checked.config;
}

const create = '  - { id: a, match: { path: /pets, methods: POST }, respond: 204, contract: createPets }\n';
const show =
  '  - { id: b, match: { path: "/pets/{pet_id}", methods: GET }, respond: 204, contract: { operation: showPetById, validate: tell } }\n';

describe('the contracts of a snapshot', () => {
  it('have the schemas that their routes refer to, and no others', () => {
    const refs = (routes: string) =>
      compileContracts(configOf(routes)).contracts.flatMap(({ schemas }) => schemas.map(([ref]) => ref));
    expect(refs(create)).toEqual(['#/components/schemas/Kind', '#/components/schemas/NewPet']);
    expect(refs(show)).toEqual([]);
    expect(
      refs('  - { id: c, match: /c, respond: 204, contract: { operation: createPets, validate: off } }\n'),
    ).toEqual([]);
  });

  it('say what each route is held to, with the parameters that its path has', () => {
    const { held } = compileContracts(configOf(create + show));
    expect(
      held.map((one) => [one?.operation, one?.mode, one?.parameters.map(({ name, param }) => `${name}:${param}`)]),
    ).toEqual([
      ['createPets', 'refuse', []],
      ['showPetById', 'tell', ['pet-id:pet_id']],
    ]);
    const other = compileContracts(configOf('  - { id: b, match: "/pets/*", respond: 204, contract: showPetById }\n'));
    expect(other.held.map((one) => one?.parameters)).toEqual([[]]);
  });

  it('are made once for the same contract and routes, and anew for others', () => {
    const config = configOf(create + show);
    const [first, second] = [compileContracts(config), compileContracts(config)];
    expect(second.contracts[0]).toBe(first.contracts[0]);
    expect(second.held).toEqual(first.held);
    const fewer = compileContracts({ ...config, routes: config.routes.slice(1) });
    expect(fewer.contracts.map(({ schemas }) => schemas.length)).toEqual([0]);
    expect(compileContracts(config).contracts).toEqual(first.contracts);
  });
});

it('mock answers of an operation are made once', () => {
  const { routes, contracts } = configOf('  - { id: m, match: /m, contract: { operation: listPets, mock: true } }\n');
  const [route] = routes;
  if (route === undefined) throw new Error('it has a route');
  expect(compileMock(route, contracts)?.answers.map(({ name }) => name)).toEqual(['two', 'none', '']);
  expect(compileMock(route, contracts)).toBe(compileMock(route, contracts));
});
