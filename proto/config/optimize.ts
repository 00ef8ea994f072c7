/** `optimize` of a route: smaller answers, and fewer of them. */
import * as z from 'zod';
import { compressibleTypes, encodings } from '../snapshot/optimize.js';
import { listFields, parameter } from './list.js';
import { orOff } from './or-off.js';
import { choice, flag, leaf, oneOrMany, readText, size } from './scalars.js';
import { accept, quote, refuse } from './units.js';

const MIB = 1024 * 1024;

const fieldsFields = z.strictObject({
  parameter: parameter()
    .prefault('fields')
    .describe('Parameter of the query that names the fields; it goes no further.'),
});

const mediaType = leaf(
  (value) =>
    readText(value, 'a media type', (name) =>
      /^(?:[a-z0-9!#$&^_.+-]+\/(?:[a-z0-9!#$&^_.+-]+|\*)|\*\+[a-z0-9]+)$/.test(name.toLowerCase())
        ? accept(name.toLowerCase())
        : refuse(`${quote(name)} is not a media type`, 'write application/json, text/*, or *+json'),
    ),
  { type: 'string', examples: ['application/json', 'text/*', '*+json'] },
);

const compressFields = z.strictObject({
  min: size({ min: 1, max: 1024 * MIB })
    .prefault('1KiB')
    .describe('Shorter answers are left as they are.'),
  types: oneOrMany(mediaType)
    .prefault([...compressibleTypes])
    .describe('Media types: exact, `text/*`, or `*+json`.'),
  encodings: oneOrMany(choice('a coding', encodings))
    .prefault(['br', 'zstd', 'gzip'])
    .describe('Codings, in the order in which they are preferred among those that a client likes alike.'),
  keep: size({ min: 0, max: 1024 * MIB })
    .prefault('16MiB')
    .describe('Answers with an entity tag that are kept in their compressed form, all of the route; 0 for none.'),
});

const etagFields = z.strictObject({
  upTo: size({ min: 1, max: 16 * MIB })
    .prefault('1MiB')
    .describe('Longer answers are sent on as they come, without a tag.'),
});

export const optimizeSchema = z.strictObject({
  fields: orOff(fieldsFields)
    .prefault(false)
    .describe('Let clients name the fields of JSON that they want: `?fields=id,items(sku)`.'),
  minify: flag().prefault(false).describe('Send JSON without white space.'),
  compress: orOff(compressFields)
    .prefault(false)
    .describe('Compress answers that come uncompressed, by what the client takes; mind docs/answers.md on secrets.'),
  list: orOff(listFields)
    .prefault(false)
    .describe('Send a list page by page: true where the answer is the list, or { at, limit, wrap, upstream, … }.'),
  etag: orOff(etagFields)
    .prefault(false)
    .describe('Give answers that have none an entity tag, so that who has one gets 304 in place of the same again.'),
});

export type Optimize = z.output<typeof optimizeSchema>;
