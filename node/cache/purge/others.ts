/** The other nodes of a cluster, as the cache of this one reaches them. */
import type { InspectedUrl } from '../inspection.js';

export interface PurgedByAll {
  /** Those that have acknowledged it, or can't serve it any more. */
  readonly nodes: readonly string[];
  /** Who may still serve it, and why. Empty: nobody. */
  readonly missing: readonly { readonly node: string; readonly reason: string }[];
}

export interface OtherNodes {
  /** A client's PURGE, on all nodes. Never rejects, and ends within that time. */
  purge(url: InspectedUrl, isSoft: boolean, withinMs: number): Promise<PurgedByAll>;
  /** A client has changed what is at this URL: told behind the answer, in batches and without a promise. */
  changed(url: InspectedUrl): void;
}
