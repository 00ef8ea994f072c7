/** Speech made of a text; the answer is sound, and passes as it is. Source: https://platform.openai.com/docs/api-reference/audio/createSpeech. Pure. */
import { bodyObject, Reading, unread } from '../formats/reading.js';
import { isObject, type JsonObject } from '../json.js';
import type { Read } from './read.js';

const FORMATS = ['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm'] as const;
export type SpeechFormat = (typeof FORMATS)[number];

export interface SpeechRequest {
  readonly model: string;
  readonly text: string;
  /** The name or the id of it. */
  readonly voice: string;
  readonly format: SpeechFormat | null;
  readonly speed: number | null;
  /** How it shall sound, in words. */
  readonly instructions: string | null;
  /** As events with base64 in them, not as sound. */
  readonly isEvents: boolean;
  /** Fields that have no place here, for providers of the same family. */
  readonly extra: JsonObject;
}

const known = new Set(['model', 'input', 'voice', 'response_format', 'speed', 'instructions', 'stream_format']);

export function readSpeech(unknownBody: unknown): Read<SpeechRequest> {
  const reading = new Reading();
  const body = bodyObject(reading, unknownBody);
  const voice = body['voice'];
  const request: SpeechRequest = {
    model: reading.name(body, '', 'model'),
    text: reading.name(body, '', 'input'),
    voice: isObject(voice) ? reading.name(voice, 'voice', 'id') : reading.name(body, '', 'voice'),
    format: reading.oneOf(body, '', 'response_format', FORMATS),
    speed: reading.number(body, '', 'speed', 0.25, 4),
    instructions: reading.text(body, '', 'instructions'),
    isEvents: reading.oneOf(body, '', 'stream_format', ['sse', 'audio']) === 'sse',
    extra: unread(body, known),
  };
  return reading.misread ?? request;
}

const mediaTypes: Readonly<Record<SpeechFormat, string>> = {
  mp3: 'audio/mpeg',
  opus: 'audio/ogg',
  aac: 'audio/aac',
  flac: 'audio/flac',
  wav: 'audio/wav',
  pcm: 'audio/pcm',
};

/** Of an answer whose provider does not say. OpenAI's own default is mp3. */
export function speechMediaType(format: SpeechFormat | null): string {
  return mediaTypes[format ?? 'mp3'];
}
