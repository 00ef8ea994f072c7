/**
 * The node of `weir up`, from the moment its first snapshot is known: the process is started with that snapshot's limits
 * and on addresses that are free. Owns which supervisor is in charge; a node that never served anything can be discarded,
 * so that another snapshot gets a process of its own.
 */
import { fileURLToPath } from 'node:url';
import {
  CLUSTER_DEFAULT,
  CLUSTER_VARIABLE,
  ID_VARIABLE,
  METRICS_VARIABLE,
  NATS_VARIABLE,
  REDIS_VARIABLE,
} from '@weir/node/process/settings.js';
import { type Address, formatAddress } from '@weir/proto/bus/address.js';
import type { Broker } from '@weir/proto/bus/broker.js';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import type { GatewaySpec } from '@weir/proto/snapshot/snapshot.js';
import { whyNotFree } from './port-owner.js';
import { headBufferBytes, restartNeeded } from './restart-needed.js';
import { type Delivery, type End, Supervisor } from './supervisor.js';

/** The start failed for a reason that the operator has been, or is by its message, told. */
export class StartFailed extends Error {}

export interface EmbeddedNodeOptions {
  readonly admin: Address;
  readonly metrics: Address;
  /** URL of the Redis that nodes share, its secrets as `${NAME}`; null for none. */
  readonly redis: string | null;
  /** The bus of this process, which its node takes part in. */
  readonly broker: Broker;
  readonly say: (text: string) => void;
}

interface Booted {
  readonly supervisor: Supervisor;
  /** What the process was started with. */
  readonly gateway: GatewaySpec;
  readonly ended: Promise<End>;
}

export class EmbeddedNode {
  readonly #options: EmbeddedNodeOptions;
  #booted: Booted | null = null;
  #inForce: GatewaySpec | null = null;

  constructor(options: EmbeddedNodeOptions) {
    this.#options = options;
  }

  /** Hands the node a snapshot; the first one starts it. Rejects with StartFailed when an address is taken. */
  async deliver(offer: SnapshotOffer, gateway: GatewaySpec): Promise<Delivery> {
    this.#booted ??= await this.#boot(gateway);
    const delivery = await this.#booted.supervisor.deliver(offer);
    if (delivery.ok) this.#inForce = gateway;
    else
      void delivery.late?.then((isApplied) => {
        if (isApplied) this.#inForce = gateway;
      });
    return delivery;
  }

  /** Settings of a gateway that wait for a restart, since the process was started with others. */
  restartNeeded(gateway: GatewaySpec): readonly string[] {
    return this.#booted === null ? [] : restartNeeded(this.#booted.gateway, gateway);
  }

  /** Ends a process that has nothing to serve, at once; the next snapshot starts another. */
  async discard(): Promise<void> {
    if (this.#booted === null) return;
    const { supervisor, ended } = this.#booted;
    this.#booted = null;
    // Asked to stop first: a process that merely died would be started again.
    supervisor.stop();
    supervisor.kill();
    await ended;
  }

  /** The node that serves; throws before there is one. */
  get running(): Booted & { readonly inForce: GatewaySpec } {
    if (this.#booted === null || this.#inForce === null) throw new Error('no node serves yet');
    return { ...this.#booted, inForce: this.#inForce };
  }

  /** Null at the first start. */
  #startedAgain(): GatewaySpec | null {
    const [booted, gateway] = [this.#booted, this.#inForce];
    if (booted === null || gateway === null) return null;
    for (const setting of restartNeeded(booted.gateway, gateway))
      this.#options.say(`the new node process takes over what waited for a restart: ${setting}`);
    this.#booted = { ...booted, gateway };
    return gateway;
  }

  async #boot(gateway: GatewaySpec): Promise<Booted> {
    const { admin, metrics, redis, broker, say } = this.#options;
    assertDistinct([
      [gateway.listen, 'gateway.listen'],
      [admin, '--admin'],
      [metrics, '--metrics'],
    ]);
    await assertFree([
      [gateway.listen, 'traffic (gateway.listen)'],
      [admin, 'admin API (--admin)'],
      [metrics, 'metrics (--metrics)'],
    ]);
    let end: (end: End) => void = () => {};
    const ended = new Promise<End>((resolve) => {
      end = resolve;
    });
    const supervisor = new Supervisor({
      entry: fileURLToPath(import.meta.resolve('@weir/node/main.js')),
      env: () => {
        // A node that starts again after a crash reads what is in force now, and has the room for it.
        const started = this.#startedAgain() ?? gateway;
        return {
          [METRICS_VARIABLE]: formatAddress(metrics),
          [REDIS_VARIABLE]: redis ?? '',
          // Whatever the environment of `up` itself says of a cluster is not meant for this one.
          [NATS_VARIABLE]: '',
          [CLUSTER_VARIABLE]: CLUSTER_DEFAULT,
          [ID_VARIABLE]: 'node-1',
          // The server library reads its limit of a request head once, when the process starts.
          UWS_HTTP_MAX_HEADERS_SIZE: String(headBufferBytes(started)),
        };
      },
      say,
      broker,
      onEnd: (how) => end(how),
    });
    return { supervisor, gateway, ended };
  }
}

/** Each of them is free until the first is taken. */
function assertDistinct(addresses: readonly (readonly [Address, string])[]): void {
  const names = new Map<string, string>();
  for (const [address, name] of addresses) {
    const text = formatAddress(address);
    const other = names.get(text);
    if (other !== undefined && address.port !== 0)
      throw new StartFailed(`${name} and ${other} are both ${text}; give one of them another port`);
    names.set(text, name);
  }
}

async function assertFree(addresses: readonly (readonly [Address, string])[]): Promise<void> {
  for (const [address, purpose] of addresses) {
    const why = await whyNotFree(address, purpose);
    if (why !== null) throw new StartFailed(why);
  }
}
