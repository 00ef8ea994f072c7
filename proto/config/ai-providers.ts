/** `providers` of `ai`: whose models are asked, where they lie, and with which keys. Keys are references, never the keys themselves. */
import * as z from 'zod';
import { COMPATIBLE, factsOf, providerKinds } from '../ai/providers.js';
import { compatibleSchema } from './ai-compatible.js';
import { apiUrl } from './ai-url.js';
import { checkedKey } from './checked-key.js';
import type { PathStep } from './faults.js';
import { concurrencySchema } from './health.js';
import { duration, identifier, integer, leaf, nameKind, oneOrMany, readText, text } from './scalars.js';
import { keptReferences, secret } from './secrets.js';
import { closest } from './suggest.js';
import { accept, quote, type Reading, refuse } from './units.js';
import { poolSchema, upstreamSchema } from './upstream.js';

const kind = leaf(
  (value): Reading<string> =>
    readText(value, 'a kind', (word) => {
      if (factsOf(word) !== null) return accept(word);
      const meant = closest(word, providerKinds);
      const others = '`weir ai providers` lists them; `compatible` is for what speaks as OpenAI does';
      return refuse(`there is no kind ${quote(word)}`, meant === null ? others : `did you mean ${meant}? ${others}`);
    }),
  { type: 'string', enum: providerKinds },
);

const keySecret = () => secret('the key of a provider');

const keyFields = z.strictObject({
  // A description makes a schema of its own, which has lost the mark.
  key: keySecret().describe(`The key, as \${NAME}.`).register(keptReferences, { kept: true }),
  id: identifier().optional().describe('Name in metrics, logs and status. Left out: that of its variable.'),
  weight: integer('a weight', 1, 1000).prefault(1).describe('Share of the requests relative to the other keys.'),
});

const key = z.union([keySecret().transform((written) => ({ key: written, id: undefined, weight: 1 })), keyFields]);

const urlFields = z.strictObject({
  url: apiUrl().describe('URL that the API lies below, such as https://llm.example.com/v1.'),
  weight: integer('a weight', 1, 1000).prefault(1).describe('Share relative to the others.'),
  zone: text('a zone').optional().describe('Where it is, for balancing by zone.'),
  priority: integer('a priority', 0, 10)
    .prefault(0)
    .describe('0 is the best; worse ones are used when too few of the better ones are well.'),
});

const url = z.union([
  apiUrl().transform((address) => ({ url: address, weight: 1, zone: undefined, priority: 0 })),
  urlFields,
]);

/** A setting is a text in the end; a number need not be quoted for it. */
const setting = leaf(
  (value): Reading<string> => {
    const written = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    if (typeof written !== 'string' || written === '')
      return refuse(`a setting was expected, not ${nameKind(value)}`, 'write a text', true);
    return /^[\x20-\x7e]{1,1024}$/.test(written)
      ? accept(written)
      : refuse('a setting is one line of ASCII, of up to 1024 characters');
  },
  { type: ['string', 'number', 'boolean'] },
);

const { balance, health, protocol, tls, dns } = upstreamSchema.shape;

const pool = poolSchema.extend({
  idle: duration()
    .optional()
    .describe('An idle connection is closed after this long. Left out: 30s with https, 4s without.'),
});

const fields = {
  kind: kind
    .optional()
    .describe('Whose API it is. Left out: the id, where it names a kind; else `compatible`, where there is a URL.'),
  url: oneOrMany(url, 100)
    .prefault([])
    .describe('Where its API lies; several are balanced. Left out: where the provider has it.'),
  keys: oneOrMany(key, 100)
    .prefault([])
    .describe(
      `Keys: \${NAME}, or { key, id, weight }. Of Bedrock id and secret with a colon between, of Vertex the JSON of a service account.`,
    ),
  settings: z
    .record(z.string(), setting)
    .prefault({})
    .describe('What a kind needs besides: resource, apiVersion, region, project, location, accountId, …'),
  compatible: compatibleSchema
    .optional()
    .describe("In what it departs from OpenAI's API, where the kind is a compatible one."),
  balance,
  health,
  concurrency: concurrencySchema
    .prefault('none')
    .describe(
      'Requests at once: none (it says by itself when they are too many), adaptive, a number, or its settings.',
    ),
  protocol,
  pool: pool.prefault({}).describe('Connections to each URL.'),
  tls,
  dns,
};

const body = z.strictObject(fields);
const listed = z.strictObject({
  id: identifier().describe('Name of it, before the slash of provider/model.'),
  ...fields,
});
const keys = oneOrMany(key, 100);

type Body = z.output<typeof body>;

/** A provider with its kind, and its key or position in the file. */
export type AiProvider = Omit<Body, 'kind'> & { readonly id: string; readonly kind: string; readonly place: PathStep };

export const providersSchema = z.union([
  z
    .array(z.union([identifier().transform((id): z.output<typeof listed> => ({ id, ...body.parse({}) })), listed]))
    .max(1000)
    .transform((list, context) => list.map((one, place) => withKind(one.id, one, place, context))),
  z
    .record(z.string(), z.union([body, keys.transform((own): Body => ({ ...body.parse({}), keys: own }))]))
    .transform((map, context) =>
      Object.entries(map).map(([id, one]) => withKind(checkedKey(identifier(), id, context), one, id, context)),
    ),
]);

function withKind(id: string, one: Body, place: PathStep, context: z.core.$RefinementCtx): AiProvider {
  const known = one.kind ?? kindOf(id, one);
  if (known === null) {
    const meant = closest(id, providerKinds);
    const cure =
      meant === null
        ? 'add `kind`, or a `url` where it speaks as OpenAI does'
        : `did you mean ${meant}? Else add \`kind\``;
    context.addIssue({
      code: 'custom',
      path: [place],
      message: `it is not said whose API ${quote(id)} has`,
      params: { cure },
    });
  }
  sameBasePath(one.url, [place, 'url'], context);
  return { ...one, id, kind: known ?? COMPATIBLE, place };
}

function kindOf(id: string, { url: stated, compatible }: Body): string | null {
  if (factsOf(id) !== null) return id;
  return stated.length > 0 || compatible !== undefined ? COMPATIBLE : null;
}

/** They are targets of one upstream, and the path of a request is made once. */
function sameBasePath(urls: Body['url'], path: PropertyKey[], context: z.core.$RefinementCtx): void {
  const [first, ...others] = urls.map((one) => one.url.basePath);
  if (others.every((other) => other === first)) return;
  const params = { cure: 'write the same path in each, or make them providers of their own' };
  context.addIssue({ code: 'custom', path, message: 'the URLs have different paths', params });
}
