/**
 * The log that a cluster shares, with this control's copy of it on its own disk, as one log. What is read is the copy, whose places are the
 * numbers of its entries; what is appended goes to the shared log first, and is acknowledged when both have it. Any number of controls do
 * this at the same time, and what they do where log and copy differ is what they do for revisions (control/log/reseed.ts):
 *
 *   the log has more            ──▶ copied
 *   the log has lost its tail   ──▶ put back from the copy, with the same numbers
 *   … and others have appended  ──▶ put back behind those, as recovered: in force where nobody has changed the same things since
 *
 * So whoever reads it finds the log another one now and then (replaced behind some number), and begins anew.
 */
import type { Appended, LogBounds, LogEnd, LogRecord, SharedLog } from '@weir/proto/bus/shared-log.js';
import type { DecodedEntry as DecodedRevision } from '../log/entry.js';
import { LogReader } from '../log/log-reader.js';
import { nextStep, type Step } from '../log/reseed.js';
import type { LogCopy, LogEntry } from '../log/revision.js';
import { decodeEntry, encodeEntry } from './entry.js';

export interface ReplicatedLogOptions {
  readonly log: SharedLog;
  readonly copy: LogCopy;
  readonly writer: string;
  readonly say: (text: string) => void;
  /** Before it is looked again for what was acknowledged and can't be read yet; left out: not at all. */
  readonly pause?: () => Promise<void>;
}

const LOOKS_MAX = 8;
/** Others put back the same entries at the same time: each race that is lost is one entry less to put back. */
const LOST_RACES_MAX = 5_000;
const COPIED_AT_ONCE = 64;

export function replicatedLog(options: ReplicatedLogOptions): SharedLog {
  return new ReplicatedLog(options);
}

class ReplicatedLog implements SharedLog {
  readonly #options: ReplicatedLogOptions;
  readonly #log: LogReader;
  readonly #copy: LogReader;
  #tail: Promise<unknown> = Promise.resolve();
  /** Before the first look the copy is what is known, whether the log can be reached or not. */
  #isFirst = true;
  #told = '';
  #putBack = 0;

  constructor(options: ReplicatedLogOptions) {
    this.#options = options;
    this.#log = new LogReader(options.log, headOf);
    this.#copy = new LogReader(options.copy, headOf);
  }

  append(writer: string, bytes: Uint8Array, after?: LogEnd): Promise<Appended> {
    return this.#inTurn(() => this.#append(writer, bytes, after));
  }

  async bounds(): Promise<LogBounds | null> {
    if (this.#isFirst) {
      this.#isFirst = false;
      return this.#options.copy.bounds();
    }
    return this.#inTurn(async () => ((await this.#sync()) ? this.#options.copy.bounds() : null));
  }

  read(from: number, max: number): Promise<readonly LogRecord[] | null> {
    return this.#options.copy.read(from, max);
  }

  follow(onRecord: (record: LogRecord) => void): () => void {
    return this.#options.log.follow(onRecord);
  }

  async close(): Promise<void> {
    await this.#tail;
    await this.#options.log.close();
    await this.#options.copy.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => {});
    return result;
  }

