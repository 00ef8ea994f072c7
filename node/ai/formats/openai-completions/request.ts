/**
 * Reads the body of `POST /v1/completions`. The prompt is what a user says: models that only chat know nothing else. Source:
 * https://platform.openai.com/docs/api-reference/completions/create. Pure.
 */
import type { ChatRequest } from '../../chat/chat-request.js';
import { type Message, textPart } from '../../chat/part.js';
import type { Misread } from '../../format.js';
import type { JsonObject } from '../../json.js';
import type { FieldNames } from '../field-name.js';
import { readSampling, readStreaming, samplingFields } from '../openai-words/sampling.js';
import { bodyObject, kindOf, Reading, unread } from '../reading.js';

const known: ReadonlySet<string> = new Set([
  ...samplingFields,
  'model',
  'prompt',
  'max_tokens',
  'logprobs',
  'stream',
  'stream_options',
]);

/** Said so, these are what is done anyway. */
const asDone: Readonly<Record<string, unknown>> = { echo: false, best_of: 1, suffix: '' };

/** How unsupported fields are named. */
export const completionsFieldNames: FieldNames = {
  messages: 'prompt',
  maxTokens: 'max_tokens',
  topP: 'top_p',
  topK: 'top_k',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  choices: 'n',
  logitBias: 'logit_bias',
  isStream: 'stream',
  wantsStreamUsage: 'stream_options.include_usage',
};

/** As many alternatives as OpenAI gives of each token in this format. */
const LOGPROBS_MAX = 5;

export function readCompletions(unknownBody: unknown): ChatRequest | Misread {
  const reading = new Reading();
  const body = bodyObject(reading, unknownBody);
  const streaming = readStreaming(reading, body);
  const top = reading.whole(body, '', 'logprobs', 0, LOGPROBS_MAX);
  const more = Object.entries(unread(body, known)).filter(([name, value]) => asDone[name] !== value);
  const request: ChatRequest = {
    model: reading.name(body, '', 'model'),
    messages: readPrompt(reading, body),
    tools: [],
    toolChoice: null,
    parallelToolCalls: null,
    answerFormat: null,
    maxTokens: reading.whole(body, '', 'max_tokens', 1),
    ...readSampling(reading, body),
    logprobs: top === null ? null : { top },
    reasoning: null,
    isStream: streaming.isStream,
    wantsStreamUsage: streaming.wantsStreamUsage,
    extra: { ...Object.fromEntries(more), ...streaming.extra },
    family: 'openai-completions',
  };
  return reading.misread ?? request;
}

function readPrompt(reading: Reading, body: JsonObject): readonly Message[] {
  const prompt = body['prompt'];
  const [only, ...others] = Array.isArray(prompt) ? prompt : [prompt];
  if (typeof only === 'string' && others.length === 0) {
    const paths = { message: 'prompt', parts: ['prompt'] };
    return [{ role: 'user', parts: [textPart(only)], name: null, paths }];
  }
  const cure = 'give one string; several prompts are several requests, and tokens are one model’s own';
  reading.wrong('prompt', `\`prompt\` is ${kindOf(prompt)}: ${cure}.`);
  return [];
}
