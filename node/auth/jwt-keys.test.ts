import { expect, it } from 'vitest';
import { createJwtKeyStore } from './jwt-keys.js';

const never = (): never => {
  throw new Error('nobody asks for it');
};

it('a secret that can be guessed is refused, without a word of it', () => {
  const keysOf = (secret: string) =>
    createJwtKeyStore({ fetchJwks: never, nowMs: () => 0, publicKeyOfPem: never, reveal: () => secret })({
      kind: 'secret',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference, as in a config
      secret: '${SECRET}',
    });
  expect(() => keysOf('hunter2')).toThrow(/^the secret of jwt has 7 bytes, and 32 are needed; draw one with: openssl/);
  expect(keysOf('s'.repeat(32)).family).toBe('symmetric');
});
