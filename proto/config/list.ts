/** `optimize.list` of a route: a list that goes to clients page by page, whatever the upstream knows of pages; docs/answers.md. */
import * as z from 'zod';
import { memberPath } from './member-path.js';
import { orOff } from './or-off.js';
import { integer, leaf, readText, size, text } from './scalars.js';
import { keptReferences, secret } from './secrets.js';
import { accept, quote, refuse } from './units.js';

const MIB = 1024 * 1024;
/** Of a page. */
const LENGTH_MAX = 1_000;
/** Where nothing else is stated. */
const LIMIT = 50;
const MAX = 200;

/** A parameter of the query. */
export function parameter() {
  return leaf(
    (value) =>
      readText(value, 'a parameter', (name) =>
        /^[A-Za-z][A-Za-z0-9._-]{0,63}$/.test(name)
          ? accept(name)
          : refuse(`${quote(name)} cannot be a parameter`, 'write a name such as fields'),
      ),
    { type: 'string', examples: ['fields'] },
  );
}

const wrapFields = z.strictObject({
  items: text('a name').prefault('items').describe('Member that has the elements of the page.'),
  next: text('a name').prefault('next').describe('Member that has the cursor of the next page, or null.'),
});

const most = () =>
  integer('what the upstream gives at once', 1, LENGTH_MAX).describe(
    'Elements that the upstream gives at once, at most. One that gives fewer than it was asked for is taken to have no more.',
  );

const pages = z.strictObject({
  page: parameter().prefault('page').describe('Parameter with the number of the page.'),
  size: parameter().prefault('size').describe('Parameter with the length of a page.'),
  first: integer('the number of the first page', 0, 1).prefault(1).describe('Number of the first page.'),
  max: most(),
});

const offset = z.strictObject({
  offset: parameter().prefault('offset').describe('Parameter that says how many elements come before.'),
  limit: parameter().prefault('limit').describe('Parameter that says how many are wanted.'),
  max: most(),
});

const cursor = z.strictObject({
  cursor: parameter().prefault('cursor').describe('Parameter that takes what `next` has told.'),
  next: memberPath().describe(
    'Where the answer says how to go on, such as meta.next_cursor; null or nothing: it is over.',
  ),
  limit: parameter().optional().describe('Parameter that says how many are wanted. Left out: the upstream decides.'),
  max: most().prefault(LENGTH_MAX),
});

const upstreamPaging = z
  .strictObject({
    pages: pages.optional().describe('By number and size.'),
    offset: offset.optional().describe('By offset and limit.'),
    cursor: cursor.optional().describe('By a cursor in its answers.'),
  })
  .superRefine((ways, context) => {
    const stated = Object.values(ways).filter((way) => way !== undefined).length;
    if (stated === 1) return;
    const params = { cure: 'state one of pages, offset, cursor; leave `upstream` out where it sends the whole list' };
    context.addIssue({ code: 'custom', message: `${stated} ways to page are stated`, params });
  });

type Upstream = z.output<typeof upstreamPaging> | undefined;

const givenAtOnce = (upstream: Upstream): number =>
  upstream?.pages?.max ?? upstream?.offset?.max ?? upstream?.cursor?.max ?? LENGTH_MAX;

export const listFields = z
  .strictObject({
    at: memberPath()
      .prefault('')
      .describe('Where the list is in the answer, such as data.items. Left out: the answer is the list.'),
    limit: integer('the length of a page', 1, LENGTH_MAX)
      .optional()
      .describe('Elements of a page, where the client does not say. Default: 50, or `max` where that is less.'),
    max: integer('the longest page', 1, LENGTH_MAX)
      .optional()
      .describe('Elements of a page at most. Default: 200, or what the upstream gives at once where that is less.'),
    upTo: size({ min: 1024, max: 16 * MIB })
      .prefault('1MiB')
      .describe('Bytes of a page at most: it ends before the element that does not fit.'),
    parameters: z
      .strictObject({
        limit: parameter().prefault('limit').describe('How many elements are wanted.'),
        cursor: parameter().prefault('cursor').describe('Where the page begins: what the one before has told.'),
      })
      .prefault({})
      .describe('Parameters of the query that clients use; they go no further.'),
    wrap: orOff(wrapFields)
      .prefault(false)
      .describe('Send `{ items, next }` in place of what the upstream has around its list; true, or other names.'),
    secret: secret('the secret that signs cursors')
      .describe(`Signs cursors, as \${NAME}; the same on all nodes. Left out: whoever tries can make one up.`)
      // A description makes a schema of its own, which has lost the mark.
      .register(keptReferences, { kept: true })
      .optional(),
    upstream: upstreamPaging.optional().describe('How the upstream pages. Left out: it sends the whole list.'),
  })
  .superRefine(({ limit, max, upstream, parameters, wrap }, context) => {
    const faults: [path: string[], message: string, cure: string][] = [];
    const gives = givenAtOnce(upstream);
    if (max !== undefined && max > gives)
      faults.push([['max'], `pages of ${max} are longer than what the upstream gives at once, ${gives}`, 'lower it']);
    const most = max ?? Math.min(MAX, gives);
    if (limit !== undefined && limit > most)
      faults.push([
        ['limit'],
        `pages of ${limit} are longer than ${most}, which is the most`,
        'lower it, or raise max',
      ]);
    if (parameters.limit === parameters.cursor)
      faults.push([['parameters'], 'the two parameters have one name', 'give them different ones']);
    if (wrap !== null && wrap.items === wrap.next)
      faults.push([['wrap'], 'the two members have one name', 'give them different ones']);
    for (const [path, message, cure] of faults) context.addIssue({ code: 'custom', path, message, params: { cure } });
  })
  .transform((fields) => {
    const max = fields.max ?? Math.min(MAX, givenAtOnce(fields.upstream));
    return { ...fields, max, limit: fields.limit ?? Math.min(LIMIT, max) };
  });

export type List = z.output<typeof listFields>;
