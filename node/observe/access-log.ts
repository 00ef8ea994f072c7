/**
 * Which exchanges are written to the access log, and with which options. log-line.ts says how a line looks, log-writer.ts
 * how it gets out.
 *
 * Successes are sampled; failures and slow exchanges are always written, since they are what one opens a log for.
 */
import type { AccessLogSpec } from '@weir/proto/snapshot/gateway.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import type { Random } from '../time/clock.js';
import { LineParts } from './line-parts.js';
import { type LineOptions, logLine, type RefusedRequest, refusedLine } from './log-line.js';
import type { LogWriter } from './log-writer.js';
import type { Prepared } from './prepared.js';
import { secretNames } from './redaction.js';

/** Opens a destination, with the fields for it if it is a collector; throws with the reason when it can't. */
export type OpenLog = (destination: string, headers: AccessLogSpec['headers']) => LogWriter;

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
  /** By what they are opened with; none: the log is off. */
  #writers: ReadonlyMap<string, LogWriter> = new Map();
  /** The same, for each line. */
  #list: readonly LogWriter[] = [];
  #options: LineOptions = { secrets: new Set(), requestHeaders: [], parts: new LineParts() };
  #secretsInForce: ReadonlySet<string> = new Set();
  /** Counts of the writers that were closed. */
  #before = { written: 0, dropped: 0 };

  constructor(open: OpenLog, random: Random) {
    this.#open = open;
    this.#random = random;
  }

  ended(request: GatewayRequest): void {
    const list = this.#list;
    if (list.length === 0 || this.#spec === null || !this.#isWorthALine(request, this.#spec)) return;
    const line = logLine(request, this.#options);
    for (const writer of list) writer.write(line);
  }

  refused(refused: RefusedRequest, wallMs: number): void {
    if (this.#list.length === 0) return;
    const line = refusedLine(refused, wallMs, this.#options);
    for (const writer of this.#list) writer.write(line);
  }

  #isWorthALine({ exchange }: GatewayRequest, spec: AccessLogSpec): boolean {
    if (spec.sample >= 1 || exchange.failure !== null || exchange.status >= FIRST_FAILED_STATUS) return true;
    return exchange.endedAtMs - exchange.receivedAtMs >= spec.slowMs || this.#random() < spec.sample;
  }

  prepare(snapshot: Pick<Snapshot, 'gateway' | 'routes'>): Prepared {
    const spec = snapshot.gateway.accessLog;
    const next = this.#opened(spec.enabled ? spec.destinations : [], spec.headers);
    const secrets = secretNames(snapshot);
    return {
      commit: () => {
        const before = this.#writers;
        this.#writers = next;
        this.#list = [...next.values()];
        for (const [key, writer] of before) if (next.get(key) !== writer) void this.#retire(writer);
        // Exchanges in flight end on the snapshot that they began with, so its secrets stay secret for one more snapshot.
        this.#options = {
          secrets: new Set([...secrets, ...this.#secretsInForce]),
          requestHeaders: spec.requestHeaders.map((name) => name.toLowerCase()),
          parts: new LineParts(),
        };
        this.#secretsInForce = secrets;
        this.#spec = spec;
      },
      discard: () => this.#forget(next),
    };
  }

  counts(): { readonly written: number; readonly dropped: number } {
    const sum = { ...this.#before };
    for (const writer of this.#list) {
      const { written, dropped } = writer.counts();
      sum.written += written;
      sum.dropped += dropped;
    }
    return sum;
  }

  trouble(): string | null {
    for (const writer of this.#list) {
      const { trouble } = writer.counts();
      if (trouble !== null) return trouble;
    }
    return null;
  }

  async close(): Promise<void> {
    const last = this.#list;
    [this.#writers, this.#list] = [new Map(), []];
    await Promise.all(last.map((writer) => this.#retire(writer)));
  }

  /** Those that are in force stay; when one can't be opened, what was opened with it is closed again. */
  #opened(destinations: readonly string[], headers: AccessLogSpec['headers']): ReadonlyMap<string, LogWriter> {
    const next = new Map<string, LogWriter>();
    try {
      for (const destination of destinations) {
        // Fields are sent to collectors alone.
        const key = destination.includes('://') ? `${destination} ${JSON.stringify(headers)}` : destination;
        if (!next.has(key)) next.set(key, this.#writers.get(key) ?? this.#open(destination, headers));
      }
    } catch (error) {
      this.#forget(next);
      throw error;
    }
    return next;
  }

  /** What was opened for a snapshot that is not in force after all. */
  #forget(opened: ReadonlyMap<string, LogWriter>): void {
    for (const [key, writer] of opened) if (this.#writers.get(key) !== writer) void writer.close();
  }

  /** Closes it in the background; its counts are kept when it is done. */
  async #retire(writer: LogWriter): Promise<void> {
    await writer.close();
    const { written, dropped } = writer.counts();
    this.#before = { written: this.#before.written + written, dropped: this.#before.dropped + dropped };
  }
}
