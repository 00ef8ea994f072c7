/**
 * What becomes of requests that are made of one (parts of compositions, items of batches), and of those that are put together; the names
 * are public, they are labels of one metric.
 */
export const joinings = [
  'part_ok',
  'part_failed',
  'part_skipped',
  'item_ok',
  'item_failed',
  'coalesced',
  'coalesced_missing',
  'coalesced_failed',
  'coalesced_again',
  'coalesce_request',
] as const;
export type Joining = (typeof joinings)[number];
