/** `match`: which requests a route takes. Everything that is stated must hold; what is left out matches anything. */
import * as z from 'zod';
import type { ShareSpec, ValueMatchSpec } from '../snapshot/snapshot.js';
import { headerMap } from './header-map.js';
import { hostPattern, method, readFieldName } from './network.js';
import { formatPathPattern, pathPattern } from './path-pattern.js';
import { flag, leaf, nameKind, oneOrMany, readText, text } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

export type ValueTest = Omit<ValueMatchSpec, 'name'>;

const testFields = z.strictObject({
  equals: text().optional().describe('The value is exactly this.'),
  prefix: text().optional().describe('The value begins with this.'),
  suffix: text().optional().describe('The value ends with this.'),
  contains: text().optional().describe('The value holds this.'),
  in: z.array(text()).min(1).max(1000).optional().describe('The value is one of these.'),
  present: flag().optional().describe('true: it is there, whatever its value; false: it is not there.'),
});

const testObject = testFields.transform((fields, context): ValueTest => {
  const stated = Object.entries(fields).filter(([, value]) => value !== undefined);
  const [only] = stated;
  if (only === undefined || stated.length > 1) {
    const params = { cure: 'state exactly one of equals, prefix, suffix, contains, in, present' };
    context.addIssue({ code: 'custom', message: `one condition was expected, not ${stated.length}`, params });
    return z.NEVER;
  }
  const { equals, prefix, suffix, contains, in: oneOf, present } = fields;
  if (present !== undefined) return { op: present ? 'present' : 'absent', values: [] };
  if (oneOf !== undefined) return { op: 'in', values: oneOf };
  if (prefix !== undefined) return { op: 'prefix', values: [prefix] };
  if (suffix !== undefined) return { op: 'suffix', values: [suffix] };
  if (contains !== undefined) return { op: 'contains', values: [contains] };
  return { op: 'equals', values: [equals ?? ''] };
});

export const valueTest = z.union([
  text().transform((value): ValueTest => ({ op: 'equals', values: [value] })),
  testObject,
]);

export function named(entries: readonly (readonly [string, ValueTest])[]): ValueMatchSpec[] {
  return entries.map(([name, test]) => ({ name, ...test }));
}

/** Hundredths of a percent are the finest that is told apart. */
function percent(what: string, minimum: number) {
  return leaf(
    (value): Reading<number> => {
      const cure = `write a number from ${minimum} to 100`;
      if (typeof value !== 'number') return refuse(`${what} must be a number, not ${nameKind(value)}`, cure, true);
      return value >= minimum && value <= 100
        ? accept(value)
        : refuse(`${what} must be from ${minimum} to 100, not ${value}`, cure);
    },
    { type: 'number', minimum, maximum: 100 },
  );
}

const shareKey = leaf(
  (value): Reading<ShareSpec['by']> => {
    const cure = 'write caller, address, request, or header:x-tenant';
    const asText = readText(value, 'whom the share is of');
    if (!asText.ok) return { ...asText, cure };
    const written = asText.value;
    if (written === 'caller' || written === 'address' || written === 'request') return accept(written);
    if (!written.startsWith('header:')) return refuse(`${quote(written)} is nothing that callers can be told by`, cure);
    const field = readFieldName(written.slice('header:'.length));
    return field.ok ? accept({ header: field.value }) : field;
  },
  { type: 'string', examples: ['caller', 'address', 'request', 'header:x-tenant'] },
);

const shareFields = z
  .strictObject({
    percent: percent('the share', 0.01).describe('So many percent of the callers.'),
    from: percent('the begin of the share', 0)
      .prefault(0)
      .describe(
        'Where the share begins, in percent, so that several routes may each have one: 10 of from: 0, 20 of from: 10.',
      ),
    by: shareKey
      .prefault('caller')
      .describe(
        'By whom: caller (the key in X-API-Key or Authorization, else the address), address, request (each by chance), or header:NAME.',
      ),
    of: text('what the share is of')
      .optional()
      .describe('Routes that name the same cut their callers alike. Left out: those with the same path do.'),
  })
  .superRefine(({ from, percent: size }, context) => {
    if (from + size <= 100.000_001) return;
    const params = { cure: `write at most percent: ${100 - from}` };
    context.addIssue({ code: 'custom', path: ['percent'], message: 'the share ends above 100 percent', params });
  });

/** A number alone is the percentage. */
const matchShare = z.union([
  percent('the share', 0.01).transform((size) => shareFields.parse({ percent: size })),
  shareFields,
]);

const matchFields = z.strictObject({
  host: oneOrMany(hostPattern()).optional().describe('Host names, exact or `*.example.com`. Left out: any.'),
  path: pathPattern()
    .prefault('/*')
    .describe('`/a/b` exactly, `/orders/*` this and everything below, `/orders/{id}` with parameters.'),
  methods: oneOrMany(method()).optional().describe('Methods, such as [GET, HEAD]. Left out: any.'),
  headers: headerMap(valueTest)
    .prefault({})
    .describe('Conditions on header fields: a value, or { prefix | suffix | contains | in | present }.'),
  query: z
    .record(z.string(), valueTest)
    .transform((tests) => Object.entries(tests))
    .prefault({})
    .describe('Conditions on query parameters, as for headers.'),
  share: matchShare
    .optional()
    .describe(
      'Only a part of the callers, the same ones each time: percent, or { percent, from, by, of }. Left out: all.',
    ),
});

/** A text alone is a path. */
const matchPath = pathPattern().transform((path) => normal({ path, headers: [], query: [] }));

export const matchSchema = z.union([matchPath, matchFields.transform(normal)]);

type Fields = z.output<typeof matchFields>;

function normal(fields: Pick<Fields, 'path' | 'headers' | 'query'> & Partial<Fields>) {
  const { share, path } = fields;
  const cut = (of: z.output<typeof shareFields>): ShareSpec => ({
    ...{ from: of.from, to: Math.min(100, of.from + of.percent), by: of.by, of: of.of ?? formatPathPattern(path) },
  });
  return {
    ...(share === undefined ? {} : { share: cut(share) }),
    hosts: [...new Set(fields.host ?? [])],
    path: fields.path,
    methods: [...new Set(fields.methods ?? [])],
    headers: named(fields.headers),
    query: named(fields.query),
  };
}

export type Match = z.output<typeof matchSchema>;
