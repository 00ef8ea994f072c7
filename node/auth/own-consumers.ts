/** Who vouches for a consumer of the gateway's own list, by whichever credential of theirs. For others it is who has signed. */
export const OWN_CONSUMERS = '';

/** A consumer as keys have it. Of another's list, it is who it is only together with who vouches for it: an id of ours is no JSON. */
export function keyedConsumer(consumerId: string | null, vouchedBy: string): string | null {
  return consumerId === null || vouchedBy === OWN_CONSUMERS ? consumerId : JSON.stringify([consumerId, vouchedBy]);
}
