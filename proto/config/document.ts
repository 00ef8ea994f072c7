/** The whole of weir.yaml: the one schema that gives its types, its defaults, its documentation and its JSON Schema. */
import * as z from 'zod';
import { aiSchema } from './ai.js';
import { consumerSchema } from './consumers.js';
import { contractSchema } from './contract.js';
import { gatewaySchema } from './gateway.js';
import { routeSchema } from './route.js';
import { leaf, nameKind } from './scalars.js';
import { accept, type Reading, refuse } from './units.js';
import { upstreamSchema } from './upstream.js';

/** Entities of one kind in a file; more belong into several gateways. */
export const entitiesMax = 10_000;

const version = leaf(
  (value): Reading<1> =>
    value === 1 ? accept(1) : refuse(`the config version must be 1, not ${nameKind(value)}`, 'write version: 1'),
  { type: 'integer', minimum: 1, maximum: 1 },
);

export const documentSchema = z.strictObject({
  version: version.prefault(1).describe('Version of this format: 1.'),
  gateway: gatewaySchema.prefault({}).describe('Listener, timers, names, log and traces of the gateway itself.'),
  upstreams: z.array(upstreamSchema).max(entitiesMax).prefault([]).describe('Services that requests are sent to.'),
  routes: z.array(routeSchema).min(1).max(entitiesMax).describe('Which requests go where.'),
  contracts: z
    .array(contractSchema)
    .max(entitiesMax)
    .prefault([])
    .describe('OpenAPI documents that routes hold requests to; see `contract` of a route.'),
  ai: aiSchema.optional().describe('Providers of models, and names of your own for models; see `ai` of a route.'),
  consumers: z
    .array(consumerSchema)
    .max(entitiesMax)
    .prefault([])
    .describe('Who may call, for routes that authenticate.'),
});

export type WeirConfig = z.output<typeof documentSchema>;
