/**
 * What is left of a bus when subscriptions, gathering, bounds and counts are taken out: something that carries bytes to a
 * subject and tells of what comes in. Implementations are carriers; `busOver` makes a bus of any of them, so that all of them
 * behave alike.
 */
import {
  type Bus,
  type BusClock,
  type BusCounts,
  type BusMessage,
  type BusState,
  type Gathered,
  type GatherOptions,
  messageBytesMax,
  type PublishFate,
  pendingBytesMax,
  type Reply,
  subscriptionsMax,
} from './bus.js';
import { isPattern, isSubject, matchesPattern } from './subject.js';

export interface Carrier {
  /** Subject and size have been checked. `replyTo` is empty where nobody gathers. */
  send(subject: string, bytes: Uint8Array, replyTo: string): 'sent' | 'away' | 'full';
  /** The first subscriber of a pattern came, or the last one left. */
  want(pattern: string): void;
  unwant(pattern: string): void;
  pendingBytes(): number;
  close(): Promise<void>;
}

export interface CarrierEvents {
  /**
   * In a turn that is not the sender's. `pattern`: the one it came by; null: all that match are meant. `isLent`: the bytes are part
   * of what the socket has read, which would all be kept with them.
   */
  onMessage(subject: string, bytes: Uint8Array, replyTo: string, pattern: string | null, isLent?: boolean): void;
  onState(isConnected: boolean, trouble: string): void;
  /** Of a connection that broke: so many messages were under way. */
  onUncertain(messages: number): void;
}

export interface BusParts {
  readonly clock: BusClock;
  /** A subject that no other end of this bus has, as `weir.main.reply.n1`: replies come to subjects below it. */
  readonly inbox: string;
  /** Less than the contract's, for tests. */
  readonly pendingBytesMax?: number;
}

type Listener = Parameters<Bus['subscribe']>[1];

export function busOver(makeCarrier: (events: CarrierEvents, pendingMax: number) => Carrier, parts: BusParts): Bus {
  return new CarriedBus(makeCarrier, parts);
}

class CarriedBus implements Bus {
  readonly counts: BusCounts = {
    ...{ published: 0, received: 0, droppedAway: 0, droppedFull: 0, refused: 0, uncertain: 0 },
    ...{ malformed: 0, bugs: 0, disconnects: 0 },
  };
  readonly #clock: BusClock;
  readonly #inbox: string;
  /** Its own subjects of replies, which nobody else can mean, begin like that. */
  readonly #repliesBegin: string;
  readonly #carrier: Carrier;
  /** Each list is made anew when it changes: a subscriber may end itself, or another, while it is told. */
  readonly #listeners = new Map<string, readonly Listener[]>();
  /** Of the patterns those that are one subject: what comes on it need not be looked at again. */
  readonly #subjects = new Set<string>();
  readonly #stateListeners = new Set<(state: BusState) => void>();
  readonly #gatherings = new Map<string, { take(bytes: Uint8Array): void; end(why: Gathered['end']): void }>();
  #state: BusState;
  #subscriptions = 0;
  #nextReply = 0;
  #isClosed = false;

  constructor(makeCarrier: (events: CarrierEvents, pendingMax: number) => Carrier, parts: BusParts) {
    if (!isSubject(parts.inbox)) throw new Error(`"${parts.inbox}" is no subject`);
    this.#clock = parts.clock;
    this.#inbox = parts.inbox;
    this.#repliesBegin = `${parts.inbox}.`;
    this.#state = { isConnected: false, sinceMs: parts.clock.nowMs(), trouble: '' };
    const events: CarrierEvents = {
      onMessage: (subject, bytes, replyTo, pattern, isLent) =>
        this.#onMessage(subject, bytes, replyTo, pattern, isLent),
      onState: (isConnected, trouble) => this.#onState(isConnected, trouble),
      onUncertain: (messages) => {
        this.counts.uncertain += messages;
      },
    };
    this.#carrier = makeCarrier(events, parts.pendingBytesMax ?? pendingBytesMax);
    this.#carrier.want(`${this.#inbox}.*`);
  }

  publish(subject: string, bytes: Uint8Array): PublishFate {
    return this.#send(subject, bytes, '');
  }

