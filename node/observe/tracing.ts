/**
 * Gives the spans of sampled exchanges to an OTLP collector, over HTTP, in batches.
 *
 * The exporter and what it needs are loaded when a snapshot asks for traces, and not before. A collector that is slow or
 * away costs spans and never requests: at most QUEUE_MAX spans wait, one export is under way at a time, and what
 * does not fit or is not taken is counted. The exporter itself tries again within its time limit, as OTLP asks.
 */
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { TracingSpec } from '@weir/proto/snapshot/gateway.js';
import type { SecretText } from '@weir/proto/snapshot/snapshot.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import type { Random, Timer, Timers } from '../time/clock.js';
import { isSampled } from '../trace/trace-context.js';
import type { Prepared } from './prepared.js';
import { type SpanOptions, spansOf } from './spans.js';

export interface Tracing {
  /** Called once for each exchange, after its end. */
  ended(request: GatewayRequest): void;
  /** Loads what a snapshot asks for. Rejects when it can't; nothing has changed until the result is committed. */
  prepare(spec: TracingSpec | null, secrets: ReadonlySet<string>): Promise<Prepared>;
  /** Gives away what waits, within the exporter's time limit, and stops. */
  close(): Promise<void>;
  counts(): SpanCounts;
}

export interface SpanCounts {
  readonly exported: number;
  readonly dropped: number;
}

export interface TracingServices {
  readonly timers: Timers;
  readonly random: Random;
  readonly reveal: (text: SecretText) => string;
}

/** Spans that may wait; two megabytes or so. */
export const QUEUE_MAX = 4_096;
/** Spans of one export, and the longest time that one waits for others. */
export const BATCH_SPANS = 512;
export const FLUSH_MS = 1_000;
/** Limit of one export, with its repetitions. */
const EXPORT_TIMEOUT_MS = 5_000;
/** ExportResultCode.SUCCESS of @opentelemetry/core. */
const SUCCESS = 0;

export function createTracing(services: TracingServices): Tracing {
  return new OtlpTracing(services);
}

class OtlpTracing implements Tracing {
  readonly #services: TracingServices;
  #batcher: Batcher | null = null;
  #options: SpanOptions | null = null;
  /** The spec in force as text: an exporter is only replaced by a different one. */
  #inForce = 'null';
  #before: SpanCounts = { exported: 0, dropped: 0 };

  constructor(services: TracingServices) {
    this.#services = services;
  }

  ended(request: GatewayRequest): void {
    if (this.#batcher === null || this.#options === null || !isSampled(request.exchange.traceparent)) return;
    this.#batcher.add(spansOf(request, this.#options));
  }

  async prepare(spec: TracingSpec | null, secrets: ReadonlySet<string>): Promise<Prepared> {
    const wanted = JSON.stringify(spec);
    if (wanted === this.#inForce) {
      return {
        commit: () => {
          if (this.#options !== null) this.#options = { ...this.#options, secrets };
        },
        discard: () => {},
      };
    }
    const next = spec === null ? null : await loadExporter(spec, this.#services.reveal);
    return {
      commit: () => {
        // The exporter before gives away what it has in the background; its counts are kept when it is done.
        void this.#retire();
        this.#inForce = wanted;
        if (next === null) return;
        this.#options = { resource: next.resource, random: this.#services.random, secrets };
        this.#batcher = new Batcher(next.exporter, this.#services.timers);
      },
      discard: () => void next?.exporter.shutdown().catch(() => {}),
    };
  }

  async close(): Promise<void> {
    this.#inForce = 'null';
    await this.#retire();
  }

  counts(): SpanCounts {
    const now = this.#batcher?.counts ?? { exported: 0, dropped: 0 };
    return { exported: this.#before.exported + now.exported, dropped: this.#before.dropped + now.dropped };
  }

  async #retire(): Promise<void> {
    const batcher = this.#batcher;
    this.#batcher = null;
    this.#options = null;
    if (batcher === null) return;
    await batcher.close();
    const { exported, dropped } = batcher.counts;
    this.#before = { exported: this.#before.exported + exported, dropped: this.#before.dropped + dropped };
  }
}

async function loadExporter(spec: TracingSpec, reveal: (text: SecretText) => string) {
  const [{ OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const headers = Object.fromEntries(Object.entries(spec.headers).map(([name, value]) => [name, reveal(value)]));
  const exporter: SpanExporter = new OTLPTraceExporter({
    url: spec.endpoint,
    headers,
    // Its own limit on exports at once is left alone: a limit of one refuses an export that begins in the callback of
    // the one before. The batcher has only one under way.
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  return { exporter, resource: resourceFromAttributes({ 'service.name': spec.serviceName }) };
}

/** Gathers spans and exports them, one batch at a time. */
class Batcher {
  readonly counts = { exported: 0, dropped: 0 };
  /** Exports that the collector did not take. */
  #failures = 0;
  readonly #exporter: SpanExporter;
  #waiting: ReadableSpan[] = [];
  #exporting: Promise<void> | null = null;
  readonly #timer: Timer;

  constructor(exporter: SpanExporter, timers: Timers) {
    this.#exporter = exporter;
    this.#timer = timers.create(() => this.#export());
  }

  add(spans: readonly ReadableSpan[]): void {
    if (this.#waiting.length + spans.length > QUEUE_MAX) {
      this.counts.dropped += spans.length;
      return;
    }
    if (this.#waiting.length === 0) this.#timer.arm(FLUSH_MS);
    this.#waiting.push(...spans);
    if (this.#waiting.length >= BATCH_SPANS) this.#export();
  }

  async close(): Promise<void> {
    // What waits is given away, unless the collector takes nothing: then it won't take the rest either.
    const failuresBefore = this.#failures;
    while (this.#failures === failuresBefore && (this.#waiting.length > 0 || this.#exporting !== null)) {
      this.#export();
      await this.#exporting;
    }
    this.#timer.cancel();
    this.counts.dropped += this.#waiting.length;
    this.#waiting = [];
    await this.#exporter.shutdown();
  }

  #export(): void {
    if (this.#exporting !== null || this.#waiting.length === 0) return;
    this.#timer.cancel();
    const batch = this.#waiting.splice(0, BATCH_SPANS);
    this.#exporting = new Promise<void>((resolve) => {
      this.#exporter.export(batch, ({ code }) => {
        if (code === SUCCESS) this.counts.exported += batch.length;
        else {
          this.counts.dropped += batch.length;
          this.#failures += 1;
        }
        resolve();
      });
    }).then(() => {
      this.#exporting = null;
      if (this.#waiting.length >= BATCH_SPANS) this.#export();
      else if (this.#waiting.length > 0) this.#timer.arm(FLUSH_MS);
    });
  }
}
