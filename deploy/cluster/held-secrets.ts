/**
 * Secrets of teams at a host: asked of controls before a snapshot that names some is offered to workers, kept as they came, sealed for this host, and
 * opened in memory alone. Workers are given them by their supervisors, sealed for each process.
 *
 *   snapshot ─▶ all held, as of its entry of the registry? ─▶ offered
 *                   │ no
 *                   ▼
 *               asked ─▶ answered ─▶ kept on disk ─▶ offered
 *                   │ nobody answers
 *                   ├─ some never held ─▶ the snapshot waits
 *                   └─ older ones held ─▶ offered with those; asked until somebody answers, and offered once more where any has changed
 *
 * What a control says to be absent is: workers refuse a snapshot that needs it all the same. Owns what is held.
 */
import type { Bus, BusClock } from '@weir/proto/bus/bus.js';
import type { Subjects } from '@weir/proto/cluster/subjects.js';
import { readSecretsAnswer, type SecretsAnswer, secretsAskedMax } from '@weir/proto/events/secrets.js';
import { encodeMessage } from '@weir/proto/events/wire.js';
import type { BoxKey } from '@weir/proto/signing/sealed-box.js';
import { type KeyRing, openFrame } from '@weir/proto/signing/signed-frame.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';

export interface HeldSecretsParts {
  readonly cluster: string;
  /** Of the host. */
  readonly id: string;
  readonly keys: KeyRing;
  readonly bus: Pick<Bus, 'gather' | 'state'>;
  readonly subjects: Subjects;
  readonly clock: BusClock;
  readonly random: () => number;
  /** Asked for when there is something to be sealed or opened. */
  readonly boxKey: () => BoxKey;
  /** 22 characters that nobody can guess. */
  readonly drawNonce: () => string;
  /** Answers as they came, all that are needed. Never rejects. */
  readonly keep: (answers: readonly Uint8Array[]) => Promise<void>;
  /** What workers were given has changed since. */
  readonly onChange: () => void;
  readonly say: (text: string) => void;
}

interface Held {
  /** Null: there is none. */
  readonly text: string | null;
  /** Entry of the registry as of which that is so. */
  readonly asOf: number;
}

interface Kept {
  /** Null: of an earlier run. */
  readonly of: Needing | null;
  readonly answers: readonly Uint8Array[];
}

export interface HeldReading {
  readonly held: number;
  /** Of those that are needed, older than the snapshot that needs them. */
  readonly outdated: number;
}

type Needing = Pick<Snapshot, 'secrets' | 'registry'>;

const ANSWER_WITHIN_MS = 1_500;
/** Of controls; the first that can be read is enough. */
const REPLIES_MAX = 32;
const AGAIN_FIRST_MS = 500;
const AGAIN_MAX_MS = 10_000;

export class HeldSecrets {
  readonly #parts: HeldSecretsParts;
  readonly #held = new Map<string, Held>();
  #wanted: Needing = {};
  #before: Needing = {};
  /** As they came, of the latest snapshot and of the one before. */
  #kept: readonly Kept[] = [];
  /** Written one after the other: all go to one file. */
  #keeping: Promise<void> = Promise.resolve();
  #cancelAgain = (): void => {};
  #tries = 0;
  /** The first snapshot is the one that was kept, and what was kept with it is for it. */
  #isStarted = false;
  #isOver = false;

  constructor(parts: HeldSecretsParts) {
    this.#parts = parts;
  }

  /** Of an earlier run; what can't be opened any more is not held. */
  begin(answers: readonly Uint8Array[]): void {
    const opened = answers.flatMap((bytes) => {
      const answer = this.#open(bytes);
      return answer === null ? [] : [{ bytes, answer }];
    });
    for (const { answer } of opened) this.#take(answer);
    this.#kept = [{ of: null, answers: opened.map(({ bytes }) => bytes) }];
    if (opened.length < answers.length)
      this.#parts.say('secrets of teams that were kept here can not be opened any more; they are asked for anew');
  }

