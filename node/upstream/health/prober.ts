/**
 * Probes one target for as long as it lives: sends, judges, tells, waits. What the results mean is probe.ts's.
 *
 * A probe goes the way of real requests (same names, addresses, TLS files, protocol), but each on a connection of its
 * own that is closed behind it: a connection that went stale between two probes would be an opinion about itself, and
 * one from the pool would be taken from a client. A TCP probe to a TLS target is good when the handshake is: a target
 * that cannot do that answers nobody.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { ProbeSpec } from '@weir/proto/snapshot/resilience.js';
import { type Cancel, nothingToCancel, type ResponseHead } from '../../pipeline/dispatch.js';
import type { Clock, Random, Timer, Timers } from '../../time/clock.js';
import type { AnswerSink, Connection, Dial, DialEvents } from '../pools/connection.js';
import { firstProbeDelayMs, type ProbeResult, probeDelayMs } from './probe.js';

/** As much of a body is looked at; what comes behind it is left unread. */
const BODY_BYTES_MAX = 64 * 1024;

export interface ProberOptions {
  readonly spec: ProbeSpec;
  /** `host:port` of the target, for the Host field. */
  readonly authority: string;
  readonly dial: Dial<Connection>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly onResult: (result: ProbeResult) => void;
}

export interface ProbeSwitch {
  /** Whether it probes: in a cluster others may do it. It begins as a new one does, somewhere within the interval. */
  set(isOn: boolean): void;
  /** A probe that is not under way begins now. */
  hurry(): void;
  /** Ends it at once, and nothing is heard afterwards. */
  stop(): void;
}

export function startProber(options: ProberOptions): ProbeSwitch {
  const prober = new Prober(options);
  prober.set(true);
  return prober;
}

class Prober implements ProbeSwitch {
  readonly #options: ProberOptions;
  readonly #next: Timer;
  readonly #timeout: Timer;
  #run: ProbeRun | null = null;
  #startedAtMs = 0;
  #isOn = false;
  #hasStopped = false;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#next = options.timers.create(() => this.#probe());
    this.#timeout = options.timers.create(() => {
      this.#run?.end({ isGood: false, why: `no answer within ${options.spec.timeoutMs} ms`, status: 0 });
    });
  }

  set(isOn: boolean): void {
    if (this.#hasStopped || isOn === this.#isOn) return;
    this.#isOn = isOn;
    const { spec, random } = this.#options;
    // One that is under way is ended by itself, and followed by none.
    if (!isOn) this.#next.cancel();
    else if (this.#run === null) this.#next.arm(firstProbeDelayMs(spec.intervalMs, random()));
  }

  hurry(): void {
    if (this.#isOn && this.#run === null) this.#next.arm(0);
  }

  stop(): void {
    this.#hasStopped = true;
    this.#isOn = false;
    this.#next.cancel();
    this.#timeout.cancel();
    this.#run?.abandon();
    this.#run = null;
  }

  #probe(): void {
    const { spec, authority, dial, clock } = this.#options;
    this.#startedAtMs = clock.nowMs();
    this.#timeout.arm(spec.timeoutMs);
    this.#run = new ProbeRun(spec, authority, (seen) => this.#onEnd(seen));
    this.#run.start(dial);
  }

  #onEnd(seen: Seen): void {
    const { spec, clock, random, onResult } = this.#options;
    const tookMs = clock.nowMs() - this.#startedAtMs;
    this.#run = null;
    this.#timeout.cancel();
    // Counted from start to start; a probe that outlasts its interval is followed by the next one when it ends.
    if (this.#isOn) this.#next.arm(probeDelayMs(spec.intervalMs, random()) - tookMs);
    onResult({ ...seen, tookMs });
  }
}

type Seen = Omit<ProbeResult, 'tookMs'>;

const good = (status: number): Seen => ({ isGood: true, why: '', status });
const bad = (why: string, status = 0): Seen => ({ isGood: false, why, status });

/** One probe, from the dial to its end, which is told once. */
class ProbeRun implements DialEvents<Connection>, AnswerSink {
  readonly #spec: ProbeSpec;
  readonly #authority: string;
  readonly #onEnd: (seen: Seen) => void;
  #cancelDial: Cancel = nothingToCancel;
  #cancelSend: Cancel = nothingToCancel;
  #connection: Connection | null = null;
  #status = 0;
  #bodyBytes = 0;
  readonly #chunks: Uint8Array[] = [];
  #ended = false;

  constructor(spec: ProbeSpec, authority: string, onEnd: (seen: Seen) => void) {
    this.#spec = spec;
    this.#authority = authority;
    this.#onEnd = onEnd;
  }

  start(dial: Dial<Connection>): void {
    this.#cancelDial = dial(this);
  }

  end(seen: Seen): void {
    if (this.#ended) return;
    this.abandon();
    this.#onEnd(seen);
  }

  abandon(): void {
    this.#ended = true;
    if (this.#connection === null) this.#cancelDial();
    else {
      this.#cancelSend();
      this.#connection.close();
    }
  }

  onTls(): void {}

  onConnected(connection: Connection): void {
    this.#connection = connection;
    if (this.#ended) connection.close();
    else if (this.#spec.kind === 'tcp') this.end(good(0));
    else {
      const host = this.#spec.host ?? this.#authority;
      const headers = ['host', host, 'user-agent', 'weir-probe', 'accept', '*/*'];
      const asked = { method: 'GET', target: this.#spec.path, headers, body: null, exchange: null };
      const cancel = connection.send(asked, this);
      // A request that can't be sent fails within the call.
      if (this.#ended) cancel();
      else this.#cancelSend = cancel;
    }
  }

  onFailed(failed: Failure): void {
    this.end(bad(failed.detail, this.#status));
  }

  onSend(): void {}

  onSendProgress(): void {}

  onSent(): void {}

  onReleased(): void {}

  onHead({ status }: ResponseHead): void {
    this.#status = status;
    const isExpected = this.#spec.statuses.some(([from, to]) => from <= status && status <= to);
    if (!isExpected) this.end(bad(`answered ${status}`, status));
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#ended) return false;
    this.#bodyBytes += chunk.byteLength;
    if (this.#spec.contains !== null) this.#chunks.push(chunk);
    if (this.#bodyBytes >= BODY_BYTES_MAX) this.#judgeBody();
    return !this.#ended;
  }

  onComplete(): void {
    this.#judgeBody();
  }

  #judgeBody(): void {
    const { contains } = this.#spec;
    if (contains === null || this.#bodyText().includes(contains)) this.end(good(this.#status));
    else this.end(bad('the expected text is not in the answer', this.#status));
  }

  #bodyText(): string {
    const bytes = new Uint8Array(Math.min(this.#bodyBytes, BODY_BYTES_MAX));
    let filled = 0;
    for (const chunk of this.#chunks) {
      const part = chunk.subarray(0, bytes.length - filled);
      bytes.set(part, filled);
      filled += part.length;
    }
    return new TextDecoder().decode(bytes);
  }
}
