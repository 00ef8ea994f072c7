/** Edits of header fields: of a route, and of a fallback that asks another upstream. */
import * as z from 'zod';
import { framingRefusal } from './action.js';
import { headerMap } from './header-map.js';
import { readFieldName } from './network.js';
import { leaf, oneOrMany, readText } from './scalars.js';
import { headerValue } from './secrets.js';
import { type Reading, refuse } from './units.js';

/** Host is not a header to edit: what the upstream sees in it is the upstream's setting. */
function editRefusal(name: string): Reading<never> | null {
  if (name === 'host') return refuse('the Host header is not edited by routes', "set the upstream's `hostHeader`");
  return framingRefusal(name);
}

const removable = leaf(
  (value) =>
    readText(value, 'a header name', (name) => {
      const field = readFieldName(name);
      return field.ok ? (editRefusal(field.value) ?? field) : field;
    }),
  { type: 'string' },
);

export const editsSchema = z.strictObject({
  remove: oneOrMany(removable).prefault([]).describe('Header names; done first.'),
  set: headerMap(headerValue(), editRefusal)
    .prefault({})
    .describe(`Header → value, in place of any there is; values may hold \${NAME}.`),
  add: headerMap(oneOrMany(headerValue(), 100), editRefusal)
    .prefault({})
    .describe('Header → value or values, beside those there are.'),
});

export type Edits = z.output<typeof editsSchema>;
