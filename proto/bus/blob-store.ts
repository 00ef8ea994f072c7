/**
 * Where snapshots are kept for whoever has to fetch them: bytes under the name of their hash, written once. No call rejects for a
 * reason that lies outside of this process.
 */

export interface BlobStore {
  /** `stored`: it can be had under that name from now on. `refused`: larger than may be, or not allowed. */
  put(name: string, bytes: Uint8Array): Promise<'stored' | 'away' | 'refused'>;
  /** Null: there is none of that name, or it can't be had now. */
  get(name: string): Promise<Uint8Array | null>;
  close(): Promise<void>;
}
