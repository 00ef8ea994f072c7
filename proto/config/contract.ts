/** `contracts`, and `contract` of a route: OpenAPI documents that requests are held to, and that mock answers come from. */
import * as z from 'zod';
import { choice, flag, identifier, leaf, nameKind, size } from './scalars.js';
import { accept, type Reading, refuse } from './units.js';

/** As text, and whether it was written as part of the config, so that its faults have places there. */
export interface ContractDocument {
  readonly text: string;
  readonly isInline: boolean;
}

const document = leaf(
  (value): Reading<ContractDocument> => {
    if (typeof value === 'string') return accept({ text: value, isInline: false });
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return accept({ text: JSON.stringify(value), isInline: true });
    return refuse(`an OpenAPI document was expected, not ${nameKind(value)}`, 'write it here, or paste it behind a |');
  },
  { type: ['object', 'string'] },
);

export const contractSchema = z.strictObject({
  id: identifier().describe('What routes call it.'),
  document: document.describe('An OpenAPI document of 3.0 or 3.1, as part of this file or as a text.'),
});

const MIB = 1024 ** 2;

const fields = z.strictObject({
  of: identifier().optional().describe('Id of the contract. Left out: the only one there is.'),
  operation: identifier().describe('The operation: its operationId.'),
  validate: choice('a way to hold requests to a contract', ['refuse', 'tell', 'off'])
    .prefault('refuse')
    .describe('What does not fit is refused (400), told in the field weir-contract of the answer, or not looked at.'),
  mock: flag().prefault(false).describe("Answer with the contract's examples; no upstream is asked."),
  body: size({ min: 1, max: 16 * MIB })
    .prefault('1MiB')
    .describe('Largest body that is gathered to be looked at (413 above).'),
});

/** A text alone is the operation. */
export const routeContractSchema = z.union([
  identifier().transform((operation) => fields.parse({ operation })),
  fields,
]);

export type ContractEntry = z.output<typeof contractSchema>;
export type RouteContract = z.output<typeof fields>;
