/**
 * The registry in use: who executes commands, reads, and hears of changes. Over one log that others may write as well.
 *
 *   execute ─▶ read to the end ─▶ done before? ─▶ decided by the model ─▶ compare-and-set ─▶ read back ─▶ acknowledged
 *                  ▲                                                          │ another was quicker
 *                  └──────────────────── decided anew ◀───────────────────────┘
 *
 * An append whose fate is unknown is looked for by its id, and repeated at the same place: there it can be taken once only. What was read
 * is seen at once by all who ask (`get`, `list`), and nothing is seen that is not in the log. Owns the turn of commands, and how much of the log
 * each has taken.
 */
import { entryBytesMax, type SharedLog } from '@weir/proto/bus/shared-log.js';
import { decide } from '../model/commands.js';
import type { Decided, DecisionContext } from '../model/decision.js';
import type { AuditEntry, Change } from '../model/entities.js';
import { standingOf } from '../model/permissions.js';
import { AuditPages } from './audit-pages.js';
import type { Checkpoints } from './checkpoints.js';
import { encodeEntry, isEntryId } from './entry.js';
import type { Command, Executed, Registry, WriteCounts } from './registry.js';
import { type Recent, RegistryReader } from './registry-reader.js';
import type { RegistryState } from './state.js';
import { teamsOf } from './teams-of.js';
import { unitsOf, WriteRates } from './write-rates.js';

export interface LogRegistryOptions {
  readonly log: SharedLog;
  /** Null: the log keeps all that there ever was. */
  readonly checkpoints: Checkpoints | null;
  /** Who appends, where the log wants to know: a member's id. */
  readonly writer: string;
  readonly wallMs: () => number;
  /** 22 characters that nobody can guess. */
  readonly draw: () => string;
  /** Looks after the log every so often, for what `follow` has missed; returns how to end it. Null: nobody else writes. */
  readonly every: ((run: () => void) => () => void) | null;
  readonly say: (text: string) => void;
  /** Paths of the gateway itself, such as the prefix of jobs: no service lies there. Asked for with each command. */
  readonly reservedPaths: () => readonly string[];
  /** Before it is looked again for what was acknowledged and can't be read yet; left out: not at all. */
  readonly pause?: () => Promise<void>;
}

/** More would be a loop gone wild. */
const WAITING_MAX = 256;
/** Of decisions that others were quicker than. */
const ATTEMPTS_MAX = 16;
const LOOKS_MAX = 8;
const REASON_CHARS_MAX = 1_000;
/** Whoever goes on trying is not told of each time. */
const SAID_EVERY_MS = 60_000;

const LOG_AWAY = 'the log of the registry cannot be reached; it is tried until it can';

/** Resolves when what is there has been read, or can't be reached: then the checkpoint is what is known. */
export async function openLogRegistry(options: LogRegistryOptions): Promise<Registry> {
  const kept = new LogRegistry(options);
  await kept.start();
  return kept;
}

class LogRegistry implements Registry {
  readonly #options: LogRegistryOptions;
  #reader: RegistryReader;
  #audit: AuditPages;
  readonly #listeners = new Set<(entry: AuditEntry) => void>();
  readonly #rebuiltListeners = new Set<() => void>();
  readonly #ends: (() => void)[] = [];
  readonly #rates = new WriteRates();
  readonly #writes = { made: 0, queue: 0, log: 0 };
  #saidTooManyAtMs = Number.NEGATIVE_INFINITY;
  #trouble = '';
  #waiting = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #isLookAsked = false;
  #isStarted = false;
  #isKnown = false;
  /** The log was another one, and the state could not be made of it. */
  #isStranded = false;

  constructor(options: LogRegistryOptions) {
    this.#options = options;
    this.#reader = new RegistryReader(options.log, (entry) => this.#heard(entry));
    this.#audit = new AuditPages(options.log, this.#reader);
  }

  async start(): Promise<void> {
    const { log, every, checkpoints } = this.#options;
    const checkpoint = checkpoints?.load() ?? null;
    if (checkpoint !== null) this.#reader.begin(checkpoint);
    this.#ends.push(log.follow(() => this.#look()));
    if (every !== null) this.#ends.push(every(() => this.#look()));
    await this.#inTurn(() => this.#sync());
    this.#isStarted = true;
  }

