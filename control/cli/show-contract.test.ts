import { describe, expect, it } from 'vitest';
import { contractChanges } from '../contract/breaking.js';
import { readContract } from '../contract/read.js';
import { manyOperations, petstore30 } from '../contract/testing/documents.js';
import { designOf } from '../contract/to-design.js';
import { showChanges, showContract, showFaults } from './show-contract.js';
import { paintFor } from './terminal.js';

const plain = paintFor(false, {});

function shown(text: string): string {
  const { contract, faults } = readContract(text);
  const designed = contract === null ? null : designOf(contract);
  return showContract(
    'shop.yaml',
    contract,
    designed?.summary ?? null,
    [...faults, ...(designed?.faults ?? [])],
    plain,
  );
}

describe('a document', () => {
  it('is shown as a table of its operations', () => {
    expect(shown(petstore30)).toBe(
      [
        'Swagger Petstore 1.0.7 (OpenAPI 3.0)',
        '  GET     /pets           listPets     List all pets',
        '  POST    /pets           createPets   Create a pet',
        '  GET     /pets/{pet-id}  showPetById  Info for a specific pet',
        '  DELETE  /pets/{pet-id}  deletePet    deprecated',
        'shop.yaml: ok: 4 operations; to https://petstore.example.com',
        '',
      ].join('\n'),
    );
  });

  it('of many operations is cut', () => {
    expect(shown(manyOperations(80))).toContain('  and 30 more\n');
  });

  it('with faults is shown by them alone', () => {
    expect(shown(petstore30.replace('type: integer, format: int64, minimum', 'type: int, minimum'))).toBe(
      'shop.yaml:50 /paths/~1pets~1{pet-id}/parameters/0/schema/type: "int" is no type\n    write integer\nshop.yaml: 1 error\n',
    );
  });
});

it('what a document says reaches no terminal as an order', () => {
  const fault = { severity: 'warning', pointer: '/a', line: null, message: 'a \u001b[31m', cure: '\u0007' } as const;
  expect(showFaults('f', [fault], plain)).toEqual(['f /a: warning: a \\x1b[31m', '    \\x07']);
});

it('changes are shown with how grave they are, their places and cures', () => {
  const [before, after] = [petstore30, petstore30.replace('maximum: 100 }', 'maximum: 50 }')].map(
    (text) => readContract(text).contract,
  );
  if (before == null || after == null) throw new Error('both are sound');
  expect(showChanges(contractChanges(before, after), plain)).toBe(
    [
      'breaking  the query parameter limit is bound more tightly (maximum 100 → 50)  /paths/~1pets/get/parameters/0/schema',
      '          go on taking what was taken',
      '1 breaking, 0 risky, 0 fine',
      '',
    ].join('\n'),
  );
  expect(showChanges([], plain)).toBe('nothing differs that callers could see\n');
});
