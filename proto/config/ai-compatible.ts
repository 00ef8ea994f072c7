/** `compatible` of a provider: in what it departs from OpenAI's chat completions. What is not said is as OpenAI has it. */
import * as z from 'zod';
import {
  effortWords,
  errorWords,
  finishWords,
  operationWords,
  refusableWords,
  takableWords,
  toggleWords,
} from '../ai/compatible-words.js';
import { fieldName } from './network.js';
import { choice, flag, hasControl, leaf, oneOrMany, readText, text } from './scalars.js';
import { accept, quote, refuse } from './units.js';

const chatPath = leaf(
  (value) =>
    readText(value, 'a path', (path) =>
      /^\/[^?#\s]*$/.test(path) && !hasControl(path) && path.length <= 1024
        ? accept(path)
        : refuse(`${quote(path)} is not a path`, 'write one such as /chat/completions, below the URL of the provider'),
    ),
  { type: 'string', pattern: '^/', examples: ['/chat/completions'] },
);

/** A prefix may be empty, and ends with a space where there is one. */
const prefix = leaf(
  (value) =>
    readText(value, 'a prefix', (before) =>
      /^[\x20-\x7e]{0,64}$/.test(before) ? accept(before) : refuse(`${quote(before)} cannot stand before a key`),
    ),
  { type: 'string', examples: ['Bearer '] },
);

const credential = z.union([
  choice('the credential', ['bearer', 'none']).transform((kind) => ({ kind })),
  z
    .strictObject({
      header: fieldName().describe('Header field that the key stands in.'),
      prefix: prefix.prefault('').describe('What stands before it there.'),
    })
    .transform(({ header, prefix: before }) => ({ kind: 'header' as const, name: header, prefix: before })),
]);

const wordMap = <const T extends string>(what: string, words: readonly T[]) =>
  z.record(z.string(), choice(what, words));

const reasoning = z.strictObject({
  efforts: oneOrMany(choice('an effort', effortWords))
    .optional()
    .describe('What `reasoning_effort` takes: none, minimal, low, medium, high, xhigh, max. Left out: no such field.'),
  toggle: choice('the toggle', toggleWords)
    .optional()
    .describe('How it is switched: thinking, enable_thinking, chat_template_kwargs, reasoning (as OpenRouter has it).'),
  budget: text('a field').optional().describe('Field for the most tokens that it may take.'),
  isHidden: flag().optional().describe('Answers never hold what the model thought.'),
  back: choice('the field', ['reasoning_content', 'reasoning'])
    .optional()
    .describe("Field of the assistant's message in which it goes back to the model. Left out: it does not."),
});

const operationPaths = z.strictObject({
  embeddings: chatPath.optional().describe('Left out: /embeddings.'),
  images: chatPath.optional().describe('Left out: /images/generations.'),
  imageEdits: chatPath.optional().describe('Left out: /images/edits.'),
  speech: chatPath.optional().describe('Left out: /audio/speech.'),
  transcriptions: chatPath.optional().describe('Left out: /audio/transcriptions.'),
  moderations: chatPath.optional().describe('Left out: /moderations.'),
  rerank: chatPath.optional().describe('Left out: /rerank.'),
});

export const compatibleSchema = z.strictObject({
  title: text('a title').optional().describe('Name for people.'),
  chatPath: chatPath
    .optional()
    .describe('Path below the URL. `{name}` is a setting, `{model}` the model. Left out: /chat/completions.'),
  credential: credential
    .optional()
    .describe('Where the key stands: bearer, none, or { header: x-key, prefix: "Key " }. Left out: bearer.'),
  refuses: oneOrMany(choice('what is refused', refusableWords))
    .optional()
    .describe('Fields of OpenAI that it does not take, such as seed, n, logprobs, json_schema, image.'),
  takes: oneOrMany(choice('what is taken', takableWords))
    .optional()
    .describe('What it takes that not every imitator does, such as top_k, document, audio, cache_control.'),
  names: z
    .record(z.string(), text('a field'))
    .optional()
    .describe('Other names for fields of the body: { seed: random_seed }.'),
  maxTokens: choice('the field', ['max_tokens', 'max_completion_tokens'])
    .optional()
    .describe('Field for the bound of the output. Left out: max_tokens.'),
  reasoning: reasoning.optional().describe('How reasoning is asked for and shown.'),
  streamUsage: choice('how usage comes', ['asked', 'unasked'])
    .optional()
    .describe('Usage of a stream: `asked` for by stream_options (left out), or `unasked`, and the option is refused.'),
  finishWords: wordMap('a reason', finishWords).optional().describe('Finish reasons beside those of OpenAI.'),
  finishErrors: wordMap('an error', errorWords)
    .optional()
    .describe('Finish reasons that say that the answer has failed.'),
  errorKinds: wordMap('an error', errorWords)
    .optional()
    .describe('What its codes, types or statuses of errors mean, beside those of OpenAI.'),
  operations: oneOrMany(choice('an operation', operationWords))
    .optional()
    .describe(
      'What it has beside chats: embeddings, images, imageEdits, speech, transcriptions, moderations, rerank. Left out: as its kind is known to, and of a server that nobody knows all of them.',
    ),
  streamsImages: flag()
    .optional()
    .describe(
      'Images are drawn as events where they are asked for so. Left out: as its kind is known to, and of a server that nobody knows: they are.',
    ),
  operationPaths: operationPaths
    .optional()
    .describe('Paths of these below the URL, where they are not those of OpenAI: { rerank: /v2/rerank }.'),
});

export type Compatible = z.output<typeof compatibleSchema>;
