/**
 * The bus: how members of a cluster hear each other. Three implementations keep this contract, in one process
 * (`broker.ts`), between a process and its children (`ipc-bus.ts`), and over NATS (`nats-bus.ts`); one suite holds all of
 * them to it (test/conformance/bus).
 *
 * A message is heard at most once, and by those only who are there: what must not be missed has a log, what is told
 * again and again needs none. So nothing that is published ever waits for a bus that is away: it is dropped and counted, and
 * whoever publishes goes on. No call throws for a reason that lies outside of this process.
 *
 *   order     messages of one sender reach one subscriber in the order in which they were sent
 *   echo      none: whoever publishes does not hear himself
 *   turn      a subscriber is never called within `publish`
 */

/** 1 MiB, the default of a nats-server: what is larger goes another way than the bus. */
export const messageBytesMax = 1024 * 1024;
/** Patterns of one end of the bus, replies that are awaited among them. */
export const subscriptionsMax = 1_000;
/** What may be under way from here and not taken yet; at 1,000 messages of 400 bytes a second, ten seconds of them. */
export const pendingBytesMax = 4 * 1024 * 1024;

export interface BusMessage {
  readonly subject: string;
  /** The receiver's own: it may keep them. */
  readonly bytes: Uint8Array;
  /** The same for who keeps nothing of them beyond this turn: spares the copy. Left out where there is none to spare. */
  readonly lent?: Uint8Array;
  /** Sends an answer to whoever gathers; nothing when nobody does. */
  reply(bytes: Uint8Array): PublishFate;
}

/**
 * `sent`: handed over, which is no promise that it arrives. Everything else is dropped: `away`, nobody would hear it;
 * `full`, so much is under way already; `refused`, larger than may be, or not a subject; `closed`, by this side.
 */
export type PublishFate = 'sent' | 'away' | 'full' | 'refused' | 'closed';

export interface BusState {
  readonly isConnected: boolean;
  /** Since when it is as it is, by the clock that the bus was given. */
  readonly sinceMs: number;
  /** What went wrong last, in words; empty where nothing did. */
  readonly trouble: string;
}

/** Counted since the bus was made. */
export interface BusCounts {
  published: number;
  received: number;
  /** By the reason of `PublishFate`. */
  droppedAway: number;
  droppedFull: number;
  refused: number;
  /** Were under way when the connection broke: they arrived, or did not. */
  uncertain: number;
  /** Came with a larger body or another subject than may be, and were not passed on. */
  malformed: number;
  /** A subscriber threw: a bug of his, that the others don't feel. */
  bugs: number;
  /** How often the connection was lost. */
  disconnects: number;
}

export interface GatherOptions {
  readonly withinMs: number;
  /** No more than these; at that number it is over. */
  readonly repliesMax: number;
  /** Whether nothing more is awaited; looked at after each reply. */
  isComplete?(replies: readonly Reply[]): boolean;
}

export interface Reply {
  readonly bytes: Uint8Array;
  /** From the call on. */
  readonly tookMs: number;
}

export interface Gathered {
  readonly replies: readonly Reply[];
  /** `complete`: by `isComplete` or `repliesMax`. `late`: by time. The others are fates of the request. */
  readonly end: 'complete' | 'late' | Exclude<PublishFate, 'sent'>;
}

export interface Bus {
  publish(subject: string, bytes: Uint8Array): PublishFate;
  /** Throws for what is no pattern, and for too many: both are bugs. Returns how to end it. */
  subscribe(pattern: string, onMessage: (message: BusMessage) => void): () => void;
  /** Publishes, and collects what is replied until a bound is met. Never rejects. */
  gather(subject: string, bytes: Uint8Array, options: GatherOptions): Promise<Gathered>;
  state(): BusState;
  /** Sent and not known to be taken. */
  pendingBytes(): number;
  readonly counts: Readonly<BusCounts>;
  /** Called at each change of `isConnected`, in a turn of its own. */
  onStateChange(listener: (state: BusState) => void): () => void;
  /** Nothing is heard after it; gatherings end as `closed`. Resolves when what was sent is out, or can't be any more. */
  close(): Promise<void>;
}

/** Time as the bus needs it; `after` returns how to cancel. */
export interface BusClock {
  nowMs(): number;
  after(delayMs: number, run: () => void): () => void;
}