  /** As snapshots name them: those of the latest one, and of the one before, which may be gone back to. */
  values(): Readonly<Record<string, string>> {
    const values: Record<string, string> = {};
    for (const name of [...namesOf(this.#before), ...namesOf(this.#wanted)]) {
      const text = this.#held.get(name)?.text ?? null;
      if (text !== null) values[`secret:${name}`] = text;
    }
    return values;
  }

  reading(): HeldReading {
    return { held: Object.keys(this.values()).length, outdated: this.#outdated(this.#wanted).length };
  }

  /** Before that snapshot is offered. False: it can't be yet. */
  async ready(snapshot: Needing): Promise<boolean> {
    if (!isSame(this.#wanted, snapshot)) this.#want(snapshot);
    this.#cancelAgain();
    if (this.#outdated(this.#wanted).length === 0) return true;
    const wanted = this.#wanted;
    // At a start with NATS away, nobody is waited for.
    if (this.#parts.bus.state().isConnected) await this.#ask(wanted);
    if (this.#outdated(wanted).length === 0) return true;
    if (namesOf(wanted).some((name) => !this.#held.has(name))) return false;
    this.#parts.say('no control has told the secrets of teams anew; those of before are used, and it is asked again');
    this.#askLater();
    return true;
  }

  /** Resolves when what is held is kept. */
  close(): Promise<void> {
    this.#isOver = true;
    this.#cancelAgain();
    return this.#keeping;
  }

  /** What neither it nor the one before needs is held no longer. */
  #want(snapshot: Needing): void {
    this.#before = this.#wanted;
    this.#wanted = snapshot;
    this.#tries = 0;
    const needed = new Set([...namesOf(this.#before), ...namesOf(this.#wanted)]);
    for (const name of this.#held.keys()) if (this.#isStarted && !needed.has(name)) this.#held.delete(name);
    if (this.#isStarted && needed.size === 0 && this.#kept.length > 0) void this.#keep([]);
    this.#isStarted = true;
  }

  #outdated(needing: Needing): readonly string[] {
    const { registry = 0 } = needing;
    return namesOf(needing).filter((name) => (this.#held.get(name)?.asOf ?? -1) < registry);
  }

  #askLater(): void {
    const { clock, random } = this.#parts;
    const ms = Math.min(AGAIN_FIRST_MS * 2 ** Math.min(this.#tries, 10), AGAIN_MAX_MS);
    this.#tries += 1;
    const wanted = this.#wanted;
    // Half of it is chance: a fleet does not come all at once.
    this.#cancelAgain = clock.after(ms / 2 + (ms / 2) * random(), () => void this.#askAgain(wanted));
  }

  async #askAgain(wanted: Needing): Promise<void> {
    const before = JSON.stringify(this.values());
    await this.#ask(wanted);
    // A newer snapshot has come meanwhile, and has asked for itself.
    if (this.#isOver || wanted !== this.#wanted) return;
    if (this.#outdated(wanted).length > 0) this.#askLater();
    if (JSON.stringify(this.values()) !== before) this.#parts.onChange();
  }

  /** Asks for all that is named, so that what is kept is one state; as far as it is answered. */
  async #ask(needing: Needing): Promise<void> {
    const answers: Uint8Array[] = [];
    let left = namesOf(needing);
    while (left.length > 0 && !this.#isOver) {
      const found = await this.#askSome(left.slice(0, secretsAskedMax), needing.registry ?? 0);
      if (found === null) return;
      this.#take(found.answer);
      answers.push(found.bytes);
      const told = new Set([...Object.keys(found.answer.values), ...found.answer.absent]);
      const rest = left.filter((name) => !told.has(name));
      if (rest.length === left.length) return;
      left = rest;
    }
    // Those of the snapshot before are needed as long as a start may begin with it.
    const others = this.#kept.filter(({ of }) => of !== needing).slice(-1);
    await this.#keep([...others, { of: needing, answers }]);
  }

  #keep(kept: readonly Kept[]): Promise<void> {
    this.#kept = kept;
    const answers = kept.flatMap((each) => each.answers);
    this.#keeping = this.#keeping.then(() => this.#parts.keep(answers));
    return this.#keeping;
  }

  async #askSome(names: readonly string[], registry: number) {
    const { bus, subjects, id, boxKey, drawNonce } = this.#parts;
    const nonce = drawNonce();
    const question = { kind: 'secrets.question', id, boxKey: boxKey().publicKey, nonce, registry, names } as const;
    let found: { readonly answer: SecretsAnswer; readonly bytes: Uint8Array } | null = null;
    await bus.gather(subjects.all('secrets.question'), encodeMessage(question), {
      ...{ withinMs: ANSWER_WITHIN_MS, repliesMax: REPLIES_MAX },
      isComplete: (replies) => {
        const bytes = replies.at(-1)?.bytes;
        const answer = bytes === undefined ? null : this.#open(bytes);
        // An answer to another question, however well it is signed, may be one of long ago.
        if (bytes === undefined || answer?.nonce !== nonce || answer.registry < registry) return false;
        found = { answer, bytes };
        return true;
      },
    });
    return found as { readonly answer: SecretsAnswer; readonly bytes: Uint8Array } | null;
  }

  #open(bytes: Uint8Array): SecretsAnswer | null {
    const { cluster, keys, id, boxKey } = this.#parts;
    const opened = openFrame(bytes, { cluster, purpose: 'secrets' }, keys);
    const content = opened.ok ? boxKey().open(opened.body) : null;
    const answer = content === null ? null : readSecretsAnswer(content);
    return answer?.id === id ? answer : null;
  }

  #take({ values, absent, registry: asOf }: SecretsAnswer): void {
    const put = (name: string, text: string | null): void => {
      if ((this.#held.get(name)?.asOf ?? -1) <= asOf) this.#held.set(name, { text, asOf });
    };
    for (const [name, text] of Object.entries(values)) put(name, text);
    for (const name of absent) put(name, null);
  }
}

function namesOf({ secrets = [] }: Needing): readonly string[] {
  return secrets;
}

function isSame(a: Needing, b: Needing): boolean {
  return a.registry === b.registry && namesOf(a).join() === namesOf(b).join();
}
