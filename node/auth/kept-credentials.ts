/** The consumers' credentials from one snapshot to the next: the same object for as long as the snapshots have the same consumers. */
import type { ConsumerSpec } from '@weir/proto/snapshot/snapshot.js';
import { comparing, type Work } from '../time/slices.js';
import { type CredentialFunctions, type Credentials, compilingCredentials } from './credentials.js';

export class KeptCredentials {
  readonly #functions: CredentialFunctions;
  #inForce: { readonly consumers: readonly ConsumerSpec[]; readonly credentials: Credentials } | null = null;

  constructor(functions: CredentialFunctions) {
    this.#functions = functions;
  }

  /** Throws when a consumer's hash can't be read. */
  *compiling(consumers: readonly ConsumerSpec[]): Work<Credentials> {
    const former = this.#inForce;
    if (former !== null && (yield* comparing(former.consumers, consumers))) return former.credentials;
    return yield* compilingCredentials(consumers, this.#functions);
  }

  use(consumers: readonly ConsumerSpec[], credentials: Credentials): void {
    this.#inForce = { consumers, credentials };
  }
}
