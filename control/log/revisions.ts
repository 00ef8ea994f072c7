/**
 * The revision log in use: who appends, reads, and hears of changes. Over one log where control is alone (`lmdb-log.ts`), or over
 * the cluster's stream with this member's copy beside it, kept in step as `reseed.ts` says.
 *
 *   append ─▶ in step? ─▶ expected the last one? ─▶ compare-and-set ─▶ read back ─▶ copied ─▶ acknowledged
 *
 * An append whose fate is unknown is looked for by its id, and repeated at the same place: there it can be taken once only. What others
 * see (`current`, `history`) changes when log and copy are in step, so a log that is being written anew never shows an old
 * config as the one in force.
 */
import { entryBytesMax, type SharedLog } from '@weir/proto/bus/shared-log.js';
import { decodeEntry, encodeEntry } from './entry.js';
import { History } from './history.js';
import { tooLarge } from './lmdb-log.js';
import { LogReader } from './log-reader.js';
import { packText, unpackText } from './pack-text.js';
import { nextStep } from './reseed.js';
import type { Change, LogCopy, LogEntry, Outcome, Revision, RevisionHead, Revisions } from './revision.js';

export interface RevisionsOptions {
  readonly log: SharedLog;
  /** This member's copy of a log that others write as well; null where the log is this member's own. */
  readonly copy: LogCopy | null;
  /** Who appends, where the log wants to know: a member's id. */
  readonly writer: string;
  readonly wallMs: () => number;
  /** Looks after the log every so often, for what `follow` has missed; returns how to end it. Null: nobody else writes. */
  readonly every: ((run: () => void) => () => void) | null;
  readonly say: (text: string) => void;
  /** Before it is looked again for what was acknowledged and can't be read yet; left out: not at all. */
  readonly pause?: () => Promise<void>;
}

/** More would be an operator's loop gone wild. */
const WAITING_MAX = 64;
const ATTEMPTS_MAX = 4;
const LOOKS_MAX = 8;
/** Others put back the same revisions at the same time: each race that is lost is one revision less to put back. */
const LOST_RACES_MAX = 500;

/** Resolves when what is there has been read, or can't be reached: then the copy is what is known. */
export async function openRevisions(options: RevisionsOptions): Promise<Revisions> {
  const kept = new KeptRevisions(options);
  await kept.start();
  return kept;
}

const LOG_AWAY =
  'the revision log cannot be reached; it is tried until it can, and weir status says what keeps it away';

class KeptRevisions implements Revisions {
  readonly #options: RevisionsOptions;
  readonly #log: LogReader;
  readonly #copy: LogReader | null;
  readonly #listeners = new Set<(current: Revision) => void>();
  readonly #ends: (() => void)[] = [];
  #shown = new History();
  /** Of which that is a copy; the log is read into another one when it was begun anew. */
  #shownFrom: History | null = null;
  #current: Revision | null = null;
  #trouble = '';
  #waiting = 0;
  /** By this member, since it was told last. */
  #putBack = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #isLookAsked = false;

  constructor(options: RevisionsOptions) {
    this.#options = options;
    this.#log = new LogReader(options.log);
    this.#copy = options.copy === null ? null : new LogReader(options.copy);
  }

