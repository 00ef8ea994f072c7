/** What is compared: what gives up what when the bytes are used up. */
import { chosenTerms } from '@weir/node/cache/store/tiny-lfu.js';
import { Lru } from './policies/lru.js';
import type { MakePolicy } from './policies/policy.js';
import { S3Fifo } from './policies/s3-fifo.js';
import { Sieve } from './policies/sieve.js';
import { TinyLfuPolicy } from './policies/tiny-lfu.js';

/** So much that bytes don't matter beside it. */
const REQUESTS_ALONE_BYTES = 2 ** 40;

/** `weir` is what a node does: `node/cache/store/tiny-lfu.ts` with the terms that it has there. */
export const policies = {
  lru: (bytesMax) => new Lru(bytesMax),
  sieve: (bytesMax) => new Sieve(bytesMax),
  's3-fifo': (bytesMax) => new S3Fifo(bytesMax),
  // An admission filter in front of one LRU queue, as the paper has it first.
  'tinylfu+lru': (bytesMax) => new TinyLfuPolicy(bytesMax, { ...chosenTerms, windowShare: 0, protectedShare: 0 }),
  // As often as it is asked for, each by itself, and larger ones must be worth all that goes for them.
  'w-tinylfu': (bytesMax) => new TinyLfuPolicy(bytesMax, { ...chosenTerms, requestBytes: REQUESTS_ALONE_BYTES }),
  weir: (bytesMax) => new TinyLfuPolicy(bytesMax, chosenTerms),
} satisfies Record<string, MakePolicy>;

export type PolicyName = keyof typeof policies;

/** Each of them is a key of the object above, and nothing else is. */
export const policyNames = Object.keys(policies) as readonly PolicyName[];
