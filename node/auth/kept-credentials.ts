/**
 * The consumers' credentials from one snapshot to the next: one object, which answers by the consumers in force. Chains hold it for as long
 * as they go on, so a key that is revoked among a hundred thousand changes its place in the index, and no chain.
 *
 *   prepare ──▶ what differs, or another index ──▶ put in force with the snapshot   (or forgotten with it)
 */
import type { ConsumerSpec } from '@weir/proto/snapshot/snapshot.js';
import { atOnce, type Work } from '../time/slices.js';
import { ConsumerIndex, comparingConsumers } from './consumer-index.js';
import { type CredentialFunctions, type Credentials, credentialsOf, indexing } from './credentials.js';

export class KeptCredentials {
  readonly inForce: Credentials;
  readonly #functions: CredentialFunctions;
  #consumers: readonly ConsumerSpec[] = [];
  #index = atOnce(ConsumerIndex.building([]));

  constructor(functions: CredentialFunctions) {
    this.#functions = functions;
    this.inForce = credentialsOf(() => this.#index, functions);
  }

  /** What puts them in force, between two requests. Throws when a consumer's hash can't be read. */
  *preparing(consumers: readonly ConsumerSpec[]): Work<() => void> {
    const former = this.#index;
    const change = yield* comparingConsumers(this.#consumers, consumers);
    const isSmall = former.takes(change);
    const built = isSmall ? null : yield* indexing(consumers, this.#functions);
    return () => {
      this.#consumers = consumers;
      if (built !== null) this.#index = built;
      else if (change.gone.length + change.come.length > 0) this.#index = former.changed(change);
    };
  }
}
