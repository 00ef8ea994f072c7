/** `routes`: which requests go where, and under which conditions. */
import * as z from 'zod';
import { redirectSchema, respondSchema, rewriteSchema } from './action.js';
import { aiRouteSchema } from './ai.js';
import { authSchema } from './auth.js';
import { batchSchema } from './batch.js';
import { cacheSchema } from './cache.js';
import { coalesceSchema } from './coalesce.js';
import { composeSchema } from './compose.js';
import { routeContractSchema } from './contract.js';
import { convertSchema, graphqlSchema } from './convert.js';
import { editsSchema } from './header-edits.js';
import { asyncSchema } from './jobs.js';
import { limitsSchema } from './limits.js';
import { maskSchema } from './mask.js';
import { matchSchema } from './match.js';
import { mcpSchema } from './mcp.js';
import { fieldName, ipBlock, method } from './network.js';
import { optimizeSchema } from './optimize.js';
import { origin } from './origin.js';
import { fallbackSchema, hedgeSchema, prioritySchema, protectSchema, retrySchema, showSchema } from './resilience.js';
import { duration, flag, identifier, oneOrMany, size } from './scalars.js';
import { routeTimeouts } from './timeouts.js';

const headers = z.strictObject({
  request: editsSchema.prefault({}).describe('Edits on the way to the upstream.'),
  response: editsSchema.prefault({}).describe('Edits on the way to the client.'),
});

