/** `async` of a route and `jobs` of the gateway: which requests may become jobs, and what of jobs is kept. */
import * as z from 'zod';
import { choice, duration, flag, integer, leaf, readText, share, size } from './scalars.js';
import { accept, quote, refuse } from './units.js';

const MIB = 1024 * 1024;

const asyncFields = z.strictObject({
  prefer: flag()
    .prefault(true)
    .describe('Honour `Prefer: respond-async`, with `wait=SECONDS` where the client says it.'),
  after: duration()
    .optional()
    .describe(
      'Hand over every request that has no answer by then, asked or not. Left out: only where the client asks.',
    ),
  wait: duration({ min: 0 }).prefault('1s').describe('How long to wait for a client that asks and names no `wait`.'),
  total: duration().prefault('10m').describe("The job's deadline, from the request on; in place of timeouts.total."),
  firstByte: duration()
    .optional()
    .describe(
      'How long an attempt may take to begin its answer; in place of timeouts.firstByte. Left out: as `total`.',
    ),
  onLeave: choice('what to do', ['cancel', 'finish'])
    .prefault('cancel')
    .describe('When a client leaves before the 202: cancel the request, or finish it as a job that nobody collects.'),
});

export const asyncSchema = z.union([flag().transform((on) => (on ? asyncFields.parse({}) : null)), asyncFields]);

/** A path of plain segments: it is compared with paths as they come, which a router would normalise. */
const prefix = leaf(
  (value) =>
    readText(value, 'a path', (path) =>
      /^(\/[A-Za-z0-9._~-]+)+$/.test(path) && !/\/\.{1,2}(\/|$)/.test(path)
        ? accept(path)
        : refuse(`${quote(path)} is not a plain path`, 'write something like /.weir/jobs, without a slash at its end'),
    ),
  { type: 'string', examples: ['/.weir/jobs'] },
);

export const jobsSchema = z.strictObject({
  prefix: prefix.prefault('/.weir/jobs').describe('Where the status resources of jobs are, on every host.'),
  keep: duration().prefault('1h').describe('How long a job and its result are kept after its end.'),
  lease: duration({ min: 500 })
    .prefault('10s')
    .describe('A node that has said nothing of its jobs for so long is taken for dead, and they for lost.'),
  max: integer('the number of jobs', 1, 10_000_000)
    .prefault(10_000)
    .describe('Jobs that are kept in one store; above, requests are answered as if nobody had asked for a job.'),
  running: integer('the number of jobs', 1, 1_000_000)
    .prefault(1_000)
    .describe('Jobs that one node runs at once; above, as above.'),
  share: share('the share of one consumer')
    .prefault(0.25)
    .describe(
      'Of `max` and `running`, what one consumer may have, or one client address on a route without auth; 1: all.',
    ),
  result: size({ min: 1, max: 1024 * MIB })
    .prefault('16MiB')
    .describe('Largest result, with its fields; a job with a larger one fails.'),
  memory: size({ min: MIB, max: 64 * 1024 * MIB })
    .prefault('256MiB')
    .describe('All results together that one node keeps in its memory. Redis has bounds of its own.'),
});

export type Async = NonNullable<z.output<typeof asyncSchema>>;
export type JobSettings = z.output<typeof jobsSchema>;
