/** What a route does with a request besides proxying it as it is: rewrite its path, redirect it, answer it. */
import * as z from 'zod';
import { headerMap } from './header-map.js';
import { parseUrl } from './network.js';
import { flag, hasControl, integer, leaf, readText } from './scalars.js';
import { headerValue } from './secrets.js';
import { accept, quote, type Reading, refuse } from './units.js';

const bodyLengthMax = 65_536;

const plainPath = (what: string) =>
  leaf(
    (value) =>
      readText(value, what, (path) => {
        const valid = /^\/[^?#\s{}*]*$/.test(path) && !hasControl(path) && path.length <= 2048;
        return valid
          ? accept(path)
          : refuse(`${quote(path)} is not a path`, 'write a path such as /v2, without parameters and query');
      }),
    { type: 'string', pattern: '^/' },
  );

const rewriteTemplate = leaf(
  (value) =>
    readText(value, 'a path', (path) => {
      const literal = path.replace(/\{(?:\*|[A-Za-z_][A-Za-z0-9_]*)\}/g, '');
      const valid = path.startsWith('/') && /^[^#\s{}]*$/.test(literal) && !hasControl(path) && path.length <= 2048;
      return valid
        ? accept(path)
        : refuse(`${quote(path)} is not a path`, 'write a path such as /v2/orders/{id} or /v2/{*}');
    }),
  { type: 'string', pattern: '^/' },
);

const replacePrefix = z.strictObject({
  from: plainPath('a prefix').optional().describe("The prefix; left out: that of the route's path."),
  with: plainPath('a path').describe('What stands in its place.'),
});

const stripPrefix = z.union([plainPath('a prefix'), flag()]);

export const rewriteSchema = z
  .strictObject({
    stripPrefix: stripPrefix.optional().describe("Remove this prefix from the path; true: that of the route's path."),
    replacePrefix: replacePrefix.optional().describe('Put another prefix in its place.'),
    path: rewriteTemplate.optional().describe('A new path; `{name}` and `{*}` stand for what the match has taken.'),
  })
  .superRefine((fields, context) => exactlyOne(fields, ['stripPrefix', 'replacePrefix', 'path'], context));

export type Rewrite = z.output<typeof rewriteSchema>;

/** A place to send clients: absolute, or a path on the same host. */
export const location = leaf(
  (value): Reading<string> =>
    readText(value, 'a location', (to) => {
      const url = to.startsWith('/') ? parseUrl(`http://host${to}`) : parseUrl(to);
      const known = url !== null && /^https?:$/.test(url.protocol) && /^[\x21-\x7e]+$/.test(to);
      return known ? accept(to) : refuse(`${quote(to)} is not a location`, 'write https://example.com/path or /path');
    }),
  { type: 'string', examples: ['https://example.com/'] },
);

const redirectStatus = leaf(
  (value): Reading<301 | 302 | 303 | 307 | 308> => {
    for (const status of [301, 302, 303, 307, 308] as const) if (value === status) return accept(status);
    return refuse('a redirect has the status 301, 302, 303, 307 or 308', '308 keeps the method for good, 307 for now');
  },
  { type: 'integer', minimum: 301, maximum: 308 },
);

export const redirectSchema = z.union([
  location.transform((to) => ({ to, status: 308 as const })),
  z.strictObject({
    to: location.describe(
      'Where to: an absolute URL, or a path on the same host. `{name}` and `{*}` stand for what the match has taken, `{path}` for the whole path, `{query}` for the query, which is dropped where it is not named: `https://www.example.com{path}?{query}`.',
    ),
    status: redirectStatus.prefault(308).describe('301, 302, 303, 307 or 308.'),
  }),
]);

/** Below 200 there is no final answer, and a gateway that answers 101 would promise a protocol that it does not speak. */
const answerStatus = integer('a status', 200, 599);

const body = leaf(
  (value): Reading<string> => {
    const asText = readText(value, 'a text');
    if (!asText.ok || asText.value.length <= bodyLengthMax) return asText;
    return refuse(`the body is longer than ${bodyLengthMax} characters`, 'serve it from an upstream');
  },
  { type: 'string', maxLength: bodyLengthMax },
);

export const respondSchema = z.union([
  answerStatus.transform((status) => ({ status, headers: [], body: '' })),
  z
    .strictObject({
      status: answerStatus.prefault(200).describe('Status of the answer.'),
      headers: headerMap(headerValue(), framingRefusal).prefault({}).describe('Headers of the answer.'),
      body: body.prefault('').describe('Body of the answer, plain text unless content-type says otherwise.'),
    })
    .superRefine((answer, context) => {
      if (answer.body === '' || (answer.status !== 204 && answer.status !== 304)) return;
      const params = { cure: 'remove the body, or answer 200' };
      context.addIssue({
        code: 'custom',
        path: ['body'],
        message: `an answer of ${answer.status} has no body`,
        params,
      });
    }),
]);

const FRAMING = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Fields that say where a message ends belong to whoever writes the message; a config that set them could smuggle. */
export function framingRefusal(name: string): Reading<never> | null {
  if (FRAMING.has(name)) return refuse(`the header ${name} is set by the gateway itself`, 'remove it');
  return null;
}

/** Adds a fault unless exactly one of the keys is there. */
export function exactlyOne<K extends string>(
  fields: { readonly [key in K]?: unknown },
  keys: readonly K[],
  context: { addIssue: (issue: { code: 'custom'; message: string; params: { cure: string } }) => void },
): void {
  const count = keys.filter((key) => fields[key] !== undefined).length;
  if (count === 1) return;
  const message = count === 0 ? 'nothing is stated here' : 'only one of these can be stated at once';
  context.addIssue({ code: 'custom', message, params: { cure: `state exactly one of ${keys.join(', ')}` } });
}
