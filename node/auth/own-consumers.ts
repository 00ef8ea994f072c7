/** Who vouches for a consumer of the gateway's own list, by whichever credential of theirs. For others it is who has signed. */
export const OWN_CONSUMERS = '';

/** A consumer as keys have it. Of another's list, it is who it is only together with who vouches for it: an id of ours is no JSON. */
export function keyedConsumer(consumerId: string | null, vouchedBy: string): string | null {
  return consumerId === null || vouchedBy === OWN_CONSUMERS ? consumerId : JSON.stringify([consumerId, vouchedBy]);
}

/**
 * A consumer as controls are told of it, for people to read: `ada`, or `ada (issuer https://login.example)`. Whoever sees what a consumer of ours has
 * called is not to see what somebody has whom another calls so: no id of ours has a space. Empty: nobody.
 */
export function toldConsumer({ consumerId, vouchedBy }: { consumerId: string | null; vouchedBy: string }): string {
  return consumerId === null || vouchedBy === OWN_CONSUMERS ? (consumerId ?? '') : `${consumerId} (${vouchedBy})`;
}
