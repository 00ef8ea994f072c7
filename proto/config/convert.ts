/** `convert` and `graphql` of a route: bodies in another form, and queries that go by name. */
import * as z from 'zod';
import { bodyForms } from '../snapshot/convert.js';
import { choice, flag, leaf, readText, size } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

const MIB = 1024 * 1024;
const QUERY_LENGTH_MAX = 64 * 1024;
const QUERIES_MAX = 1_000;

const element = leaf(
  (value) =>
    readText(value, 'a name of an element', (name) =>
      /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/.test(name)
        ? accept(name)
        : refuse(`${quote(name)} cannot be an element`, 'write a name such as order'),
    ),
  { type: 'string', examples: ['root'] },
);

export const convertSchema = z.strictObject({
  request: choice('a form', bodyForms)
    .optional()
    .describe(
      'What the upstream takes: json, xml or form. What comes in another of these is changed. Left out: as it comes.',
    ),
  response: choice('a form', bodyForms).optional().describe('What the client gets, likewise.'),
  root: element
    .prefault('root')
    .describe('Outermost element of XML that is made here, where the JSON has no single one.'),
  upTo: size({ min: 1, max: 64 * MIB })
    .prefault('1MiB')
    .describe('Longest body that is changed; a longer one is refused: 413, or 502 where it is an answer.'),
});

export type Convert = z.output<typeof convertSchema>;

/** A query, for what goes by GET must be safe (RFC 9110 §9.2.1), and be answered once (no subscription). */
const query = leaf(
  (value): Reading<string> =>
    readText(value, 'a GraphQL query', (text) => {
      const bare = text.replace(/#[^\n]*/g, '').replace(/"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"/g, '""');
      if (text.length > QUERY_LENGTH_MAX)
        return refuse(`the query is longer than ${QUERY_LENGTH_MAX} characters`, 'ask for less');
      if (/(?:^|[\s}])(?:mutation|subscription)\b/.test(bare))
        return refuse(
          'a query that goes by name must be a query',
          'send mutations by POST, to a route without `graphql`',
        );
      return /^\s*(?:query\b|fragment\b|\{)/.test(bare)
        ? accept(text)
        : refuse(
            `${quote(text.slice(0, 40))} is no GraphQL query`,
            'write one such as query Top($n: Int) { products(first: $n) { name } }',
          );
    }),
  { type: 'string', maxLength: QUERY_LENGTH_MAX },
);

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export const graphqlSchema = z.strictObject({
  queries: z
    .record(z.string(), query)
    .superRefine((queries, context) => {
      const names = Object.keys(queries);
      const wrong = names.find((name) => !NAME.test(name));
      const params = { cure: 'use letters, digits, dots, hyphens and underscores' };
      if (wrong !== undefined)
        context.addIssue({ code: 'custom', path: [wrong], message: `${quote(wrong)} cannot be a name`, params });
      if (names.length === 0 || names.length > QUERIES_MAX)
        context.addIssue({
          code: 'custom',
          message: `there are ${names.length} queries`,
          params: { cure: `state 1 to ${QUERIES_MAX}` },
        });
    })
    .transform((queries) => Object.entries(queries).map(([name, text]) => ({ name, text })))
    .describe('Queries by name: GET ?id=NAME&variables={…} asks the upstream by POST, and is cached like any GET.'),
  only: flag().prefault(false).describe('Refuse everything else: no client can make up a query of its own.'),
});

export type Graphql = z.output<typeof graphqlSchema>;