const corsFields = z
  .strictObject({
    origins: oneOrMany(origin).prefault(['*']).describe('Origins that may read the answers.'),
    methods: oneOrMany(method())
      .prefault(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
      .describe('Methods that they may use.'),
    headers: oneOrMany(fieldName())
      .prefault([])
      .describe('Request headers that they may send. Left out: those they ask for.'),
    exposeHeaders: oneOrMany(fieldName()).prefault([]).describe('Response headers that they may read.'),
    credentials: flag().prefault(false).describe('They may send cookies and Authorization.'),
    maxAge: duration({ min: 0 }).prefault('10m').describe('How long a browser may keep the answer to a preflight.'),
  })
  .superRefine((cors, context) => {
    // The Fetch standard forbids `*` with credentials; echoing every origin instead would open the route to the world.
    if (!cors.credentials || !cors.origins.includes('*')) return;
    const params = { cure: 'name the origins, or turn credentials off' };
    context.addIssue({
      code: 'custom',
      path: ['origins'],
      message: 'every origin (`*`) together with credentials is not allowed',
      params,
    });
  });

const corsShorthand = z.union([
  oneOrMany(origin).transform((origins) => corsFields.parse({ origins })),
  z.literal(true).transform(() => corsFields.parse({})),
  corsFields,
]);

const addresses = z.strictObject({
  allow: oneOrMany(ipBlock()).prefault([]).describe('Addresses or blocks that may pass. Empty: all.'),
  deny: oneOrMany(ipBlock()).prefault([]).describe('Addresses or blocks that may not; deny wins.'),
});

const websocketFields = z.strictObject({
  idle: duration().prefault('5m').describe('A tunnel without traffic either way is closed after this long.'),
  origins: oneOrMany(origin)
    .optional()
    .describe(
      'Origins whose pages may open one (403 to others; who sends no Origin is no browser, and passes). Left out: all.',
    ),
});
const websocket = z.union([flag().transform((on) => (on ? websocketFields.parse({}) : null)), websocketFields]);

const GIB = 1024 ** 3;

/** Where nobody says anything. */
export const bodyLimitDefault = GIB;

const bodySize = size({ min: 1, max: 1024 * GIB });
const bodyLimit = z.union([bodySize, z.literal('unlimited').transform(() => Number.MAX_SAFE_INTEGER)]);

export const routeSchema = z.strictObject({
  id: identifier().optional().describe('Name in metrics, logs and limits. Left out: made from methods, host and path.'),
  match: matchSchema.prefault({}).describe('Which requests: a path alone, or { host, path, methods, headers, query }.'),
  upstream: identifier().optional().describe('Id of the upstream. Left out: the only one there is.'),
  rewrite: rewriteSchema.optional().describe('Change the path on its way to the upstream.'),
  redirect: redirectSchema.optional().describe('Answer with a redirect instead of proxying.'),
  respond: respondSchema.optional().describe('Answer with a fixed response instead of proxying.'),
  ai: aiRouteSchema
    .prefault(false)
    .describe('Answer by models, see `ai` of the config: true, or { models, attempts, … }.'),
  mcp: mcpSchema
    .prefault(false)
    .describe('Offer prompts and other routes as tools by MCP: true, or { prompts, tools, … }; docs/ai-mcp.md.'),
  compose: composeSchema
    .optional()
    .describe('Answer by what several other routes answer: { parts, merge, … }; docs/optimize.md.'),
  batch: batchSchema
    .optional()
    .describe('Take several requests of other routes as one, POST { requests: [ … ] }: { routes or prefix, … }.'),
  coalesce: coalesceSchema
    .optional()
    .describe('Put requests for one item each together to one for all of them: { url, query, … }; docs/optimize.md.'),
  contract: routeContractSchema
    .optional()
    .describe('Hold requests to an operation of a contract, or answer with its examples; docs/contracts.md.'),
  timeouts: routeTimeouts.optional().describe('Timers, where they differ from those of the upstream and the gateway.'),
  headers: headers.prefault({}).describe('Header edits: { request: { set, add, remove }, response: { … } }.'),
  cors: corsShorthand.optional().describe('Cross-origin access: true, origins, or its settings.'),
  addresses: addresses.optional().describe('Client addresses that may or may not pass.'),
  auth: authSchema
    .prefault([])
    .describe('Ways to authenticate, of which one must succeed. Left out: none is asked for.'),
  limits: limitsSchema.prefault([]).describe('Rate limits, all of which must allow the request.'),
  // Bodies stream, so their size costs no memory; the default only ends what nobody could have meant.
  bodyLimit: bodyLimit
    .prefault('1GiB')
    .describe('Largest request body (413 above), or `unlimited`. Left out: 1GiB, and 32MiB where models are asked.'),
  websocket: websocket
    .prefault(false)
    .describe('Let WebSocket upgrades through: true, or { idle: 5m, origins: [https://app.example.com] }.'),
  priority: prioritySchema
    .prefault('default')
    .describe('Who goes first where places are short: critical, default, background, or { level, header }.'),
  retry: retrySchema.prefault(true).describe('Try again what is safe to repeat: true, false, or its settings.'),
  hedge: hedgeSchema
    .prefault(false)
    .describe('A second attempt beside a slow first one, for safe methods: true, false, or its settings.'),
  protect: protectSchema
    .prefault(false)
    .describe('Hold answers of a known length back until they are whole: true (64KiB), false, or up to which size.'),
  fallback: fallbackSchema
    .prefault([])
    .describe('What takes the place of a failure: upstreams, an answer, a redirect.'),
  async: asyncSchema
    .prefault(false)
    .describe('Let requests that take long become jobs: false, true (when the client asks for it), or its settings.'),
  cache: cacheSchema
    .prefault(false)
    .describe("Keep answers and answer from them: false, true (by the origin's word alone), or its settings."),
  optimize: optimizeSchema
    .prefault({})
    .describe('Smaller answers: { fields, list, minify, compress, etag }; see docs/answers.md.'),
  convert: convertSchema
    .optional()
    .describe('Change bodies between JSON, XML and forms: { request, response }; see docs/answers.md.'),
  graphql: graphqlSchema
    .optional()
    .describe(
      'Queries of GraphQL that are asked by name with GET, and cached: { queries, only }; see docs/answers.md.',
    ),
  mask: maskSchema
    .optional()
    .describe('Hide values of JSON answers: paths of fields, or { fields, pii, patterns, … }; see docs/answers.md.'),
  show: showSchema.prefault({}).describe("What of the gateway's own doing answers show."),
});

export type Route = z.output<typeof routeSchema>;
