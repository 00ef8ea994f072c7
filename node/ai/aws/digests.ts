/** The real functions behind signatures: node's cryptography. An edge. */
import { createHash, createHmac } from 'node:crypto';
import type { Digests } from './sigv4.js';

export const digests: Digests = {
  sha256: (data) => createHash('sha256').update(data).digest('hex'),
  hmacSha256: (key, text) => createHmac('sha256', key).update(text).digest(),
};