  subscribe(pattern: string, onMessage: Listener): () => void {
    if (!isPattern(pattern)) throw new Error(`"${pattern}" is no pattern of subjects`);
    if (this.#subscriptions === subscriptionsMax) throw new Error(`more than ${subscriptionsMax} subscriptions`);
    if (this.#isClosed) return () => {};
    // A function of its own: the same listener may be given twice.
    const listener: Listener = (message) => onMessage(message);
    const known = this.#listeners.get(pattern);
    this.#listeners.set(pattern, [...(known ?? []), listener]);
    if (known === undefined) {
      if (isSubject(pattern)) this.#subjects.add(pattern);
      this.#carrier.want(pattern);
    }
    this.#subscriptions += 1;
    return () => this.#unsubscribe(pattern, listener);
  }

  gather(subject: string, bytes: Uint8Array, options: GatherOptions): Promise<Gathered> {
    const { withinMs, repliesMax, isComplete = () => false } = options;
    return new Promise((resolve) => {
      if (this.#gatherings.size >= subscriptionsMax) return resolve({ replies: [], end: 'full' });
      const replies: Reply[] = [];
      const begunAtMs = this.#clock.nowMs();
      const address = `${this.#inbox}.${this.#nextReply}`;
      this.#nextReply += 1;
      const end = (why: Gathered['end']): void => {
        if (!this.#gatherings.delete(address)) return;
        cancel();
        resolve({ replies, end: why });
      };
      const cancel = this.#clock.after(withinMs, () => end('late'));
      const take = (reply: Uint8Array): void => {
        replies.push({ bytes: reply, tookMs: this.#clock.nowMs() - begunAtMs });
        if (replies.length >= repliesMax || isComplete(replies)) end('complete');
      };
      this.#gatherings.set(address, { take, end });
      const fate = this.#send(subject, bytes, address);
      if (fate !== 'sent') end(fate);
    });
  }

  state(): BusState {
    return this.#state;
  }

  pendingBytes(): number {
    return this.#carrier.pendingBytes();
  }

  onStateChange(listener: (state: BusState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => void this.#stateListeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { end } of [...this.#gatherings.values()]) end('closed');
    this.#listeners.clear();
    this.#subscriptions = 0;
    await this.#carrier.close();
    this.#state = { isConnected: false, sinceMs: this.#clock.nowMs(), trouble: 'closed' };
    this.#stateListeners.clear();
  }

  #send(subject: string, bytes: Uint8Array, replyTo: string): PublishFate {
    if (this.#isClosed) return 'closed';
    if (bytes.length > messageBytesMax || !isSubject(subject)) {
      this.counts.refused += 1;
      return 'refused';
    }
    const fate = this.#carrier.send(subject, bytes, replyTo);
    if (fate === 'sent') this.counts.published += 1;
    else if (fate === 'away') this.counts.droppedAway += 1;
    else this.counts.droppedFull += 1;
    return fate;
  }

  #unsubscribe(pattern: string, listener: Listener): void {
    const listeners = this.#listeners.get(pattern);
    if (listeners?.includes(listener) !== true) return;
    this.#subscriptions -= 1;
    const left = listeners.filter((each) => each !== listener);
    if (left.length > 0) return void this.#listeners.set(pattern, left);
    this.#listeners.delete(pattern);
    this.#subjects.delete(pattern);
    this.#carrier.unwant(pattern);
  }

  #onMessage(subject: string, bytes: Uint8Array, replyTo: string, pattern: string | null, isLent = false): void {
    if (this.#isClosed) return;
    const isReplyTo = replyTo === '' || isSubject(replyTo);
    const isKnown = this.#subjects.has(subject) || isSubject(subject);
    if (!isKnown || !isReplyTo || bytes.length > messageBytesMax) {
      this.counts.malformed += 1;
      return;
    }
    if (subject.startsWith(this.#repliesBegin)) {
      const gathering = this.#gatherings.get(subject);
      // A reply that came by another pattern as well is not a second one.
      if (gathering === undefined || (pattern !== null && pattern !== `${this.#inbox}.*`)) return;
      this.counts.received += 1;
      this.#guarded(() => gathering.take(isLent ? new Uint8Array(bytes) : bytes));
      return;
    }
    const reply = (answer: Uint8Array): PublishFate => (replyTo === '' ? 'refused' : this.#send(replyTo, answer, ''));
    this.counts.received += 1;
    const message = isLent ? new LentMessage(subject, bytes, reply) : { subject, bytes, reply };
    if (pattern !== null) this.#tell(pattern, message);
    else for (const each of [...this.#listeners.keys()]) if (matchesPattern(each, subject)) this.#tell(each, message);
  }

  #tell(pattern: string, message: Parameters<Listener>[0]): void {
    for (const listener of this.#listeners.get(pattern) ?? []) this.#guarded(() => listener(message));
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch {
      this.counts.bugs += 1;
    }
  }

  #onState(isConnected: boolean, trouble: string): void {
    if (this.#isClosed) return;
    const before = this.#state;
    if (before.isConnected && !isConnected) this.counts.disconnects += 1;
    const sinceMs = before.isConnected === isConnected ? before.sinceMs : this.#clock.nowMs();
    this.#state = { isConnected, sinceMs, trouble };
    if (before.isConnected === isConnected) return;
    for (const listener of [...this.#stateListeners]) this.#guarded(() => listener(this.#state));
  }
}

/** Copied when somebody asks for bytes of his own. Not by slice: of a Buffer that is a view. */
class LentMessage implements BusMessage {
  readonly subject: string;
  readonly lent: Uint8Array;
  readonly reply: BusMessage['reply'];
  #own: Uint8Array | null = null;

  constructor(subject: string, lent: Uint8Array, reply: BusMessage['reply']) {
    this.subject = subject;
    this.lent = lent;
    this.reply = reply;
  }

  get bytes(): Uint8Array {
    this.#own ??= new Uint8Array(this.lent);
    return this.#own;
  }
}
