/** `match`: which requests a route takes. Everything that is stated must hold; what is left out matches anything. */
import * as z from 'zod';
import type { ShareSpec, ValueMatchSpec } from '../snapshot/snapshot.js';
import { headerMap } from './header-map.js';
import { hostPattern, method, readFieldName } from './network.js';
import { formatPathPattern, pathPattern } from './path-pattern.js';
import { flag, leaf, nameKind, oneOrMany, readText, text } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

export type ValueTest = Omit<ValueMatchSpec, 'name'>;

interface Context {
  addIssue(issue: { code: 'custom'; message: string; params: { cure: string } }): void;
}

/** Longer ones nobody can read, and each request pays for them. */
const patternLengthMax = 500;

const pattern = leaf(
  (value): Reading<string> => {
    const asText = readText(value, 'a pattern');
    if (!asText.ok || asText.value.length <= patternLengthMax) return asText;
    return refuse(`the pattern is longer than ${patternLengthMax} characters`, 'write several conditions, or routes');
  },
  { type: 'string', maxLength: patternLengthMax },
);

const baseFields = {
  equals: text().optional().describe('The value is exactly this.'),
  prefix: text().optional().describe('The value begins with this.'),
  suffix: text().optional().describe('The value ends with this.'),
  contains: text().optional().describe('The value holds this.'),
  in: z.array(text()).min(1).max(1000).optional().describe('The value is one of these.'),
  matches: pattern
    .optional()
    .describe('The whole value matches this regular expression, in the syntax of RE2, which takes linear time.'),
  present: flag().optional().describe('true: it is there, whatever its value; false: it is not there.'),
};

type BaseFields = z.output<z.ZodObject<typeof baseFields>>;

const plainTest = text().transform((value): ValueTest => ({ op: 'equals', values: [value] }));
const baseTest = z.strictObject(baseFields).transform((fields, context) => readTest(fields, context) ?? z.NEVER);

const testFields = z.strictObject({
  ...baseFields,
  not: z
    .union([plainTest, baseTest])
    .optional()
    .describe('This does not hold, or nothing of that name is there: a value, or one of the other conditions.'),
});

export const valueTest = z.union([
  plainTest,
  testFields.transform(({ not, ...fields }, context): ValueTest => {
    const isAlone = Object.values(fields).every((value) => value === undefined);
    if (not !== undefined && isAlone) return { ...not, isNegated: true };
    return readTest(fields, context, not === undefined ? 0 : 1) ?? z.NEVER;
  }),
]);

/** Null: there was not exactly one, which is told. */
function readTest(fields: BaseFields, context: Context, others = 0): ValueTest | null {
  const count = Object.values(fields).filter((value) => value !== undefined).length + others;
  if (count !== 1) {
    const params = { cure: `state exactly one of ${Object.keys(testFields.shape).join(', ')}` };
    context.addIssue({ code: 'custom', message: `one condition was expected, not ${count}`, params });
    return null;
  }
  const { equals, prefix, suffix, contains, in: oneOf, matches, present } = fields;
  if (present !== undefined) return { op: present ? 'present' : 'absent', values: [] };
  if (oneOf !== undefined) return { op: 'in', values: oneOf };
  if (prefix !== undefined) return { op: 'prefix', values: [prefix] };
  if (suffix !== undefined) return { op: 'suffix', values: [suffix] };
  if (contains !== undefined) return { op: 'contains', values: [contains] };
  if (matches !== undefined) return { op: 'matches', values: [matches] };
  return { op: 'equals', values: [equals ?? ''] };
}

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
    .describe(
      'Conditions on header fields: a value, or { prefix | suffix | contains | in | matches | present | not }.',
    ),
  query: z
    .record(z.string(), valueTest)
    .transform((tests) => Object.entries(tests))
    .prefault({})
    .describe('Conditions on query parameters, as for headers.'),
  cookies: z
    .record(z.string(), valueTest)
    .transform((tests) => Object.entries(tests))
    .prefault({})
    .describe('Conditions on cookies, as for headers.'),
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
  const { share, path, cookies = [] } = fields;
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
    ...(cookies.length === 0 ? {} : { cookies: named(cookies) }),
  };
}

export type Match = z.output<typeof matchSchema>;