  async start(): Promise<void> {
    const { log, every } = this.#options;
    if (this.#copy !== null && (await this.#copy.catchUp())) this.#show(this.#copy.history);
    this.#ends.push(log.follow(() => this.#look()));
    if (every !== null) this.#ends.push(every(() => this.#look()));
    await this.#inTurn(() => this.#sync());
  }

  current(): Revision | null {
    return this.#current;
  }

  last(): RevisionHead | null {
    return this.#shown.last;
  }

  history(before: number, max: number): readonly RevisionHead[] {
    return this.#shown.page(before, max);
  }

  look(): Promise<boolean> {
    return this.#inTurn(() => this.#sync());
  }

  knows(id: string): boolean {
    return this.#shown.byId(id) !== null;
  }

  trouble(): string {
    return this.#trouble;
  }

  onChange(listener: (current: Revision) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async read(number: number): Promise<Revision | null> {
    const known = this.#shown.byNumber(number);
    if (known === null) return null;
    if (known.head.id === this.#current?.id) return this.#current;
    // The copy is nearer, and there while the log is away; its places are the revisions' numbers.
    const { log, copy } = this.#options;
    const [record] = (await (copy === null ? log.read(known.sequence, 1) : copy.read(number, 1))) ?? [];
    const decoded = record === undefined ? null : decodeEntry(record.bytes);
    if (decoded?.ok !== true || decoded.entry.id !== known.head.id) return null;
    const text = unpackText(decoded.entry.text);
    return text === null ? null : { ...known.head, text };
  }

  append(change: Change, expected: number): Promise<Outcome> {
    if (this.#waiting >= WAITING_MAX) {
      return Promise.resolve({ ok: false, why: 'away', detail: `${WAITING_MAX} others wait for the log already` });
    }
    this.#waiting += 1;
    return this.#inTurn(() => this.#append(change, expected)).finally(() => {
      this.#waiting -= 1;
    });
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    await this.#tail;
  }

  /** One after the other: what is known of the log is read, compared and written in one turn. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => {});
    return result;
  }

  #look(): void {
    if (this.#isLookAsked) return;
    this.#isLookAsked = true;
    void this.#inTurn(async () => {
      this.#isLookAsked = false;
      await this.#sync();
    });
  }

  async #append(change: Change, expected: number): Promise<Outcome> {
    if (!(await this.#sync())) return { ok: false, why: 'away', detail: this.#trouble };
    const known = this.#shown.byId(change.id);
    if (known !== null) return { ok: true, revision: known, isNew: false };
    const { last } = this.#shown;
    if ((last?.number ?? 0) !== expected) return conflict(last);
    const bytes = this.#encode(change, last);
    if (bytes.length > entryBytesMax) return { ok: false, why: 'refused', detail: tooLarge(bytes.length) };
    let isUncertain = false;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const { log, writer } = this.#options;
      const appended = await log.append(writer, bytes, this.#shown.lastSequence);
      if (!appended.ok && appended.why === 'refused') return { ok: false, why: 'refused', detail: appended.detail };
      if (!appended.ok && appended.why === 'away' && !isUncertain) {
        return { ok: false, why: 'away', detail: appended.detail };
      }
      // It was acknowledged, or it may be there, or somebody else is: what can be read decides.
      isUncertain ||= appended.ok || appended.why === 'uncertain';
      if (!(await this.#readBack(appended.ok))) break;
      const found = this.#shown.byId(change.id);
      if (found !== null) return { ok: true, revision: found, isNew: true };
      if (this.#shown.last?.id !== last?.id) return conflict(this.#shown.last);
    }
    return isUncertain
      ? { ok: false, why: 'uncertain', detail: `it may be in the log or not (${this.#trouble || 'no answer'})` }
      : { ok: false, why: 'away', detail: this.#trouble || 'others were always quicker' };
  }

  /** What was acknowledged may be read from a server that has not heard of it yet. */
  async #readBack(isAcknowledged: boolean): Promise<boolean> {
    for (let look = 0; isAcknowledged && look < LOOKS_MAX; look += 1) {
      if (await this.#sync()) return true;
      await this.#options.pause?.();
    }
    return this.#sync();
  }

  #encode(change: Change, last: RevisionHead | null): Uint8Array {
    const { id, author, reason, text, restores } = change;
    const place = { number: (last?.number ?? 0) + 1, before: last?.id ?? '', recovers: 0 };
    return encodeEntry({
      ...place,
      ...{ id, author, reason, restores, atWallMs: this.#options.wallMs() },
      ...packText(text),
    });
  }

  /** Reads the log to its end, puts back what it has lost, and brings the copy up to it. False: `#trouble` says why not. */
  async #sync(): Promise<boolean> {
    if (!(await this.#log.catchUp())) return this.#fail(LOG_AWAY);
    if (this.#log.history.blockedAt > 0) {
      // What it understands is still shown, and nothing is appended behind what it does not.
      this.#show(this.#log.history);
      return this.#fail('the revision log has entries of a later release; update this control service');
    }
    if (this.#copy !== null && !(await this.#keepInStep(this.#copy))) return false;
    this.#trouble = '';
    this.#show(this.#log.history);
    return true;
  }

  async #keepInStep(copy: LogReader): Promise<boolean> {
    if (!(await copy.catchUp())) return this.#fail('the copy of the revision log on this disk cannot be read');
    let lostRaces = 0;
    for (;;) {
      const { history } = this.#log;
      const step = nextStep(heads(history), heads(copy.history));
      if (step.kind === 'in-step') break;
      if (step.kind === 'copy') {
        if (!(await this.#copyBehind(step.after))) return false;
        if (!(await copy.catchUp())) return this.#fail('the copy of the revision log on this disk cannot be read');
        continue;
      }
      const sequence = history.lastSequence;
      const bytes = await this.#bytesToPutBack(copy.history, step);
      if (bytes === null) return this.#fail('the copy of the revision log on this disk cannot be read');
      const appended = await this.#options.log.append(this.#options.writer, bytes, sequence);
      if (appended.ok) this.#putBack += 1;
      else lostRaces += 1;
      if (lostRaces > LOST_RACES_MAX) return this.#fail('the revision log changes too quickly');
      if (!appended.ok && appended.why !== 'conflict') return this.#fail(`the revision log: ${appended.detail}`);
      if (!(await this.#log.catchUp())) return this.#fail(LOG_AWAY);
    }
    if (this.#putBack > 0) this.#sayPutBack(this.#putBack);
    this.#putBack = 0;
    return true;
  }

  async #bytesToPutBack(
    copy: History,
    step: { kind: 'repeat' | 'recover'; number: number },
  ): Promise<Uint8Array | null> {
    const known = copy.byNumber(step.number);
    const [record] = known === null ? [] : ((await this.#options.copy?.read(known.sequence, 1)) ?? []);
    if (record === undefined || step.kind === 'repeat') return record?.bytes ?? null;
    const decoded = decodeEntry(record.bytes);
    if (!decoded.ok) return null;
    const { entry } = decoded;
    const { last } = this.#log.history;
    const recovers = entry.recovers === 0 ? entry.number : entry.recovers;
    return encodeEntry({ ...entry, number: (last?.number ?? 0) + 1, before: last?.id ?? '', recovers });
  }

  async #copyBehind(after: number): Promise<boolean> {
    const { log, copy } = this.#options;
    const wanted = this.#log.history.revisions.filter(({ head }) => head.number > after);
    // In steps, so that not all of a long log is in memory at once.
    const COPIED_AT_ONCE = 16;
    for (let at = 0; at === 0 || at < wanted.length; at += COPIED_AT_ONCE) {
      const entries: LogEntry[] = [];
      for (const { sequence } of wanted.slice(at, at + COPIED_AT_ONCE)) {
        const [record] = (await log.read(sequence, 1)) ?? [];
        if (record === undefined) return this.#fail(LOG_AWAY);
        entries.push(record);
      }
      try {
        copy?.replaceAfter(after + at, entries);
      } catch (error) {
        return this.#fail(`the copy of the revision log on this disk cannot be written: ${String(error)}`);
      }
    }
    return true;
  }

  #sayPutBack(count: number): void {
    const { last } = this.#log.history;
    this.#options.say(
      `the revision log had lost ${count} ${count === 1 ? 'revision' : 'revisions'}; put back from the copy on this disk, up to ${last?.number ?? 0}. ` +
        'Those whose numbers others had taken are not in force: `weir history` marks them, `weir rollback` takes one back.',
    );
  }

  #fail(trouble: string): boolean {
    if (this.#trouble !== trouble) this.#options.say(trouble);
    this.#trouble = trouble;
    return false;
  }

  /** All at once: whoever compares with `current` and names `last` must not get them of two moments. */
  #show(history: History): void {
    if (history === this.#shownFrom && history.lastSequence === this.#shown.lastSequence) return;
    this.#shownFrom = history;
    this.#shown = history.copy();
    const entry = history.current;
    if (entry === null || entry.id === this.#current?.id) return;
    const text = unpackText(entry.text);
    if (text === null) {
      this.#fail(`revision ${entry.number} cannot be read`);
      return;
    }
    const { before: _, text: __, ...head } = entry;
    const current = { ...head, text };
    this.#current = current;
    for (const tell of this.#listeners) tell(current);
  }
}

function conflict(last: RevisionHead | null): Outcome {
  const detail =
    last === null ? 'there is no revision yet' : `revision ${last.number} of ${last.author} is the last one`;
  return { ok: false, why: 'conflict', last, detail };
}

function heads(history: History) {
  return history.revisions.map(({ head }) => head);
}
