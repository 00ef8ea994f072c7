/**
 * Who is at the other end of a connection, as text. The library is asked at each request, since it does not say which
 * connection a request came by; that is a system call and a buffer, 6 % of what a small proxied answer costs. Behind one
 * balancer or sidecar all open connections have one address, which is then known without asking.
 *
 * Owns what is known of the addresses of open connections.
 */
import type { HttpResponse } from 'uWebSockets.js';
import { addressTexts } from './address-text.js';

export class PeerAddresses {
  readonly #text = addressTexts();
  /** The address of all open connections; empty: there were none; null: there are several, or one is not known. */
  #sole: string | null = '';

  /** Of a connection that was just accepted; `open`: how many there are now, with this one. */
  accepted(res: HttpResponse, open: number): string {
    const address = this.#text(res.getRemoteAddress());
    if (open === 1) this.#sole = '';
    // A connection that is gone already tells no address, but may have brought a request.
    if (address === '' || (this.#sole !== '' && this.#sole !== address)) this.#sole = null;
    else if (this.#sole === '') this.#sole = address;
    return address;
  }

  /** Of the connection of a request. */
  of(res: HttpResponse): string {
    return this.#sole === null || this.#sole === '' ? this.#text(res.getRemoteAddress()) : this.#sole;
  }

  /** As a PROXY header reports it; empty where there was none. */
  proxied(res: HttpResponse): string {
    return this.#text(res.getProxiedRemoteAddress());
  }
}
