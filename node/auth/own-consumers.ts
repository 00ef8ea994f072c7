/** Who vouches for a consumer of the gateway's own list, by whichever credential of theirs. For others it is who has signed. */
export const OWN_CONSUMERS = '';
