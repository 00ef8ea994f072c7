/** `mask` of a route: what of its JSON answers nobody gets to see. */
import * as z from 'zod';
import { patternFields, pii } from './ai-guards.js';
import { choice, integer, leaf, oneOrMany, readText, text } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

const PATH_CURE = 'write names with dots between them: user.email, items.*.card (any member), **.phone (at any depth)';
const stepsMax = 32;

/** JSONPath (RFC 9535) writes the same with a dollar, and says of lists that each element is meant, which goes without saying here. */
function readPath(written: string): Reading<readonly string[]> {
  const bare = written
    .replace(/^\$\.?(?=\.)/, '')
    .replace(/^\$\./, '')
    .replaceAll('[*]', '')
    .replaceAll('..', '.**.')
    .replace(/^\./, '');
  const steps = bare.split('.');
  const isSound = steps.every(
    (step, i) => step !== '' && !/[[\]$]/.test(step) && (step !== '**' || i < steps.length - 1),
  );
  if (!isSound || written.length > 1024) return refuse(`${quote(written)} is not a path to fields`, PATH_CURE);
  return steps.length <= stepsMax
    ? accept(steps)
    : refuse(`${quote(written)} has more than ${stepsMax} steps`, PATH_CURE);
}

const fieldPath = leaf(
  (value): Reading<readonly string[]> => {
    const asText = readText(value, 'a path to fields');
    return asText.ok ? readPath(asText.value) : { ...asText, cure: PATH_CURE };
  },
  { type: 'string', examples: ['user.email', 'items.*.card', '**.phone', '$.items[*].card'] },
);

const pathsMax = 100;

const maskFields = z
  .strictObject({
    fields: oneOrMany(fieldPath, pathsMax)
      .prefault([])
      .describe(
        'Fields whose values are hidden whole: user.email, items.*.card (any member), **.phone (at any depth); lists are looked through.',
      ),
    pii: pii
      .prefault([])
      .describe(
        'Hidden in all other texts and numbers: email, phone, creditCard, iban, ip, secret (keys of APIs); true: all.',
      ),
    patterns: oneOrMany(patternFields, 20).prefault([]).describe('Likewise patterns of your own.'),
    instead: text('a text').prefault('***').describe('What stands in place of it.'),
    keep: integer('the number of characters', 0, 20)
      .prefault(0)
      .describe('Last characters that stay, of what is at least twice as long.'),
    others: choice('what is done with other answers', ['refuse', 'pass'])
      .prefault('refuse')
      .describe('Answers that are no JSON: refuse them (502), or let them pass as they are.'),
  })
  .superRefine(({ fields, pii: kinds, patterns }, context) => {
    if (fields.length + kinds.length + patterns.length > 0) return;
    const params = { cure: 'state fields, pii or patterns' };
    context.addIssue({ code: 'custom', message: 'it says nothing of what to hide', params });
  });

export type Mask = z.output<typeof maskFields>;

/** Paths alone are the fields; they have been read, and are not read again. */
export const maskSchema = z.union([
  oneOrMany(fieldPath, pathsMax).transform((fields): Mask => ({ ...maskFields.parse({ fields: '*' }), fields })),
  maskFields,
]);
