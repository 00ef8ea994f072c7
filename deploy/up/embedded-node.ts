/**
 * The node processes of `weir up` and `weir node`, from the moment their first snapshot is known: they are started with that
 * snapshot's limits and on addresses that are free. Owns which supervisors are in charge; those that never served anything
 * can be discarded, so that another snapshot gets processes of its own.
 */
import { fileURLToPath } from 'node:url';
import { ID_VARIABLE, METRICS_VARIABLE, REDIS_VARIABLE, SHARED_PORT_VARIABLE } from '@weir/node/process/settings.js';
import { type Address, formatAddress, LOOPBACK } from '@weir/proto/bus/address.js';
import type { Broker } from '@weir/proto/bus/broker.js';
import type { GatewaySpec } from '@weir/proto/snapshot/gateway.js';
import { whyNotFree } from './port-owner.js';
import { headBufferBytes, restartNeeded } from './restart-needed.js';
import { type Delivery, type End, Supervisor, type WholeOffer } from './supervisor.js';
import { type Worker, Workers } from './workers.js';

/** The start failed for a reason that the operator has been, or is by its message, told. */
export class StartFailed extends Error {}

export interface EmbeddedNodeOptions {
  /** Null: this process has none. */
  readonly admin: Address | null;
  readonly metrics: Address;
  /** Whether that is where this process tells of all workers; else the only one listens there itself. */
  readonly isMetricsOfAll: boolean;
  /** URL of the Redis that nodes share, its secrets as `${NAME}`; null for none. */
  readonly redis: string | null;
  /** Names of the workers as members of their cluster, one for each process. */
  readonly ids: readonly string[];
  /** Variables that say which cluster that is, and where its bus. */
  readonly clusterEnv: Readonly<Record<string, string>>;
  /** The bus of this process, which its nodes take part in; left out where they have another one. */
  readonly broker?: Broker;
  /** Secrets that snapshots name, in clear; left out: there are none. */
  readonly secrets?: () => Readonly<Record<string, string>>;
  /** Hears of each worker's process that has ended, whatever comes after it. */
  readonly onWorkerEnded?: (id: string) => void;
  readonly say: (text: string) => void;
}

interface Booted {
  readonly workers: Workers;
  /** What the process was started with. */
  readonly gateway: GatewaySpec;
}

export class EmbeddedNode {
  readonly #options: EmbeddedNodeOptions;
  #booted: Booted | null = null;
  /** While the first are being started: whoever delivers meanwhile delivers to them, and starts none. */
  #booting: Promise<Booted> | null = null;
  #inForce: GatewaySpec | null = null;
  #isStopped = false;

  constructor(options: EmbeddedNodeOptions) {
    this.#options = options;
  }

