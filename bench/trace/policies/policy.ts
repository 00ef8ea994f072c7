/** What decides about the bytes of a cache, as it is replayed: nothing is stored but keys and sizes. */

export interface Policy {
  /** One request: true when it was a hit; otherwise the object is offered to the cache, which may keep it. */
  ask(key: string, bytes: number): boolean;
  /** Of what is kept, never more than the policy was made for. */
  readonly bytes: number;
}

export type MakePolicy = (bytesMax: number) => Policy;