  get state(): RegistryState {
    return this.#reader.state;
  }

  execute(command: Command): Promise<Executed> {
    if (this.#waiting >= WAITING_MAX) {
      this.#writes.queue += 1;
      return Promise.resolve({ ok: false, why: 'away', detail: `${WAITING_MAX} others wait for the registry already` });
    }
    this.#waiting += 1;
    return this.#inTurn(async () => this.#counted(await this.#execute(command))).finally(() => {
      this.#waiting -= 1;
    });
  }

  earlier(id: string): 'none' | 'same' | 'other' {
    const recent = this.#reader.recent(id);
    if (recent === null) return 'none';
    return isSameRequest(recent.id, id) ? 'same' : 'other';
  }

  writes(): WriteCounts {
    const { made, queue, log } = this.#writes;
    return { made, refused: { ...this.#rates.refused, queue, log } };
  }

  audit(before: number, max: number): Promise<readonly AuditEntry[] | null> {
    return this.#audit.page(before, max);
  }

  onChange(listener: (entry: AuditEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  onRebuilt(listener: () => void): () => void {
    this.#rebuiltListeners.add(listener);
    return () => void this.#rebuiltListeners.delete(listener);
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  trouble(): string {
    return this.#trouble;
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    await this.#tail;
    this.#save(true);
    this.#listeners.clear();
    this.#rebuiltListeners.clear();
  }

  get number() {
    return this.state.number;
  }
  get designsChars() {
    return this.state.designsChars;
  }
  readonly get: Registry['get'] = (kind, id) => this.state.get(kind, id);
  readonly list: Registry['list'] = (kind, query) => this.state.list(kind, query);
  readonly all: Registry['all'] = (kind) => this.state.all(kind);
  readonly of: Registry['of'] = (kind, by, id) => this.state.of(kind, by, id);
  readonly count: Registry['count'] = (kind) => this.state.count(kind);
  readonly countOf: Registry['countOf'] = (kind, by, id) => this.state.countOf(kind, by, id);
  readonly userByLogin: Registry['userByLogin'] = (login) => this.state.userByLogin(login);
  readonly userByOidc: Registry['userByOidc'] = (issuer, subject) => this.state.userByOidc(issuer, subject);
  readonly tokenByHash: Registry['tokenByHash'] = (sha256) => this.state.tokenByHash(sha256);
  readonly keyByHash: Registry['keyByHash'] = (sha256) => this.state.keyByHash(sha256);
  readonly isHashTaken: Registry['isHashTaken'] = (sha256) => this.state.isHashTaken(sha256);
  readonly operators: Registry['operators'] = () => this.state.operators();
  readonly servicesNear: Registry['servicesNear'] = (basePath) => this.state.servicesNear(basePath);

  tried<T>(changes: readonly Change[], look: () => T): T {
    return this.state.tried(changes, look);
  }

  /** One after the other: what is known of the log is read, decided on and written in one turn. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => {});
    return result;
  }

  #counted(executed: Executed): Executed {
    if (executed.ok) this.#writes.made += executed.isNew ? 1 : 0;
    else if (executed.why === 'away' || executed.why === 'uncertain') this.#writes.log += 1;
    return executed;
  }

  #look(): void {
    if (this.#isLookAsked) return;
    this.#isLookAsked = true;
    void this.#inTurn(async () => {
      this.#isLookAsked = false;
      await this.#sync();
    });
  }

  async #execute(command: Command): Promise<Executed> {
    const id = command.id ?? this.#options.draw();
    if (!isEntryId(id)) return noId(id);
    if ((command.reason ?? '').length > REASON_CHARS_MAX) return noReason();
    if (!(await this.#sync())) return { ok: false, why: 'away', detail: this.#trouble };
    const earlier = await this.#doneEarlier(command, id);
    if (earlier !== null) return earlier;
    const { actor, facts = {} } = command;
    const { draw, wallMs, reservedPaths } = this.#options;
    const context = { actor, facts, newId: draw(), wallMs: wallMs(), reservedPaths: reservedPaths() };
    const sent: string[] = [];
    let isUncertain = false;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const decision = decide(this.state, command, context);
      if (!decision.ok) return decision;
      const { warnings } = decision;
      const { entry, bytes } = this.#entryOf(decision, command, id, context);
      if (bytes.length > entryBytesMax) return tooLarge(bytes.length);
      const waitMs = attempt === 0 ? this.#waitMs(decision.changes, bytes.length, context) : 0;
      if (waitMs > 0) return this.#tooMany(command, waitMs, context.wallMs);
      sent.push(JSON.stringify(entry.changes));
      const place = this.#reader.lastSequence;
      const appended = await this.#options.log.append(this.#options.writer, bytes, place);
      if (!appended.ok && (appended.why === 'refused' || (appended.why === 'away' && !isUncertain)))
        return { ok: false, why: 'away', detail: appended.detail };
      // It was acknowledged, or it may be there, or somebody else is: what can be read decides.
      isUncertain ||= appended.ok || appended.why === 'uncertain';
      if (!(await this.#readBack(appended.ok, id))) break;
      const found = this.#reader.recent(id);
      if (found !== null && !appended.ok) return this.#foundOf(command, found, sent, warnings);
      if (found !== null) return { ok: true, entry: { ...entry, number: found.number }, isNew: true, warnings };
      // At the place of another entry it can't be any more.
      if (this.#reader.lastSequence > place) isUncertain = false;
    }
    return isUncertain
      ? uncertain(this.#trouble || 'no answer')
      : { ok: false, why: 'away', detail: this.#trouble || 'others were always quicker; try again' };
  }

  /** Of its id: what was sent here, or by another control that was asked for the same at once. Then what was drawn here is not what is there. */
  async #foundOf(
    command: Command,
    found: Recent,
    sent: readonly string[],
    warnings: readonly string[],
  ): Promise<Executed> {
    const entry = await this.#audit.entryAt(found);
    if (entry === null) return uncertain(LOG_AWAY);
    if (sent.includes(JSON.stringify(entry.changes))) return { ok: true, entry, isNew: true, warnings };
    return (await this.#doneEarlier(command, command.id ?? found.id)) ?? uncertain(LOG_AWAY);
  }

  /** Zero: it may take its part of the log, and has. */
  #waitMs(changes: readonly Change[], bytes: number, { actor, wallMs }: DecisionContext): number {
    const standing = standingOf(this.state, actor);
    // What only ends things, such as a key that has leaked, waits for nobody; it takes as many changes to make them.
    if (standing.isOperator || changes.every(({ value }) => value === null)) return 0;
    const asker = { userId: actor.userId, teamIds: teamsOf(this.state, standing, changes) };
    return this.#rates.take(asker, unitsOf(bytes), wallMs);
  }

  #tooMany({ what, actor }: Command, waitMs: number, nowMs: number): Executed {
    if (nowMs - this.#saidTooManyAtMs >= SAID_EVERY_MS) {
      this.#saidTooManyAtMs = nowMs;
      this.#options.say(
        `${actor.login} changes more than there is room for (${what}), and has to wait; what others do goes on`,
      );
    }
    const detail = 'you, or your team, have changed more within a short time than the log of the registry has room for';
    return {
      ok: false,
      why: 'too many',
      detail: `${detail}; wait, and look for a program that does it again and again`,
      waitMs,
    };
  }

  #entryOf({ on, changes }: Decided, { what, reason = '' }: Command, id: string, context: DecisionContext) {
    const { actor, wallMs } = context;
    const audited: AuditEntry = { number: this.number + 1, id, what, on, actor, atWallMs: wallMs, reason, changes };
    return { entry: audited, bytes: encodeEntry({ ...audited, before: this.#reader.lastId }) };
  }

  /** The same command, made again: its answer was lost, say. */
  async #doneEarlier({ what, actor }: Command, id: string): Promise<Executed | null> {
    const recent = this.#reader.recent(id);
    if (recent === null) return null;
    if (!isSameRequest(recent.id, id))
      return { ok: false, why: 'reused', detail: 'this idempotency key came with another request; draw a new one' };
    const entry = await this.#audit.entryAt(recent);
    if (entry === null) return { ok: false, why: 'away', detail: LOG_AWAY };
    if (entry.what !== what || entry.actor.userId !== actor.userId || entry.actor.via !== actor.via)
      return {
        ok: false,
        why: 'conflict',
        detail: 'this idempotency key was used for another command; draw a new one',
      };
    return { ok: true, entry, isNew: false, warnings: [] };
  }

  /** What was acknowledged may be read from a server that has not heard of it yet. */
  async #readBack(isAcknowledged: boolean, id: string): Promise<boolean> {
    for (let look = 0; isAcknowledged && look < LOOKS_MAX; look += 1) {
      if ((await this.#sync()) && this.#reader.recent(id) !== null) return true;
      await this.#options.pause?.();
    }
    return this.#sync();
  }

  /** Reads the log to its end. False: `#trouble` says why not. */
  async #sync(): Promise<boolean> {
    if (!(await this.#reader.catchUp())) return this.#fail(LOG_AWAY);
    if (this.#reader.hasGap && !(await this.#rebuilt()))
      return this.#fail(
        'the log of the registry is not the one that was read before; what is known is shown, and nothing is written',
      );
    if (this.#reader.blockedAt > 0)
      return this.#fail('the log of the registry has entries of a later release; update this control service');
    this.#trouble = '';
    if (!this.#isKnown) this.#becomeKnown();
    this.#save(false);
    return true;
  }

  #becomeKnown(): void {
    this.#isKnown = true;
    if (this.#isStarted) for (const tell of this.#rebuiltListeners) tell();
  }

  /** From the rows, where they are of this log, else from its beginning. */
  async #rebuilt(): Promise<boolean> {
    const { log, checkpoints } = this.#options;
    if (this.#isStranded) return false;
    for (const checkpoint of [checkpoints?.load() ?? null, null]) {
      const reader = new RegistryReader(log, (entry) => checkpoints?.heard(entry));
      if (checkpoint !== null) reader.begin(checkpoint);
      if (!(await reader.catchUp())) return false;
      if (reader.hasGap) continue;
      this.#reader = new RegistryReader(log, (entry) => this.#heard(entry));
      this.#reader.take(reader);
      this.#audit = new AuditPages(log, this.#reader);
      const failed = checkpoint === null ? (checkpoints?.replace(reader) ?? '') : '';
      if (failed !== '') return this.#fail(`the checkpoint of the registry cannot be written: ${failed}`);
      if (this.#isStarted) for (const tell of this.#rebuiltListeners) tell();
      return true;
    }
    this.#isStranded = true;
    return false;
  }

  #save(isLast: boolean): void {
    const { checkpoints } = this.#options;
    if (checkpoints === null || this.#reader.hasGap) return;
    const failed = checkpoints.save(this.#reader, isLast);
    if (failed !== '') this.#fail(`the checkpoint of the registry cannot be written: ${failed}`);
  }

  #fail(trouble: string): boolean {
    if (this.#trouble !== trouble) this.#options.say(trouble);
    this.#trouble = trouble;
    return false;
  }

  #heard(entry: AuditEntry): void {
    this.#options.checkpoints?.heard(entry);
    if (!this.#isStarted) return;
    for (const tell of this.#listeners) tell(entry);
  }
}

/** Where one of them was made without a fingerprint, by an earlier release, say, their key is all that is known. */
function isSameRequest(made: string, asked: string): boolean {
  return made === asked || !made.includes('~') || !asked.includes('~');
}

function uncertain(why: string): Executed {
  return { ok: false, why: 'uncertain', detail: `it may have been done or not (${why})` };
}

function noId(id: string): Executed {
  const fault = {
    path: 'id',
    message: `${JSON.stringify(id.slice(0, 40))} is no idempotency key`,
    cure: 'use 1 to 128 visible ASCII characters',
  };
  return { ok: false, why: 'invalid', detail: fault.message, faults: [fault] };
}

function noReason(): Executed {
  const fault = { path: 'reason', message: `is longer than ${REASON_CHARS_MAX} characters`, cure: 'shorten it' };
  return { ok: false, why: 'invalid', detail: `the reason ${fault.message}`, faults: [fault] };
}

function tooLarge(bytes: number): Executed {
  const kib = (count: number): string => `${Math.ceil(count / 1024)} KiB`;
  const message = `takes ${kib(bytes)} compressed, and ${kib(entryBytesMax)} is the most`;
  const cure = 'leave examples and long descriptions out of the contract, or split the service in two';
  return { ok: false, why: 'invalid', detail: `this ${message}`, faults: [{ path: '', message, cure }] };
}