  /** Hands the node a snapshot; the first one starts it. Rejects with StartFailed when an address is taken. */
  async deliver(offer: WholeOffer, gateway: GatewaySpec): Promise<Delivery> {
    const { workers } = this.#booted ?? (await this.#bootOnce(gateway));
    const delivery = await workers.deliver(offer);
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

  /** Ends processes that have nothing to serve, at once; the next snapshot starts others. */
  async discard(): Promise<void> {
    await this.#booting?.catch(() => undefined);
    if (this.#booted === null) return;
    const { workers } = this.#booted;
    this.#booted = null;
    // Asked to stop first: a process that merely died would be started again.
    workers.stop();
    workers.kill();
    await workers.ended;
  }

  /** Null before the first snapshot. */
  get inForce(): GatewaySpec | null {
    return this.#inForce;
  }

  stop(): void {
    this.#isStopped = true;
    this.#booted?.workers.stop();
  }

  cut(): void {
    this.#booted?.workers.cut();
  }

  kill(): void {
    this.#booted?.workers.kill();
  }

  reopenLog(): void {
    this.#booted?.workers.reopenLog();
  }

  /** None before the first snapshot. */
  get workers(): readonly Worker[] {
    return this.#booted?.workers.all ?? [];
  }

  /** When all have ended; at once where there are none. */
  async ended(): Promise<End> {
    // Those that are being started would outlive whoever was told that none is there.
    await this.#booting?.catch(() => undefined);
    return this.#booted?.workers.ended ?? { failure: null, cut: 0 };
  }

  /** The nodes that serve; throws before there are any. */
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

  #bootOnce(gateway: GatewaySpec): Promise<Booted> {
    this.#booting ??= this.#boot(gateway)
      .then((booted) => {
        this.#booted = booted;
        return booted;
      })
      .finally(() => {
        this.#booting = null;
      });
    return this.#booting;
  }

  async #boot(gateway: GatewaySpec): Promise<Booted> {
    const { admin, metrics, isMetricsOfAll, ids, say } = this.#options;
    const addresses: NamedAddress[] = [
      { address: gateway.listen, name: 'gateway.listen', purpose: 'traffic (gateway.listen)' },
      ...(admin === null ? [] : [{ address: admin, name: '--admin', purpose: 'admin API (--admin)' }]),
      { address: metrics, name: '--metrics', purpose: 'metrics (--metrics)' },
    ];
    assertDistinct(addresses);
    if (ids.length > 1 && gateway.listen.port === 0)
      throw new StartFailed(`${ids.length} workers share a port, so gateway.listen names one; 0 is a port for each`);
    // What tells of all workers listens there already.
    await assertFree(addresses.filter(({ address }) => address !== metrics || !isMetricsOfAll));
    if (this.#isStopped) throw new StartFailed('it was stopped before its workers were started');
    return {
      workers: new Workers(
        ids.map((id) => this.#start(id, gateway)),
        say,
      ),
      gateway,
    };
  }

  #start(id: string, gateway: GatewaySpec): Worker {
    const { metrics, redis, ids, clusterEnv, broker, isMetricsOfAll, say } = this.#options;
    let end: (end: End) => void = () => {};
    const ended = new Promise<End>((resolve) => {
      end = resolve;
    });
    const supervisor = new Supervisor({
      entry: fileURLToPath(import.meta.resolve('@weir/node/bundle/main.js')),
      env: () => {
        // A node that starts again after a crash reads what is in force now, and has the room for it.
        const started = this.#startedAgain() ?? gateway;
        return {
          ...clusterEnv,
          [ID_VARIABLE]: id,
          [METRICS_VARIABLE]: formatAddress(isMetricsOfAll ? { host: LOOPBACK, port: 0 } : metrics),
          [REDIS_VARIABLE]: redis ?? '',
          [SHARED_PORT_VARIABLE]: ids.length > 1 ? 'yes' : 'no',
          // The server library reads its limit of a request head once, when the process starts.
          UWS_HTTP_MAX_HEADERS_SIZE: String(headBufferBytes(started)),
        };
      },
      say: ids.length > 1 ? (text) => say(`${id}: ${text}`) : say,
      onExit: () => this.#options.onWorkerEnded?.(id),
      onEnd: (how) => end(how),
      ...(broker === undefined ? {} : { broker }),
      ...(this.#options.secrets === undefined ? {} : { secrets: this.#options.secrets }),
    });
    return { id, supervisor, ended };
  }
}

interface NamedAddress {
  readonly address: Address;
  readonly name: string;
  readonly purpose: string;
}

/** Each of them is free until the first is taken. */
function assertDistinct(addresses: readonly NamedAddress[]): void {
  const names = new Map<string, string>();
  for (const { address, name } of addresses) {
    const text = formatAddress(address);
    const other = names.get(text);
    if (other !== undefined && address.port !== 0)
      throw new StartFailed(`${name} and ${other} are both ${text}; give one of them another port`);
    names.set(text, name);
  }
}

async function assertFree(addresses: readonly NamedAddress[]): Promise<void> {
  for (const { address, purpose } of addresses) {
    const why = await whyNotFree(address, purpose);
    if (why !== null) throw new StartFailed(why);
  }
}
