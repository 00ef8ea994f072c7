/** `match`: which requests a route takes. Everything that is stated must hold; what is left out matches anything. */
import * as z from 'zod';
import type { ValueMatchSpec } from '../snapshot/snapshot.js';
import { headerMap } from './header-map.js';
import { hostPattern, method } from './network.js';
import { pathPattern } from './path-pattern.js';
import { flag, oneOrMany, text } from './scalars.js';

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
});

/** A text alone is a path. */
const matchPath = pathPattern().transform((path) => normal({ path, headers: [], query: [] }));

export const matchSchema = z.union([matchPath, matchFields.transform(normal)]);

type Fields = z.output<typeof matchFields>;

function normal(fields: Pick<Fields, 'path' | 'headers' | 'query'> & Partial<Fields>) {
  return {
    hosts: [...new Set(fields.host ?? [])],
    path: fields.path,
    methods: [...new Set(fields.methods ?? [])],
    headers: named(fields.headers),
    query: named(fields.query),
  };
}

export type Match = z.output<typeof matchSchema>;
