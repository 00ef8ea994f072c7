/** `batch` of a route: several requests of one API that come as one, and are answered together; docs/optimize.md. */
import * as z from 'zod';
import { duration, identifier, integer, leaf, oneOrMany, readText, size } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

const prefix = leaf(
  (value): Reading<string> =>
    readText(value, 'a prefix', (path) =>
      /^\/[A-Za-z0-9._~!$&'()+,=:@/-]*$/.test(path) && path.length <= 2048
        ? accept(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path)
        : refuse(`${quote(path)} is not a prefix`, 'write a path such as /api'),
    ),
  { type: 'string', pattern: '^/', examples: ['/api'] },
);

export const batchSchema = z
  .strictObject({
    routes: oneOrMany(identifier()).optional().describe('Routes that may be asked, by their ids.'),
    prefix: prefix.optional().describe('Routes that may be asked: those of requests below this path.'),
    max: integer('the number of requests', 1, 100).prefault(20).describe('Requests of one batch, at most.'),
    concurrency: integer('the number of requests', 1, 64).prefault(10).describe('So many of them at once.'),
    timeout: duration().optional().describe('Each takes no longer. Left out: as long as the whole may take.'),
    maxAnswer: size({ min: 1, max: 64 * 1024 * 1024 })
      .prefault('1MiB')
      .describe('Longest answer of one; a longer one is a failure of that one.'),
  })
  .superRefine(({ routes, prefix: below }, context) => {
    if ((routes === undefined) !== (below === undefined)) return;
    const message = 'it is not said which routes a batch may ask';
    context.addIssue({ code: 'custom', message, params: { cure: 'state one of `routes` and `prefix`' } });
  });

export type Batch = z.output<typeof batchSchema>;
