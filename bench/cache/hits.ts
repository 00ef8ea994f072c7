/** Whether what is measured are hits: the origin counts what it is asked, and must not be asked. */
import { parseOriginRequests } from './origin-status.js';
import { STATUS_PATH } from './peers.js';

export class OriginCount {
  readonly #url: string;
  /** Questions for the count itself, which the origin counts as well. */
  #own = 0;

  constructor(originPort: number) {
    this.#url = `http://127.0.0.1:${originPort}${STATUS_PATH}`;
  }

  /** What the origin was asked, by others than us. */
  async read(): Promise<number> {
    const response = await fetch(this.#url);
    const text = await response.text();
    this.#own += 1;
    return parseOriginRequests(text) - this.#own;
  }
}
