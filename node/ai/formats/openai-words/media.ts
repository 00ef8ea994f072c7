/** Images and files as both of OpenAI's formats say them: an address, or the content itself in a data URL (RFC 2397). Pure. */
import type { CacheMark, MediaSource } from '../../chat/part.js';
import type { JsonObject } from '../../json.js';
import { cacheControl } from '../cache-control.js';
import type { Reading } from '../reading.js';

/** `gs` and `s3` are read by the clouds whose they are; any other scheme no provider could follow. */
const SCHEMES = /^(?:https?|gs|s3):\/\//i;

export function mediaSource(reading: Reading, url: string, path: string): MediaSource {
  const carried = dataUrl(url);
  if (carried !== null) return { kind: 'base64', ...carried };
  if (!SCHEMES.test(url)) {
    const ways = 'an `https://` address, or the content as `data:image/png;base64,…`';
    reading.wrong(path, `\`${path}\` is no address that a model could read: give it as ${ways}.`);
  }
  return { kind: 'url', url };
}

/** Null: it is no data URL with base64 in it. */
export function dataUrl(url: string): { readonly mediaType: string; readonly base64: string } | null {
  if (!url.slice(0, 5).toLowerCase().startsWith('data:')) return null;
  const comma = url.indexOf(',');
  const [mediaType = '', ...parameters] = url.slice(5, Math.max(comma, 5)).toLowerCase().split(';');
  if (comma === -1 || mediaType === '' || parameters.at(-1)?.trim() !== 'base64') return null;
  return { mediaType: mediaType.trim(), base64: url.slice(comma + 1) };
}

const DETAILS = ['auto', 'low', 'high'] as const;
export type Detail = (typeof DETAILS)[number];

export function imageDetail(reading: Reading, from: JsonObject, at: string): Detail | null {
  return reading.oneOf(from, at, 'detail', DETAILS);
}

/**
 * What comes up to here may be kept: OpenAI's own `prompt_cache_breakpoint`, or Anthropic's `cache_control`, which callers of
 * compatible servers write in this format as well.
 */
export function cacheMark(reading: Reading, from: JsonObject, at: string): CacheMark | null {
  const breakpoint = reading.object(from, at, 'prompt_cache_breakpoint');
  return cacheControl(reading, from, at) ?? (breakpoint === null ? null : { ttl: null });
}
