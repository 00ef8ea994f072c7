/**
 * How much is asked for by what is no chat, before it is asked, and what it took where its provider has said nothing. What is not text is
 * guessed by its length, and rather too high: budgets hold it only until the provider's own figures come. Pure.
 */
import type { MeteredEnd } from '../../budget/metered.js';
import { type CountTokens, extrapolated } from '../../budget/token-count.js';
import type { Usage } from '../../chat/chat-answer.js';
import { isObject, type JsonObject, numberOf } from '../../json.js';

export interface PlainSize {
  readonly input: number;
  /** Null: whatever answers of the model took of late. */
  readonly output: number | null;
}

export type SizeOf = (count: CountTokens) => PlainSize;

/** Of all texts together, characters that are kept to be counted. */
const SAMPLE_MAX = 4_096;
/** An image in high quality at OpenAI ("Image generation", cost and latency), and one that is looked at. */
const DRAWN_TOKENS = 4_160;
const IMAGE_TOKENS = 1_000;
/** An unfinished image at OpenAI ("Image generation", partial images cost). */
const PARTIAL_TOKENS = 100;
/** Sound that is made from a token of text: 1,250 tokens a minute, in which 225 are read. */
const SOUND_FOR_TEXT = 6;
/** Sound in a form: a tenth of a second, of MP3 at 64 kbit/s. Three in ten of them are a token of text. */
const BYTES_PER_SOUND_TOKEN = 800;
const TEXT_FOR_SOUND = 0.3;

export function textTokens(texts: Iterable<string>, count: CountTokens): number {
  let [sample, length] = ['', 0];
  for (const text of texts) {
    const apart = length === 0 ? '' : ' ';
    length += apart.length + text.length;
    if (sample.length < SAMPLE_MAX) sample += apart + text.slice(0, SAMPLE_MAX - sample.length);
  }
  return extrapolated(sample, length, count);
}

export const textsSize =
  (texts: readonly string[], more = 0): SizeOf =>
  (count) => ({ input: textTokens(texts, count) + more, output: 0 });

/** Each is told to the model in its own tokens. */
export const tokensSize =
  (lists: readonly (readonly number[])[]): SizeOf =>
  () => ({ input: lists.reduce((sum, list) => sum + list.length, 0), output: 0 });

/** `partials`: unfinished ones of each; `given`: those that are edited. */
export const imagesSize =
  (prompt: string, images: number, partials: number, given = 0): SizeOf =>
  (count) => ({
    input: textTokens([prompt], count) + given * IMAGE_TOKENS,
    output: images * (DRAWN_TOKENS + partials * PARTIAL_TOKENS),
  });

export const moderationSize = (inputs: readonly (readonly { readonly kind: string; readonly text?: string }[])[]) => {
  const parts = inputs.flat();
  const texts = parts.flatMap(({ text }) => text ?? []);
  return textsSize(texts, (parts.length - texts.length) * IMAGE_TOKENS);
};

/** The question goes with each of the documents. */
export const rerankSize =
  (query: string, documents: readonly string[]): SizeOf =>
  (count) => ({ input: textTokens([query], count) * documents.length + textTokens(documents, count), output: 0 });

export const speechSize =
  (texts: readonly string[]): SizeOf =>
  (count) => {
    const input = textTokens(texts, count);
    return { input, output: input * SOUND_FOR_TEXT };
  };

export const soundSize =
  (bytes: number): SizeOf =>
  () => {
    const input = Math.ceil(bytes / BYTES_PER_SOUND_TOKEN);
    return { input, output: Math.ceil(input * TEXT_FOR_SOUND) };
  };

/** Of a body in a provider's own API. What is no JSON is a form with a file in it. */
export function nativeSize(path: string, body: unknown, bytes: number): SizeOf {
  if (!isObject(body)) return soundSize(bytes);
  return (count) => {
    const { texts, tokens } = saidIn(body);
    return { input: textTokens(texts, count) + tokens, output: EMBEDS.test(path) ? 0 : outputMax(body) };
  };
}

const EMBEDS = /embed/i;
/** What is counted, or listed, has no price anywhere. */
const FREE = /(?:\/count_tokens|:countTokens|\/tokenize)$/;

/** Null where nothing is paid for: what is only looked up, and counts. */
export function nativeSizeOrFree(path: string, body: unknown, bytes: number): SizeOf | null {
  return bytes === 0 || FREE.test(path) ? null : nativeSize(path, body, bytes);
}

/** Longer than words are, and of the letters of base64. */
const DATA = /^(?:data:|[A-Za-z0-9+/_=-]{1024})/;

function saidIn(body: JsonObject): { readonly texts: readonly string[]; readonly tokens: number } {
  const texts: string[] = [];
  let tokens = 0;
  const open: unknown[] = [body];
  // Not by recursion: callers nest as deep as they like.
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value === 'string') {
      if (DATA.test(value)) tokens += IMAGE_TOKENS;
      else texts.push(value);
    } else if (Array.isArray(value)) {
      for (const one of value) {
        if (typeof one === 'number') tokens += 1;
        else open.push(one ?? false);
      }
    } else if (isObject(value)) {
      for (const [key, one] of Object.entries(value)) {
        texts.push(key);
        open.push(one ?? false);
      }
    }
  }
  return { texts, tokens };
}

const BOUNDS = ['max_output_tokens', 'max_completion_tokens', 'max_tokens', 'maxOutputTokens', 'maxTokens'];
const WITHIN = ['generationConfig', 'inferenceConfig', 'generation_config', 'options'];

function outputMax(body: JsonObject): number | null {
  const places = [body, ...WITHIN.map((name) => body[name])].filter(isObject);
  const found = (names: readonly string[]): number[] =>
    places.flatMap((place) => names.map((name) => numberOf(place[name]) ?? 0)).filter((value) => value > 0);
  const bound = found([...BOUNDS, 'num_predict', 'max_tokens_to_sample'])[0];
  return bound === undefined ? null : Math.ceil(bound * Math.max(1, ...found(['n', 'candidateCount'])));
}

export interface Heard {
  /** As the provider has said. */
  readonly told: Usage | null;
  /** Tokens of content that passed; null: nobody can tell by its bytes. */
  readonly tokens: number | null;
  /** Something has passed to the client. */
  readonly hasBegun: boolean;
}

/** Null: nobody has worked for it. `output`: of an answer as it is usual. */
export function plainUsage(
  end: MeteredEnd,
  { told, tokens, hasBegun }: Heard,
  sizeOf: () => { readonly input: number; readonly output: number },
): Usage | null {
  // Figures of a stream that was cut are those of its begin (Anthropic): what was written since is counted.
  if (told !== null)
    return end === 'whole' || (tokens ?? 0) <= told.output ? told : { ...told, output: tokens ?? 0, isEstimated: true };
  const hasSaid = hasBegun || (tokens ?? 0) > 0;
  if (end === 'refused' && !hasSaid) return null;
  const { input, output } = sizeOf();
  const usual = end === 'whole' || hasSaid ? output : 0;
  return { input, output: tokens ?? usual, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: true };
}
