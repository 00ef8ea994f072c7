/** `compose` of a route: one answer made of several requests to other routes of this gateway; docs/optimize.md. */
import * as z from 'zod';
import { reservedNames } from '../optimize/compose-plan.js';
import { type Query, readExpression } from '../optimize/expression.js';
import { readTemplate, type Template } from '../optimize/template.js';
import { framingRefusal } from './action.js';
import { headerMap } from './header-map.js';
import { method } from './network.js';
import { duration, flag, identifier, integer, leaf, oneOrMany, readText, size } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

export const PARTS_MAX = 32;
/** Requests that one composition makes, at most, whatever its lists hold. */
export const CALLS_MAX = 256;

/** As it was written, for messages; and as it is run. */
export interface Expression {
  readonly text: string;
  readonly query: Query;
}

const expression = () =>
  leaf(
    (value): Reading<Expression> => {
      const text = readText(value, 'an expression');
      if (!text.ok) return text;
      const query = readExpression(text.value);
      return query.ok ? accept({ text: text.value, query: query.value }) : query;
    },
    { type: 'string', examples: ['.user.name'] },
  );

const template = () => leaf(readAsTemplate, { type: ['string', 'number', 'boolean'] });

function readAsTemplate(value: unknown): Reading<Template> {
  // A number or a flag says what it is.
  if (typeof value === 'number' || typeof value === 'boolean') return accept([String(value)]);
  const text = readText(value, 'a text');
  return text.ok ? readTemplate(text.value) : text;
}

const pathTemplate = leaf(
  (value): Reading<Template> => {
    const read = readAsTemplate(value);
    if (!read.ok) return read;
    const [first = ''] = read.value;
    const literals = read.value.filter((piece) => typeof piece === 'string');
    const isSound = typeof first === 'string' && first.startsWith('/') && !literals.some((text) => /[?#\s]/.test(text));
    return isSound
      ? read
      : refuse(
          `${quote(String(value))} is not a path`,
          'write a path such as /users/{id}, and `query` for its parameters',
        );
  },
  { type: 'string', pattern: '^/', examples: ['/users/{id}'] },
);

/** A body, or a part of one: what is filled in, and what stands as it is. */
export type BodyTemplate =
  | { readonly kind: 'value'; readonly value: string | number | boolean | null }
  | { readonly kind: 'text'; readonly template: Template }
  | { readonly kind: 'list'; readonly items: readonly BodyTemplate[] }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [name: string, value: BodyTemplate])[] };

const BODY_DEPTH_MAX = 16;

const bodyTemplate = leaf((value): Reading<BodyTemplate> => readBody(value, 0), {});

