/** Images made after a text. Source: https://platform.openai.com/docs/api-reference/images/create. Pure. */
import { bodyObject, Reading, unread } from '../formats/reading.js';
import type { JsonObject } from '../json.js';
import type { Read } from './read.js';

export interface ImagesRequest {
  /** Null: whichever the route has. */
  readonly model: string | null;
  readonly prompt: string;
  readonly count: number | null;
  /** `1024x1024`, `auto`, or whatever else the model knows. */
  readonly size: string | null;
  readonly quality: string | null;
  readonly wants: 'url' | 'base64' | null;
  readonly user: string | null;
  /** As events, with so many unfinished ones first as `partials` says. */
  readonly isStream: boolean;
  readonly partials: number | null;
  /** Fields that have no place here, for providers of the same family. */
  readonly extra: JsonObject;
}

export interface Images {
  readonly createdS: number;
  readonly images: readonly {
    readonly content:
      | { readonly kind: 'url'; readonly url: string }
      | { readonly kind: 'base64'; readonly base64: string };
    /** The prompt as the provider has changed it. */
    readonly revisedPrompt: string | null;
  }[];
  readonly tokens: { readonly input: number; readonly output: number } | null;
}

/** As many as OpenAI makes at once. */
const COUNT_MAX = 10;
const PARTIALS_MAX = 3;
const known = new Set([
  ...['model', 'prompt', 'n', 'size', 'quality', 'response_format', 'user', 'stream', 'partial_images'],
]);

export function readImages(unknownBody: unknown): Read<ImagesRequest> {
  const reading = new Reading();
  const body = bodyObject(reading, unknownBody);
  const format = reading.oneOf(body, '', 'response_format', ['url', 'b64_json']);
  const request: ImagesRequest = {
    model: reading.text(body, '', 'model'),
    prompt: reading.name(body, '', 'prompt'),
    count: reading.whole(body, '', 'n', 1, COUNT_MAX),
    size: reading.text(body, '', 'size'),
    quality: reading.text(body, '', 'quality'),
    wants: format === 'b64_json' ? 'base64' : format,
    user: reading.text(body, '', 'user'),
    isStream: reading.flag(body, '', 'stream') ?? false,
    partials: reading.whole(body, '', 'partial_images', 0, PARTIALS_MAX),
    extra: unread(body, known),
  };
  return reading.misread ?? request;
}

export function imagesAnswer({ createdS, images, tokens }: Images): JsonObject {
  return {
    created: createdS,
    data: images.map(({ content, revisedPrompt }) => ({
      ...(content.kind === 'url' ? { url: content.url } : { b64_json: content.base64 }),
      ...(revisedPrompt === null ? {} : { revised_prompt: revisedPrompt }),
    })),
    ...(tokens === null ? {} : { usage: usageWords(tokens) }),
  };
}

function usageWords({ input, output }: { readonly input: number; readonly output: number }): JsonObject {
  return { input_tokens: input, output_tokens: output, total_tokens: input + output };
}
