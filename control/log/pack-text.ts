/** Texts of configs, deflated: a config of 1 MiB has to fit into a message. An edge, for the platform's zlib. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { sourceBytesMax } from '@weir/proto/config/yaml-source.js';

export function packText(text: string): { readonly text: Uint8Array; readonly textBytes: number } {
  const bytes = Buffer.from(text, 'utf8');
  return { text: new Uint8Array(deflateRawSync(bytes)), textBytes: bytes.length };
}

/** Null for what is no such text, or would be longer than a config may be. */
export function unpackText(packed: Uint8Array): string | null {
  try {
    const bytes = inflateRawSync(packed, { maxOutputLength: sourceBytesMax });
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