function readBody(value: unknown, depth: number): Reading<BodyTemplate> {
  if (depth > BODY_DEPTH_MAX) return refuse(`the body is nested deeper than ${BODY_DEPTH_MAX} levels`);
  if (typeof value === 'string') {
    const read = readTemplate(value);
    if (!read.ok) return read;
    const isPlain = read.value.every((piece) => typeof piece === 'string');
    return accept(isPlain ? { kind: 'value', value: read.value.join('') } : { kind: 'text', template: read.value });
  }
  if (value === null || typeof value === 'number' || typeof value === 'boolean')
    return accept({ kind: 'value', value });
  const entries = Object.entries(value as object); // A config holds nothing else.
  const below: (readonly [string, BodyTemplate])[] = [];
  for (const [name, member] of entries) {
    const read = readBody(member, depth + 1);
    if (!read.ok) return read;
    below.push([name, read.value]);
  }
  return accept(
    Array.isArray(value) ? { kind: 'list', items: below.map(([, item]) => item) } : { kind: 'object', fields: below },
  );
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

function nameProblem(name: string): { message: string; cure: string } | null {
  if (!NAME.test(name) || name === '__proto__')
    return { message: `${quote(name)} cannot name a part`, cure: 'use letters, digits and underscores, at most 64' };
  if (!(reservedNames as readonly string[]).includes(name)) return null;
  return { message: `${name} stands for something else in expressions`, cure: 'give the part another name' };
}

/** What stands for a part that has failed. */
const ifFails = leaf(
  (value): Reading<{ kind: 'null' } | { kind: 'fail' } | { kind: 'default'; value: unknown }> => {
    if (value === null || value === 'null') return accept({ kind: 'null' });
    if (value === 'fail') return accept({ kind: 'fail' });
    if (typeof value === 'object' && Object.keys(value).join() === 'default')
      return accept({ kind: 'default', value: (value as { default: unknown }).default });
    return refuse(
      'this says not what stands for a part that has failed',
      'write null, fail (and the whole fails), or { default: VALUE }',
    );
  },
  { examples: ['fail'] },
);

const forEachFields = z.strictObject({
  in: expression().describe('The list; each of its elements is `.item` in this part.'),
  max: integer('the number of elements', 1, CALLS_MAX).prefault(20).describe('A longer list is a failure of the part.'),
  concurrency: integer('the number of requests', 1, 64).prefault(8).describe('So many of them at once.'),
});
const forEach = z.union([expression().transform((list) => forEachFields.parse({ in: list.text })), forEachFields]);

const part = z.strictObject({
  route: identifier().describe('Id of the route that is asked; its timeouts, retries, cache and limits hold.'),
  method: method().prefault('GET').describe('Method of the request.'),
  path: pathTemplate.describe(
    "Path of the request; `{id}` is a parameter of this route's path, `{.user.id}` an expression.",
  ),
  host: identifier()
    .optional()
    .describe("Host of the request. Left out: the route's, or that of the client's request."),
  query: z
    .record(z.string(), z.union([template(), z.array(template()).max(100)]))
    .prefault({})
    .describe('Parameters of the query; one that is null is left out, a list is several.'),
  headers: headerMap(template(), framingRefusal).prefault({}).describe('Header fields, beside those of the client.'),
  body: bodyTemplate.optional().describe('JSON body; a text that is one place in braces is the value itself.'),
  needs: oneOrMany(identifier()).prefault([]).describe('Parts that come first, beside those that it refers to.'),
  when: expression().optional().describe('Ask only where this is true; else the part is null.'),
  forEach: forEach.optional().describe('Ask once for each element of a list; the part is the list of the answers.'),
  timeout: duration().optional().describe('This part takes no longer. Left out: as long as the whole may take.'),
  ifFails: ifFails.prefault(null).describe('What stands for it when it fails: null, fail, or { default: VALUE }.'),
  maxAnswer: size({ min: 1, max: 64 * 1024 * 1024 })
    .prefault('1MiB')
    .describe('Longest answer; a longer one is a failure of the part.'),
});

const parts = z.record(z.string(), part).transform((record, context) => {
  const entries = Object.entries(record);
  for (const [name] of entries) {
    const problem = nameProblem(name);
    if (problem === null) continue;
    context.addIssue({ code: 'custom', path: [name], message: problem.message, params: { cure: problem.cure } });
  }
  if (entries.length === 0 || entries.length > PARTS_MAX) {
    const params = { cure: 'name each part: user: { route: users, path: "/users/{id}" }' };
    context.addIssue({ code: 'custom', message: `a composition has 1 to ${PARTS_MAX} parts`, params });
  }
  return entries.map(([name, fields]) => ({ name, ...fields }));
});

export const composeSchema = z.strictObject({
  parts: parts.describe('Requests to other routes, by the names that their answers have.'),
  merge: expression()
    .optional()
    .describe('What is answered, made of the parts. Left out: an object of all of them, by their names.'),
  errors: z
    .union([flag().transform((on) => (on ? 'errors' : '')), identifier()])
    .prefault(true)
    .describe('Field of the answer that tells which parts failed: true (errors), false, or its name.'),
  maxAnswer: size({ min: 1, max: 64 * 1024 * 1024 })
    .prefault('4MiB')
    .describe('Longest answer of the whole; a longer one is a failure.'),
});

export type Compose = z.output<typeof composeSchema>;
export type ComposePart = Compose['parts'][number];
