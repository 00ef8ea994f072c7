/** The real world of access tokens: node's signatures, and one request to Google in an hour. An edge. */
import { createPrivateKey, sign } from 'node:crypto';
import type { Clock } from '../../time/clock.js';
import type { GoogleOutside } from './access-tokens.js';

/** A token has a kilobyte or two. */
const ANSWER_BYTES_MAX = 64 * 1024;

export function googleOutside(clock: Clock): GoogleOutside {
  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    signer(pem) {
      const key = createPrivateKey(pem);
      if (key.asymmetricKeyType !== 'rsa') throw new Error('it is no RSA key');
      return (text) => sign('RSA-SHA256', Buffer.from(text), key);
    },
    async exchange({ url, body }, timeoutMs) {
      try {
        // Loaded here, for few nodes have an account.
        const { request } = await import('undici');
        // One limit for all of it. Redirects are not followed: the signed claim is for this place and no other.
        const answer = await request(url, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
          body,
          signal: AbortSignal.timeout(timeoutMs),
          reset: true, // asked once in an hour
        });
        const chunks: Buffer[] = [];
        let bytes = 0;
        for await (const chunk of answer.body) {
          bytes += chunk.byteLength;
          if (bytes > ANSWER_BYTES_MAX) return null;
          chunks.push(chunk);
        }
        return { status: answer.statusCode, body: Buffer.concat(chunks).toString('utf8') };
      } catch {
        // Refused, too slow, broken off: all the same to whoever waits for a token.
        return null;
      }
    },
  };
}
