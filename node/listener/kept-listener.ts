/**
 * The listener of a node from one snapshot to the next: the first one opens it, later ones change what can be changed while it is open. Its
 * address and whether it speaks TLS stay as they were at the start. Owns which listener there is.
 */
import type { GatewaySpec } from '@weir/proto/snapshot/gateway.js';
import type { BoundAddress, Listener, ServedCertificate } from './listener.js';

interface Open {
  readonly listener: Listener;
  readonly bound: BoundAddress;
}

export class KeptListener {
  readonly #make: (gateway: GatewaySpec) => Listener;
  #open: Open | null = null;
  /** Of the snapshot in force; null before the first. */
  #gateway: GatewaySpec | null = null;

  constructor(make: (gateway: GatewaySpec) => Listener) {
    this.#make = make;
  }

  /** Null before the first snapshot. */
  get bound(): BoundAddress | null {
    return this.#open?.bound ?? null;
  }

  get connections(): number {
    return this.#open?.listener.connections ?? 0;
  }

  get exchanges(): number {
    return this.#open?.listener.exchanges ?? 0;
  }

  /** Infinity where none is open. */
  get oldestExchangeAtMs(): number {
    return this.#open?.listener.oldestExchangeAtMs ?? Number.POSITIVE_INFINITY;
  }

  get certificates(): readonly ServedCertificate[] {
    return this.#open?.listener.certificates ?? [];
  }

  /** Rejects when it can't open its port or use a certificate; then it goes on as it was. */
  async takeOver(gateway: GatewaySpec): Promise<void> {
    if (this.#open === null) {
      const listener = this.#make(gateway);
      this.#open = { listener, bound: await listener.start() };
    } else this.#change(this.#open, gateway);
    this.#gateway = gateway;
  }

  /** Limits first, for an app with new certificates is made with them; both in one turn, so no request sees half. */
  #change({ listener, bound }: Open, gateway: GatewaySpec): void {
    listener.update(gateway);
    try {
      if (gateway.tls !== null && bound.scheme === 'https') listener.reloadCertificates(gateway.tls);
    } catch (error) {
      if (this.#gateway !== null) listener.update(this.#gateway);
      throw error;
    }
  }

  async drain(limitMs: number): Promise<{ readonly cut: number }> {
    return (await this.#open?.listener.drain(limitMs)) ?? { cut: 0 };
  }

  close(): void {
    this.#open?.listener.close();
  }
}
