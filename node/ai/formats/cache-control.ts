/** Anthropic's mark of what may be kept (prompt caching), which callers of compatible servers write in OpenAI's formats as well. Pure. */
import type { CacheMark } from '../chat/part.js';
import { isObject, type JsonObject, textOf } from '../json.js';
import { choice, type Reading, within } from './reading.js';

const TTLS = ['5m', '1h'] as const;

export function cacheControl(reading: Reading, from: JsonObject, at: string): CacheMark | null {
  const control = from['cache_control'];
  if (control === undefined || control === null) return null;
  const path = within(at, 'cache_control');
  if (!isObject(control) || textOf(control['type']) !== 'ephemeral') {
    reading.wrong(
      path,
      `\`${path}\` is not known: give it as \`{"type": "ephemeral"}\`, with a \`ttl\` of ${choice(TTLS)} or none.`,
    );
    return null;
  }
  return { ttl: reading.oneOf(control, path, 'ttl', TTLS) };
}
