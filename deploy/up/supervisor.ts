/**
 * Keeps one node process alive and hands it snapshots: the driver of node-life.ts over child_process.
 *
 * It owns the child, its link, and the snapshot that a restarted node is given. An offer under which the node dies
 * counts as refused, so a snapshot that kills nodes is tried once and not in a loop. One that ran before is tried until it
 * runs again: what stands in its way (a port that somebody took meanwhile, a folder that is gone) is not of its making.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { SECRET_KEY_VARIABLE } from '@weir/control/secrets/secret-key.js';
import type { Address } from '@weir/proto/bus/address.js';
import type { Broker } from '@weir/proto/bus/broker.js';
import { attachChild, splitEnd } from '@weir/proto/bus/ipc-bus.js';
import { ipcLink, type Link } from '@weir/proto/bus/ipc-link.js';
import {
  type CacheAnswer,
  type ControlToNode,
  decodeNodeToControl,
  type NodeToControl,
} from '@weir/proto/events/node-link.js';
import type { NodeStatus } from '@weir/proto/events/node-status.js';
import type { OfferName, SnapshotOffer } from '@weir/proto/events/snapshot.js';
import { sealFor } from '@weir/proto/signing/sealed-box.js';
import { joined } from '@weir/proto/snapshot/codec.js';
import { type Asked, Asks } from './asks.js';
import { nodeFlagsOn } from './node-flags.js';
import { bornAt, delayAfter, type LifeEffect, type LifeEvent, type NodeLife, step } from './node-life.js';
import { passOnStderr } from './node-stderr.js';
import { HUNG_LOOKS, LOOK_EVERY_MS, Watchdog } from './watchdog.js';

/** A snapshot is compiled in far less; after this the node is taken for stuck with it. */
const ANSWER_WITHIN_MS = 30_000;
/**
 * More, for each megabyte of the first one of a process, of which nothing is known there: 25 MB take it 6 s of CPU, and a machine that was just started
 * has others to start. One that is stuck is found by its silence long before (watchdog.ts).
 */
const FIRST_ANSWER_PER_MB_MS = 4_000;

/** A node that is to be replaced has so long to end what is in flight; what it runs is not what the others run. */
const DRAIN_WITHIN_MS = 10_000;

/** What is asked of its cache takes a node microseconds; one that is stalled for longer is not waited for. */
const CACHE_ANSWER_WITHIN_MS = 2_000;

export type Delivery =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason: string;
      /** Where nothing was heard in time: whether it is applied in the end. */
      readonly late?: Promise<boolean>;
    };

export interface End {
  /** Null when it ended because that was asked. */
  readonly failure: string | null;
  /** Exchanges and jobs that the drain had to cut; null when the process ended without telling. */
  readonly cut: number | null;
}

export interface SupervisorOptions {
  /** File of the node process. */
  readonly entry: string;
  /** Variables for the node beside those of this process; read at each start. */
  readonly env: () => Readonly<Record<string, string>>;
  readonly say: (text: string) => void;
  /** Where the node takes part in the bus of this process; left out where it has another one, or none. */
  readonly broker?: Broker;
  /** Secrets that snapshots name, in clear; asked for with each offer. Left out: there are none. */
  readonly secrets?: () => Readonly<Record<string, string>>;
  /** How long an offer may go unanswered; as long as usual when left out. */
  readonly answerWithinMs?: number;
  /** How long one that is replaced may drain; as long as usual when left out. */
  readonly drainWithinMs?: number;
  /** A process has ended, and with it all that it had in memory; another one may follow. */
  readonly onExit?: () => void;
  /** The life is over: the stop that was asked, or a node that never came up (`failure` says why). */
  readonly onEnd: (end: End) => void;
}

export interface Supervision {
  readonly life: NodeLife;
  readonly pid: number | null;
  readonly lastExit: { readonly atWallMs: number; readonly reason: string } | null;
  readonly metrics: Address | null;
  readonly status: NodeStatus | null;
  /** Why it does not do its work although its process lives, null when it does. */
  readonly trouble: string | null;
}

/** With what makes it of the one before, which is sent in its place to a process that has that one in force. The whole may be in pieces. */
export interface WholeOffer extends Omit<SnapshotOffer, 'bytes'> {
  readonly bytes: Uint8Array | readonly Uint8Array[];
  readonly delta?: { readonly base: OfferName; readonly bytes: Uint8Array };
}

