/** Fetches the key set of an issuer over HTTP. An edge: the one place of node/auth that opens connections. */
import type { FetchJwks } from './jwks.js';

/** Key sets have a few kilobytes; an answer beyond this is not one. */
const ANSWER_BYTES_MAX = 256 * 1024;

export const fetchJwks: FetchJwks = async (url, timeoutMs) => {
  try {
    // Loaded here, for few nodes have an issuer to ask.
    const { request } = await import('undici');
    // One limit for all of it. Redirects are not followed: keys come from where the configuration says, or not at all.
    const answer = await request(url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      signal: AbortSignal.timeout(timeoutMs),
      reset: true, // asked once in minutes: a connection kept open would only be found closed by then
    });
    if (answer.statusCode !== 200) {
      answer.body.on('error', () => {}); // What becomes of an answer that nobody wants is of no interest.
      answer.body.destroy();
      return null;
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer.body) {
      bytes += chunk.byteLength;
      if (bytes > ANSWER_BYTES_MAX) return null;
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    // Refused, too slow, broken off, not JSON: to the caller it is all the same, the keys could not be had.
    return null;
  }
};
