/**
 * Where snapshots are kept for whoever has to fetch them: bytes under the name of their hash, written once. No call rejects for a
 * reason that lies outside of this process.
 */

/**
 * `stored`: it can be had under that name from now on. `refused`: larger than may be. `away`: not now, or no longer; the detail is the
 * store's own word, such as that it is full.
 */
export type BlobFate = 'stored' | { readonly why: 'away' | 'refused'; readonly detail: string };

export interface BlobStore {
  put(name: string, bytes: Uint8Array): Promise<BlobFate>;
  /** Null: there is none of that name, or it can't be had now. */
  get(name: string): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

/** As those have it who write there, and tidy up. */
export interface BlobShelf extends BlobStore {
  /** Of all that are there; null: that can't be known now. */
  names(): Promise<readonly string[] | null>;
  /** False: it may still be there. */
  remove(name: string): Promise<boolean>;
}
