/** Fields that OpenAI's formats share: how tokens are drawn, and what a stream tells. Pure. */
import type { ChatRequest, ReasoningEffort } from '../../chat/chat-request.js';
import type { JsonObject } from '../../json.js';
import type { Reading } from '../reading.js';

type Sampling = Pick<
  ChatRequest,
  | 'temperature'
  | 'topP'
  | 'topK'
  | 'frequencyPenalty'
  | 'presencePenalty'
  | 'seed'
  | 'stop'
  | 'choices'
  | 'logitBias'
  | 'user'
>;

export const samplingFields = [
  'temperature',
  'top_p',
  'top_k',
  'frequency_penalty',
  'presence_penalty',
  'seed',
  'stop',
  'n',
  'logit_bias',
  'user',
] as const;

/** As many as OpenAI gives at once. */
const CHOICES_MAX = 128;

/** `top_k` is not OpenAI's own: most compatible servers have it. */
export function readSampling(reading: Reading, body: JsonObject): Sampling {
  return {
    temperature: reading.number(body, '', 'temperature', 0, 2),
    topP: reading.number(body, '', 'top_p', 0, 1),
    topK: reading.whole(body, '', 'top_k', -1),
    frequencyPenalty: reading.number(body, '', 'frequency_penalty', -2, 2),
    presencePenalty: reading.number(body, '', 'presence_penalty', -2, 2),
    seed: reading.whole(body, '', 'seed', Number.MIN_SAFE_INTEGER),
    stop: readStop(reading, body),
    choices: reading.whole(body, '', 'n', 1, CHOICES_MAX),
    logitBias: readLogitBias(reading, body),
    user: reading.text(body, '', 'user'),
  };
}

function readStop(reading: Reading, body: JsonObject): readonly string[] {
  const stop = body['stop'];
  if (typeof stop === 'string') return [stop];
  return reading.texts(reading.list(body, '', 'stop') ?? [], 'stop');
}

function readLogitBias(reading: Reading, body: JsonObject): Readonly<Record<string, number>> | null {
  const biases = reading.object(body, '', 'logit_bias');
  if (biases === null) return null;
  const read: [string, number][] = [];
  for (const token of Object.keys(biases)) {
    const bias = reading.number(biases, 'logit_bias', token, -100, 100);
    if (bias !== null) read.push([token, bias]);
  }
  return Object.fromEntries(read);
}

/** What stands in `stream_options` besides `include_usage` is kept for the provider's own family; null: nothing. */
export function readStreaming(
  reading: Reading,
  body: JsonObject,
): { isStream: boolean; wantsStreamUsage: boolean; extra: JsonObject | null } {
  const isStream = reading.flag(body, '', 'stream') ?? false;
  const options = reading.object(body, '', 'stream_options');
  if (options === null) return { isStream, wantsStreamUsage: false, extra: null };
  if (!isStream)
    reading.wrong('stream_options', '`stream_options` is for streams: leave it out, or set `stream` to true.');
  const { include_usage: _, include_obfuscation: padding, ...more } = options;
  // Padding against observers of lengths is off or on as the provider likes: it changes no answer.
  if (padding !== undefined) reading.flag(options, 'stream_options', 'include_obfuscation');
  const extra = Object.keys(more).length === 0 ? null : { stream_options: more };
  return { isStream, wantsStreamUsage: reading.flag(options, 'stream_options', 'include_usage') ?? false, extra };
}

export const EFFORTS: readonly ReasoningEffort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];
