/** `guards` of `ai`: what questions and answers of a route pass, by name. */
import * as z from 'zod';
import { aiPiiKinds } from '../snapshot/ai.js';
import { checkedKey } from './checked-key.js';
import { choice, duration, flag, hasControl, identifier, integer, leaf, oneOrMany, readText, text } from './scalars.js';
import { accept, quote, refuse } from './units.js';

/** Also of what routes mask. */
export const pii = z.union([
  flag().transform((on) => (on ? [...aiPiiKinds] : [])),
  oneOrMany(choice('a kind of data', aiPiiKinds)),
]);

export const patternFields = z.strictObject({
  name: identifier().describe('Name of what it finds; it stands in place of it: [EMPLOYEE].'),
  pattern: text('a pattern').describe('Regular expression in the syntax of RE2, which takes linear time.'),
  maxLength: integer('the number of characters', 1, 1_000)
    .prefault(64)
    .describe('Longest match that is found for sure; a stream may be held back by twice as many characters.'),
  spaces: flag().prefault(false).describe('A match may hold white space. Left out: it is looked for between it.'),
});

const webhookPath = leaf(
  (value) =>
    readText(value, 'a path', (path) =>
      /^\/[^#\s]*$/.test(path) && !hasControl(path) && path.length <= 1024
        ? accept(path)
        : refuse(`${quote(path)} is not a path`, 'write one such as /check'),
    ),
  { type: 'string', pattern: '^/', examples: ['/check'] },
);

const webhook = z.strictObject({
  upstream: identifier().describe('Upstream that is asked.'),
  path: webhookPath.prefault('/').describe('Where it takes the POST.'),
  timeout: duration().prefault('1s').describe('For its whole answer.'),
  fail: choice('the mode', ['open', 'closed'])
    .prefault('closed')
    .describe('Whether what could not be checked passes (open) or is refused (closed).'),
});

const INJECTION_SCORE = 5;

const guardFields = z.strictObject({
  on: choice('the side', ['both', 'request', 'answer'])
    .prefault('both')
    .describe('Whether it looks at questions, at answers, or at both.'),
  pii: pii
    .prefault([])
    .describe('Personal data and secrets: email, phone, creditCard, iban, ip, secret (keys of APIs); true: all.'),
  patterns: oneOrMany(patternFields, 100).prefault([]).describe('Patterns of your own.'),
  deny: oneOrMany(text('a word'), 10_000).prefault([]).describe('Words and phrases, whatever their case.'),
  action: choice('what is done', ['mask', 'refuse'])
    .prefault('mask')
    .describe('What is done with what these three find: mask it ([EMAIL]), or refuse the question or answer.'),
  restore: flag()
    .prefault(false)
    .describe('What was masked in a question comes back where the answer names it: [EMAIL_1] is the address again.'),
  maxCharacters: integer('the number of characters', 1, 100_000_000).optional().describe('Of the texts of a question.'),
  maxMessages: integer('the number of messages', 1, 100_000).optional().describe('Of a question.'),
  maxAnswerCharacters: integer('the number of characters', 1, 100_000_000).optional().describe('Of an answer.'),
  injection: z
    .union([
      flag().transform((on) => (on ? INJECTION_SCORE : undefined)),
      z
        .strictObject({ score: integer('a score', 1, 100).describe('Refused from this score on.') })
        .transform(({ score }) => score),
    ])
    .optional()
    .describe('Scores questions by what attempts to override instructions look like; true: refused from 5 on.'),
  webhook: webhook.optional().describe('Asks a service of yours about each question or answer.'),
});

type Fields = z.output<typeof guardFields>;
export type AiGuard = Fields & { readonly id: string };

export const guardsSchema = z.record(z.string(), guardFields).transform((map, context) =>
  Object.entries(map).map(([key, fields]): AiGuard => {
    const id = checkedKey(identifier(), key, context);
    const issue = (path: string[], message: string, cure: string): void =>
      context.addIssue({ code: 'custom', path: [key, ...path], message, params: { cure } });
    if (!hasCheck(fields)) issue([], 'this guard looks for nothing', 'add pii, patterns, deny, a limit or a webhook');
    if (fields.restore && (fields.action === 'refuse' || fields.on === 'answer'))
      issue(['restore'], 'nothing is masked in questions that could come back', 'remove restore');
    const names = new Set<string>();
    for (const [index, { name }] of fields.patterns.entries()) {
      if (names.has(name)) issue(['patterns', String(index)], `the name ${quote(name)} is taken`, 'give it another');
      names.add(name);
    }
    return { id, ...fields };
  }),
);

function hasCheck({ pii: kinds, patterns, deny, ...rest }: Fields): boolean {
  const { maxCharacters, maxMessages, maxAnswerCharacters, injection, webhook: hook } = rest;
  const others = [maxCharacters, maxMessages, maxAnswerCharacters, injection, hook];
  return kinds.length + patterns.length + deny.length > 0 || others.some((one) => one !== undefined);
}
