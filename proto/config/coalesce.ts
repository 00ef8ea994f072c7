/** `coalesce` of a route: requests for one item each that go to the upstream as one for all of them; docs/optimize.md. */
import * as z from 'zod';
import { memberPath } from './member-path.js';
import { fieldName } from './network.js';
import { duration, flag, integer, leaf, oneOrMany, readText, size, text } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

const url = leaf(
  (value): Reading<string> =>
    readText(value, 'a path', (path) =>
      /^\/[A-Za-z0-9._~!$&'()*+,=:@/%-]*$/.test(path) && path.length <= 2048
        ? accept(path)
        : refuse(
            `${quote(path)} is not a path`,
            'write the path of the list, as the upstream knows it, such as /items',
          ),
    ),
  { type: 'string', pattern: '^/', examples: ['/items'] },
);

const separator = leaf(
  (value): Reading<string> =>
    readText(value, 'a separator', (mark) =>
      /^[,;|. ]$/.test(mark)
        ? accept(mark)
        : refuse(`${quote(mark)} is no separator`, 'write one of , ; | . or a space'),
    ),
  { type: 'string' },
);

export const coalesceSchema = z.strictObject({
  url: url.describe('Path of the list at the upstream.'),
  query: text('a name').prefault('ids').describe('Parameter of the query that names the items.'),
  separator: separator.prefault(',').describe('What stands between them.'),
  repeat: flag().prefault(false).describe('Name each by a parameter of its own (ids=1&ids=2) instead.'),
  items: memberPath()
    .prefault('')
    .describe('Where the list is in the answer, such as data.items. Left out: the answer is the list.'),
  key: text('a name').prefault('id').describe('Member of an item that says which it is.'),
  window: duration({ max: 1_000 }).prefault('5ms').describe('So long is waited for others.'),
  max: integer('the number of items', 2, 500).prefault(50).describe('Items of one request, at most.'),
  maxAnswer: size({ min: 1, max: 64 * 1024 * 1024 })
    .prefault('4MiB')
    .describe('Longest answer of the list; a longer one is asked for item by item.'),
  ignore: oneOrMany(fieldName())
    .prefault([])
    .describe('Request headers that make no difference; all but a few others do (docs/optimize.md).'),
});

export type Coalesce = z.output<typeof coalesceSchema>;
