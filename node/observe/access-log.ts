/**
 * Which exchanges are written to the access log, and with which options. log-line.ts says how a line looks, log-writer.ts
 * how it gets out.
 *
 * Successes are sampled; failures and slow exchanges are always written, since they are what one opens a log for.
 */
import type { AccessLogSpec, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import type { Random } from '../time/clock.js';
import { LineParts } from './line-parts.js';
import { type LineOptions, logLine, type RefusedRequest, refusedLine } from './log-line.js';
import type { LogWriter } from './log-writer.js';
import type { Prepared } from './prepared.js';
import { secretNames } from './redaction.js';

/** Opens a destination; throws with the reason when it can't. */
export type OpenLog = (destination: string) => LogWriter;

export interface AccessLog {
  /** Called once for each exchange, after its end. */
  ended(request: GatewayRequest): void;
  /** A request that never became an exchange; always written. */
  refused(refused: RefusedRequest, wallMs: number): void;
  /** Opens what a snapshot asks for. Throws when it can't; nothing has changed until the result is committed. */
  prepare(snapshot: Pick<Snapshot, 'gateway' | 'routes'>): Prepared;
  counts(): { readonly written: number; readonly dropped: number };
  /** Why lines are being lost, null while they are not. */
  trouble(): string | null;
  close(): Promise<void>;
}

export function createAccessLog(open: OpenLog, random: Random): AccessLog {
  return new Log(open, random);
}

/** Statuses from here on are a failure of the gateway or the upstream. */
const FIRST_FAILED_STATUS = 500;

class Log implements AccessLog {
  readonly #open: OpenLog;
  readonly #random: Random;
  #spec: AccessLogSpec | null = null;
  #writer: LogWriter | null = null;
  #options: LineOptions = { secrets: new Set(), requestHeaders: [], parts: new LineParts() };
  #secretsInForce: ReadonlySet<string> = new Set();
  /** Counts of the writers that were closed. */
  #before = { written: 0, dropped: 0 };

  constructor(open: OpenLog, random: Random) {
    this.#open = open;
    this.#random = random;
  }

  ended(request: GatewayRequest): void {
    const writer = this.#writer;
    if (writer === null || this.#spec === null || !this.#isWorthALine(request, this.#spec)) return;
    writer.write(logLine(request, this.#options));
  }

  refused(refused: RefusedRequest, wallMs: number): void {
    this.#writer?.write(refusedLine(refused, wallMs, this.#options));
  }

  #isWorthALine({ exchange }: GatewayRequest, spec: AccessLogSpec): boolean {
    if (spec.sample >= 1 || exchange.failure !== null || exchange.status >= FIRST_FAILED_STATUS) return true;
    return exchange.endedAtMs - exchange.receivedAtMs >= spec.slowMs || this.#random() < spec.sample;
  }

  prepare(snapshot: Pick<Snapshot, 'gateway' | 'routes'>): Prepared {
    const spec = snapshot.gateway.accessLog;
    const destination = spec.enabled ? spec.destination : null;
    const stays = destination === this.#destination();
    const next = stays || destination === null ? null : this.#open(destination);
    const secrets = secretNames(snapshot);
    return {
      commit: () => {
        if (!stays) {
          void this.#retire();
          this.#writer = next;
        }
        // Exchanges in flight end on the snapshot that they began with, so its secrets stay secret for one more snapshot.
        this.#options = {
          secrets: new Set([...secrets, ...this.#secretsInForce]),
          requestHeaders: spec.requestHeaders.map((name) => name.toLowerCase()),
          parts: new LineParts(),
        };
        this.#secretsInForce = secrets;
        this.#spec = spec;
      },
      discard: () => void next?.close(),
    };
  }

  counts(): { readonly written: number; readonly dropped: number } {
    const { written, dropped } = this.#writer?.counts() ?? { written: 0, dropped: 0 };
    return { written: this.#before.written + written, dropped: this.#before.dropped + dropped };
  }

  trouble(): string | null {
    return this.#writer?.counts().trouble ?? null;
  }

  async close(): Promise<void> {
    await this.#retire();
  }

  #destination(): string | null {
    return this.#writer === null || this.#spec === null ? null : this.#spec.destination;
  }

  /** Takes the writer away and closes it in the background; its counts are kept when it is done. */
  async #retire(): Promise<void> {
    const writer = this.#writer;
    this.#writer = null;
    if (writer === null) return;
    await writer.close();
    const { written, dropped } = writer.counts();
    this.#before = { written: this.#before.written + written, dropped: this.#before.dropped + dropped };
  }
}