export function wholeOf(bytes: WholeOffer['bytes']): Uint8Array {
  return bytes instanceof Uint8Array ? bytes : joined(bytes);
}

interface Pending {
  readonly offer: WholeOffer;
  readonly settle: (delivery: Delivery) => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  #life: NodeLife = bornAt(performance.now());
  #child: ChildProcess | null = null;
  #link: Link<NodeToControl, ControlToNode> | null = null;
  #restart: NodeJS.Timeout | null = null;
  /** The snapshot that the node runs, and that one started in its place will be given. */
  #inForce: WholeOffer | null = null;
  /** What this process has applied last, and what it was sent as a delta and has not answered yet. */
  #applied: OfferName | null = null;
  #sentAsDelta: WholeOffer | null = null;
  #pending: Pending | null = null;
  /** The latest offer that was given up on; the node may apply it all the same, and runs it then. */
  #late: { readonly offer: WholeOffer; readonly settle: (isApplied: boolean) => void } | null = null;
  /** What secrets are sealed for; null: the process has told none. */
  #boxKey: string | null = null;
  #metrics: Address | null = null;
  #status: NodeStatus | null = null;
  #lastExit: Supervision['lastExit'] = null;
  #failure: string | null = null;
  /** Why a restarted node does not run what ran before, and how often it was tried. */
  #refusal: { readonly reason: string; readonly times: number } | null = null;
  #again: NodeJS.Timeout | null = null;
  #wasHung = false;
  readonly #watchdog = new Watchdog({
    onSilent: (forS) =>
      this.#options.say(
        `the node (process ${this.#child?.pid}) has not been heard from for ${forS} s; it is killed after ${HUNG_LOOKS} s`,
      ),
    onHeardAgain: () => this.#options.say('the node is heard from again'),
    onHung: (forS) => {
      if (!this.#wasHung) this.#options.say(`the node has not been heard from for ${forS} s; killing it`);
      this.#wasHung = true;
      this.kill();
    },
  });
  readonly #looking: NodeJS.Timeout;
  /** As the node has told at the end of its drain. */
  #cut: number | null = null;
  readonly #asks = new Asks(CACHE_ANSWER_WITHIN_MS);

  /** Starts the node process. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
    this.#fork();
  }

  /** Offers a snapshot; when it is applied, restarted nodes get it too. One at a time: the publisher waits. */
  deliver(offer: WholeOffer): Promise<Delivery> {
    return new Promise((resolve) => {
      const late = setTimeout(() => this.#giveUpOn(offer), this.#options.answerWithinMs ?? this.#answerWithinMs(offer));
      const settle = (delivery: Delivery): void => {
        clearTimeout(late);
        resolve(delivery);
      };
      this.#pending = { offer, settle };
      if (this.#life.phase === 'running') this.#offer(offer);
      if (this.#life.phase === 'stopped') this.#settle({ ok: false, reason: 'the node has stopped' });
    });
  }

  #answerWithinMs({ bytes }: WholeOffer): number {
    if (this.#applied !== null) return ANSWER_WITHIN_MS;
    const size = bytes instanceof Uint8Array ? bytes.length : bytes.reduce((sum, { length }) => sum + length, 0);
    return ANSWER_WITHIN_MS + (size / 1_000_000) * FIRST_ANSWER_PER_MB_MS;
  }

  /** Sends what `make` makes of the number that it is answered by. Where there is no process, it has ended. */
  ask(make: (number: number) => ControlToNode): Promise<Asked<CacheAnswer>> {
    if (this.#link === null) return Promise.resolve({ kind: 'ended', ms: 0 });
    return this.#asks.ask((number) => this.#link?.send(make(number)));
  }

  /** Another process in its place, which runs this: it drains first, as long as it answers. */
  restartWith(offer: WholeOffer): void {
    this.#inForce = offer;
    this.#settleLate(false);
    if (this.#life.phase !== 'running') return;
    const child = this.#child;
    this.#link?.send({ v: 1, kind: 'node.drain' });
    const late = setTimeout(() => child?.kill('SIGKILL'), this.#options.drainWithinMs ?? DRAIN_WITHIN_MS).unref();
    child?.once('exit', () => clearTimeout(late));
  }

  /** With the secrets of the moment, for this process alone. */
  #offer(offer: WholeOffer): void {
    const { delta, bytes, ...rest } = offer;
    const isKnown = delta !== undefined && isSameOffer(delta.base, this.#applied);
    this.#sentAsDelta = isKnown ? offer : null;
    const values = this.#options.secrets?.() ?? {};
    const isPlain = this.#boxKey === null || Object.keys(values).length === 0;
    const secrets = isPlain ? {} : { secrets: sealFor(this.#boxKey ?? '', Buffer.from(JSON.stringify(values))) };
    const sent = isKnown ? delta : { bytes: wholeOf(bytes) };
    this.#link?.send({ ...rest, ...sent, ...secrets });
  }

  #giveUpOn(offer: WholeOffer): void {
    this.#settleLate(false);
    const late = new Promise<boolean>((settle) => {
      this.#late = { offer, settle };
    });
    this.#settle({ ok: false, reason: 'the node did not answer in time', late });
  }

  look(): Supervision {
    return {
      life: this.#life,
      pid: this.#child?.pid ?? null,
      lastExit: this.#lastExit,
      metrics: this.#metrics,
      status: this.#status,
      trouble: this.#trouble(),
    };
  }

  /** Drains and ends the node. */
  stop(): void {
    // Between two processes nothing is in flight.
    if (this.#child === null) this.#cut = 0;
    this.#advance('stop');
  }

  /** Has the node open its access log anew. One that starts opens it anyway, and might still die of the signal. */
  reopenLog(): void {
    if (this.#life.phase === 'running') this.#child?.kill('SIGUSR2');
  }

  /** The drain's limit is over now; what is left is answered or broken off, and logged. */
  cut(): void {
    this.#link?.send({ v: 1, kind: 'node.cut' });
  }

  /** Ends the node at once. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  #trouble(): string | null {
    const forS = this.#watchdog.silentForS;
    if (forS !== null) return `not heard from for ${forS} s`;
    return this.#refusal === null ? null : `serves nothing, and is tried again: ${this.#refusal.reason}`;
  }

  /** The first start has its own limit, that of `deliver`; a node that drains does not report. */
  #look(): void {
    const { phase, restarts } = this.#life;
    if (phase === 'running' || (phase === 'starting' && restarts > 0)) this.#watchdog.look();
    else this.#watchdog.reset();
  }

  #advance(event: LifeEvent): void {
    const { life, effect } = step(this.#life, event, performance.now());
    this.#life = life;
    this.#perform(effect);
  }

  #perform(effect: LifeEffect): void {
    switch (effect.kind) {
      case 'none':
        return;
      case 'fork':
        this.#fork();
        return;
      case 'drain':
        this.#link?.send({ v: 1, kind: 'node.drain' });
        return;
      case 'wait':
        this.#options.say(`the node process died (${this.#exitReason()}); starting it again in ${effect.delayMs} ms`);
        this.#restart = setTimeout(() => this.#advance('due'), effect.delayMs);
        return;
      case 'end': {
        if (this.#restart !== null) clearTimeout(this.#restart);
        clearInterval(this.#looking);
        const why = this.#failure ?? this.#exitReason();
        this.#settle({ ok: false, reason: effect.failed ? why : 'the node has stopped' });
        this.#options.onEnd({ failure: effect.failed ? why : null, cut: this.#cut });
      }
    }
  }

  #exitReason(): string {
    return this.#lastExit?.reason ?? 'for an unknown reason';
  }

  #fork(): void {
    this.#failure = null;
    this.#wasHung = false;
    const child = fork(this.#options.entry, [], {
      execArgv: [...process.execArgv, ...nodeFlagsOn()],
      serialization: 'advanced', // Snapshots travel as bytes, not as JSON.
      env: { ...inherited(), ...this.#options.env() },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    passOnStderr(child.stderr);
    this.#child = child;
    const { bus, rest } = splitEnd(child);
    if (this.#options.broker !== undefined) attachChild(this.#options.broker, bus);
    this.#link = ipcLink<NodeToControl, ControlToNode>(rest, decodeNodeToControl, { cuts: true });
    this.#link.listen({ onMessage: (message) => this.#receive(message), onClose: () => {} });
    let isOver = false;
    const over = (reason: string): void => {
      if (isOver) return; // A process that can't be spawned reports an error, and may report an exit too.
      isOver = true;
      this.#childEnded(reason);
    };
    child.on('exit', (code, signal) => over(signal === null ? `exit code ${code}` : `killed by ${signal}`));
    child.on('error', (error) => over(error.message));
  }

  #childEnded(reason: string): void {
    this.#child = null;
    this.#link = null;
    this.#applied = null;
    this.#sentAsDelta = null;
    this.#status = null;
    this.#refusal = null;
    if (this.#again !== null) clearTimeout(this.#again);
    this.#watchdog.reset();
    this.#lastExit = { atWallMs: Date.now(), reason: this.#wasHung ? 'killed, for it did nothing any more' : reason };
    this.#asks.ended();
    this.#settleLate(false);
    // Only a running node has been sent the offer; in all other phases it still waits for one.
    if (this.#life.phase === 'running')
      this.#settle({ ok: false, reason: `the node process died with it (${reason})` });
    this.#options.onExit?.();
    this.#advance('exited');
  }

  #receive(message: NodeToControl): void {
    this.#watchdog.heard();
    switch (message.kind) {
      case 'node.ready':
        this.#metrics = message.metrics;
        if (this.#life.restarts > 0) this.#options.say(`the node is back, as process ${message.pid}`);
        this.#advance('ready');
        this.#boxKey = message.boxKey ?? null;
        if (this.#inForce !== null) this.#offer(this.#inForce);
        if (this.#pending !== null) this.#offer(this.#pending.offer);
        return;
      case 'node.failed':
        this.#failure = message.reason;
        return;
      case 'node.status':
        this.#status = message.status;
        return;
      case 'node.drained':
        this.#cut = message.cut;
        return;
      case 'snapshot.applied':
        this.#applied = { version: message.version, hash: message.hash };
        if (this.#isPending(message)) this.#settle({ ok: true });
        else if (this.#isLate(message)) this.#appliedLate();
        if (this.#refusal !== null) this.#options.say('the node serves again');
        this.#refusal = null;
        return;
      case 'snapshot.refused':
        if (this.#triesWhole(message)) return;
        if (this.#isPending(message)) this.#settle({ ok: false, reason: message.reason });
        else if (this.#isLate(message)) this.#settleLate(false);
        else this.#refusedAgain(message.reason);
        return;
      case 'cache.inspected':
      case 'cache.failed':
        this.#asks.answered(message);
        return;
    }
  }

  /** A refusal of what a delta was to make is believed of the whole alone. */
  #triesWhole(refused: OfferName): boolean {
    const offer = this.#sentAsDelta;
    if (offer === null || !isSameOffer(offer, refused)) return false;
    this.#applied = null;
    this.#offer(offer);
    return true;
  }

  #refusedAgain(reason: string): void {
    const times = (this.#refusal?.times ?? 0) + 1;
    const delayMs = delayAfter(times);
    const isNews = reason !== this.#refusal?.reason;
    // What runs is not harmed by a refusal; only a node that has nothing to serve is in trouble.
    if (this.#status?.snapshot) {
      this.#options.say(`the node refused a snapshot that ran before: ${reason}`);
      return;
    }
    this.#refusal = { reason, times };
    if (isNews)
      this.#options.say(`the node refused the snapshot that ran before: ${reason}; it is tried until it runs`);
    this.#again = setTimeout(() => {
      if (this.#life.phase === 'running' && this.#inForce !== null) this.#offer(this.#inForce);
    }, delayMs);
  }

  #isPending({ version }: { readonly version: number }): boolean {
    return this.#pending !== null && this.#pending.offer.version === version;
  }

  #isLate({ version }: { readonly version: number }): boolean {
    return this.#late?.offer.version === version;
  }

  #appliedLate(): void {
    if (this.#late === null) return;
    this.#inForce = this.#late.offer;
    this.#options.say(`the node has applied snapshot ${this.#late.offer.version} after all`);
    this.#settleLate(true);
  }

  #settleLate(isApplied: boolean): void {
    this.#late?.settle(isApplied);
    this.#late = null;
  }

  #settle(delivery: Delivery): void {
    const settled = this.#pending;
    if (settled === null) return;
    this.#pending = null;
    if (delivery.ok) this.#inForce = settled.offer;
    settled.settle(delivery);
  }
}

function isSameOffer(one: OfferName, other: OfferName | null): boolean {
  return one.version === other?.version && one.hash === other.hash;
}

/** Nodes get secrets of teams one by one and sealed, so what opens all of them stays here. */
function inherited(): NodeJS.ProcessEnv {
  const { [SECRET_KEY_VARIABLE]: _, ...rest } = process.env;
  return rest;
}
