/** Content parts of a message as OpenAI's chat completions carry them (API reference, "Create chat completion"). Pure. */
import type { Part } from '../chat/part.js';
import type { JsonObject } from '../json.js';

/** A part in OpenAI's words, or why there are none for it, as a sentence whose subject is the provider. */
export function writeContentPart(part: Part): JsonObject | string {
  switch (part.kind) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'refusal':
      return { type: 'refusal', refusal: part.text };
    case 'image': {
      const { source, detail } = part;
      if (source.kind === 'file') return 'takes images by URL or as base64, not by the id of a file';
      const url = source.kind === 'url' ? source.url : dataUrl(source.mediaType, source.base64);
      return { type: 'image_url', image_url: { url, ...(detail === null ? {} : { detail }) } };
    }
    case 'document': {
      const { source, name } = part;
      if (source.kind === 'text') return { type: 'text', text: source.text };
      if (source.kind === 'url') return 'takes documents as base64 or by the id of a file, not by URL';
      if (source.kind === 'file') return { type: 'file', file: { file_id: source.id } };
      const filename = name ?? 'document';
      return { type: 'file', file: { filename, file_data: dataUrl(source.mediaType, source.base64) } };
    }
    case 'audio':
      return { type: 'input_audio', input_audio: { data: part.base64, format: part.format } };
    default:
      return `has no place for a part of the kind ${part.kind} in the content of a message`;
  }
}

export function dataUrl(mediaType: string, base64: string): string {
  return `data:${mediaType};base64,${base64}`;
}