  async #append(writer: string, bytes: Uint8Array, after: LogEnd | undefined): Promise<Appended> {
    if (!(await this.#sync())) return { ok: false, why: 'away', detail: this.#told };
    const last = this.#log.history.last?.number ?? 0;
    if (after !== undefined && after !== last)
      return { ok: false, why: 'conflict', detail: `the last entry is ${last}, not ${after}` };
    const appended = await this.#options.log.append(writer, bytes, this.#log.history.lastSequence);
    if (!appended.ok && appended.why !== 'uncertain') return appended;
    const id = idOf(bytes);
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      const found = (await this.#sync()) ? this.#log.history.byId(id) : null;
      if (found !== null) return { ok: true, number: found.number };
      // Only what was acknowledged has to come.
      if (!appended.ok) return appended;
      await this.#options.pause?.();
    }
    return { ok: false, why: 'uncertain', detail: 'it was acknowledged, and can not be read' };
  }

  /** Reads the log to its end, puts back what it has lost, and brings the copy up to it. False: it can't be known now. */
  async #sync(): Promise<boolean> {
    if (!(await this.#log.catchUp()))
      return this.#fail('the log of the registry cannot be reached; it is tried until it can');
    if (!(await this.#copy.catchUp())) return this.#fail('the copy of the registry on this disk cannot be read');
    // What the log's reader does not understand is copied as it is, and stops the reader of the copy as well.
    for (let lostRaces = 0; lostRaces <= LOST_RACES_MAX; ) {
      const step = nextStep(headsOf(this.#log), headsOf(this.#copy));
      if (step.kind === 'in-step') {
        this.#sayPutBack();
        return this.#copyBlocked();
      }
      if (step.kind === 'copy') {
        if (!(await this.#copyBehind(step.after))) return false;
      } else {
        const won = await this.#putBackOne(step);
        if (won === null) return false;
        lostRaces += won ? 0 : 1;
      }
    }
    return this.#fail('the log of the registry changes too quickly');
  }

  /** True: it is there; false: another was quicker; null: it can't be done now. */
  async #putBackOne(step: Extract<Step, { number: number }>): Promise<boolean | null> {
    const { log, copy, writer } = this.#options;
    const known = this.#copy.history.byNumber(step.number);
    const [record] = known === null ? [] : ((await copy.read(known.sequence, 1)) ?? []);
    const decoded = record === undefined ? null : decodeEntry(record.bytes);
    if (record === undefined || decoded?.ok !== true) {
      this.#fail('the copy of the registry on this disk cannot be read');
      return null;
    }
    const { entry } = decoded;
    const { last, lastSequence } = this.#log.history;
    const recovers = entry.recovers ?? entry.number;
    const place = { number: (last?.number ?? 0) + 1, before: last?.id ?? '', recovers };
    const bytes = step.kind === 'repeat' ? record.bytes : encodeEntry({ ...entry, ...place });
    const appended = await log.append(writer, bytes, lastSequence);
    if (appended.ok) this.#putBack += 1;
    else if (appended.why !== 'conflict') {
      this.#fail(`the log of the registry: ${appended.detail}`);
      return null;
    }
    if (await this.#log.catchUp()) return appended.ok;
    this.#fail('the log of the registry cannot be reached; it is tried until it can');
    return null;
  }

  async #copyBehind(after: number): Promise<boolean> {
    const wanted = this.#log.history.revisions.filter(({ head }) => head.number > after);
    for (let at = 0; at === 0 || at < wanted.length; at += COPIED_AT_ONCE) {
      const entries: LogEntry[] = [];
      for (const { sequence } of wanted.slice(at, at + COPIED_AT_ONCE)) {
        const [record] = (await this.#options.log.read(sequence, 1)) ?? [];
        if (record === undefined)
          return this.#fail('the log of the registry cannot be reached; it is tried until it can');
        entries.push(record);
      }
      try {
        this.#options.copy.replaceAfter(after + at, entries);
      } catch (error) {
        return this.#fail(`the copy of the registry on this disk cannot be written: ${String(error)}`);
      }
    }
    return (await this.#copy.catchUp()) || this.#fail('the copy of the registry on this disk cannot be read');
  }

  /** An entry of a later release is where the log ends, for those who read the copy as well. */
  #copyBlocked(): boolean {
    if (this.#log.history.blockedAt > 0)
      return this.#fail('the log of the registry has entries of a later release; update this control service');
    this.#told = '';
    return true;
  }

  #sayPutBack(): void {
    if (this.#putBack === 0) return;
    const { last } = this.#log.history;
    this.#options.say(
      `the log of the registry had lost ${this.#putBack} entries; put back from the copy on this disk, up to ${last?.number ?? 0}`,
    );
    this.#putBack = 0;
  }

  #fail(text: string): false {
    if (this.#told !== text) this.#options.say(text);
    this.#told = text;
    return false;
  }
}

function headsOf(reader: LogReader) {
  return reader.history.revisions.map(({ head }) => head);
}

function idOf(bytes: Uint8Array): string {
  const decoded = decodeEntry(bytes);
  return decoded.ok ? decoded.entry.id : '';
}

const NOTHING = new Uint8Array();

/** As an entry of the revision log: the two follow one another by the same rule, so one reader reads both. */
function headOf(bytes: Uint8Array): DecodedRevision {
  const decoded = decodeEntry(bytes);
  if (!decoded.ok) return decoded;
  const { number, before, id, recovers = 0, atWallMs } = decoded.entry;
  const rest = { author: '', reason: '', restores: 0, textBytes: 0, text: NOTHING };
  return { ok: true, entry: { number, before, id, recovers, atWallMs, ...rest } };
}
