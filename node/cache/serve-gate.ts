/**
 * Whether what is stored may be served now. A node by itself always may. One of a cluster may while it follows the purge log
 * (`cluster/purge-driver.ts`): a node that is cut off can't know what was purged meanwhile, so everything that it has stored is then
 * validated with its origin before it is used, stands in for nothing, and what others are fetching is not waited for, since that
 * may have been asked for before a purge as well. Owns how often that happened.
 */
export class ServeGate {
  /** Requests for which there was a stored answer that might not be used as it was. */
  withheld = 0;
  #ask: () => boolean = () => true;

  get isOpen(): boolean {
    return this.#ask();
  }

  /** From now on whoever follows the log is asked. */
  use(ask: () => boolean): void {
    this.#ask = ask;
  }
}
