/**
 * Secrets of teams as the registry's log keeps them: AES-256-GCM under the key of the controls, with the id of the secret bound to it, so that
 * what was sealed for one name can't be put in another's place. A nonce of 96 bits is drawn for each, which is safe for some four
 * thousand million of them under one key (NIST SP 800-38D §8.3).
 *
 *     v1.NONCE.CIPHERTEXT.TAG      in base64url
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';

export interface Sealing {
  /** `id`: `TEAM/NAME`. */
  seal(id: string, text: string): string;
  /** Null: it was sealed under another key or for another name, or is damaged. */
  open(id: string, sealed: string): string | null;
}

export function sealingWith(key: Uint8Array): Sealing {
  if (key.length !== KEY_BYTES) throw new Error(`a key for secrets has ${KEY_BYTES} bytes, not ${key.length}`);
  return {
    seal(id, text) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(boundTo(id));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return [VERSION, ...[nonce, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url'))].join('.');
    },
    open(id, text) {
      const [version, ...parts] = text.split('.');
      const [nonce, sealed, tag] = parts.map((part) => Buffer.from(part, 'base64url'));
      if (version !== VERSION || parts.length !== 3 || !nonce || !sealed || !tag) return null;
      // A shorter tag would be believed, and is guessed sooner.
      if (nonce.length !== NONCE_BYTES || tag.length !== TAG_BYTES) return null;
      try {
        const cipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(boundTo(id)).setAuthTag(tag);
        return Buffer.concat([cipher.update(sealed), cipher.final()]).toString('utf8');
      } catch {
        return null;
      }
    },
  };
}

function boundTo(id: string): Buffer {
  return Buffer.from(`weir secret ${id}`);
}
