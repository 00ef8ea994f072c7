/**
 * Reasoning items. What a model lets be seen is the summary, for that is what clients show; what has to come back unchanged (a
 * signature, or hidden reasoning) is `encrypted_content`, which clients send back with the next request. A signature without
 * any text is marked, or it would be taken for hidden reasoning. Pure.
 */
import type { ReasoningPart } from '../../chat/part.js';
import { type JsonObject, textOf } from '../../json.js';
import { type Reading, within } from '../reading.js';

const SIGNED_ONLY = 'signed:';

export function reasoningOf(reading: Reading, item: JsonObject, at: string): readonly ReasoningPart[] {
  const texts = (name: string): string =>
    reading
      .objects(reading.list(item, at, name) ?? [], within(at, name))
      .map(({ object }) => textOf(object['text']) ?? '')
      .join('');
  const text = texts('content') || texts('summary');
  const encrypted = reading.text(item, at, 'encrypted_content');
  if (encrypted === null || encrypted === '') {
    return text === '' ? [] : [{ kind: 'reasoning', text, signature: null, redacted: null }];
  }
  if (text !== '') return [{ kind: 'reasoning', text, signature: encrypted, redacted: null }];
  return encrypted.startsWith(SIGNED_ONLY)
    ? [{ kind: 'reasoning', text, signature: encrypted.slice(SIGNED_ONLY.length), redacted: null }]
    : [{ kind: 'reasoning', text, signature: null, redacted: encrypted }];
}

export function encryptedOf(text: string, signature: string | null): string | null {
  return text === '' && signature !== null ? SIGNED_ONLY + signature : signature;
}
