/**
 * The registry against kill -9: processes ask for commands of every kind, all kinds at once, and are killed at instants that nobody chose, again and
 * again. Owns the ledger of what was asked, answered and found: whatever was acknowledged is there, once, under its number; what was asked and not
 * answered is there once or not at all; and asked again with the same id, by the process after it, the one is known and the other is done.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Registry } from '@weir/control/registry/registry.js';
import { root } from '../support/built.js';
import { passed } from '../support/stage.js';
import { kinds } from './registry-commands.js';
import type { Repeated, WriterOptions } from './registry-writer.js';

/** What became of one command, as far as anybody was told. */
interface Fate {
  readonly command: Repeated;
  /** 0: not acknowledged. */
  number: number;
  /** It was asked for, and not answered, when its process was killed. */
  wasInFlight: boolean;
  /** It was found to be done, by the process after it. */
  wasFound: boolean;
  wasRepeated: boolean;
}

export class Ledger {
  readonly broken: string[] = [];
  readonly fates = new Map<string, Fate>();
  kills = 0;

  asked(command: Repeated): void {
    const fate = { command, number: 0, wasInFlight: false, wasFound: false, wasRepeated: false };
    this.fates.set(command.id, fate);
  }

  done(id: string, number: number): void {
    const fate = this.fates.get(id);
    if (fate !== undefined) fate.number = number;
  }

  /** By the process after the one that has asked. */
  again(id: string, told: string, isNew: boolean): void {
    const fate = this.fates.get(id);
    if (fate === undefined) return;
    const number = Number(told);
    const { what } = fate.command;
    if (!Number.isSafeInteger(number)) {
      this.broken.push(`${what}, asked again, was refused: ${told}`);
      return;
    }
    if (fate.number > 0 && (isNew || number !== fate.number))
      this.broken.push(
        `${what} was acknowledged as ${fate.number}, and asked again is ${number}${isNew ? ', anew' : ''}`,
      );
    if (fate.number === 0 && !isNew) fate.wasFound = true;
    fate.wasRepeated = true;
    fate.number = number;
  }

  /** The log as it is in the end, against all that was told. */
  async compare(registry: Registry): Promise<void> {
    const numbers = new Map<string, number>();
    for (let before = 0; ; ) {
      const page = (await registry.audit(before, 200)) ?? [];
      for (const { id, number } of page) {
        if (numbers.has(id)) this.broken.push(`${id} is there twice, as ${number} and ${numbers.get(id)}`);
        numbers.set(id, number);
      }
      const last = page.at(-1);
      if (last === undefined || last.number === 1) break;
      before = last.number;
    }
    for (const [id, { number, command }] of this.fates)
      if (number > 0 && numbers.get(id) !== number)
        this.broken.push(`${command.what} was acknowledged as ${number}, and is ${numbers.get(id) ?? 'lost'}`);
    for (const id of numbers.keys()) if (!this.fates.has(id)) this.broken.push(`${id} is nobody's`);
  }

  /** A row for each kind. */
  table(): Readonly<Record<string, string>> {
    const rows = kinds.map((what) => {
      const own = [...this.fates.values()].filter(({ command }) => command.what === what);
      const count = (is: (fate: Fate) => boolean): string => String(own.filter(is).length).padStart(5);
      const cells = [
        count(() => true),
        count(({ wasInFlight }) => !wasInFlight),
        count(({ wasInFlight }) => wasInFlight),
        count(({ wasFound }) => wasFound),
        count(({ wasInFlight, wasFound, wasRepeated }) => wasInFlight && wasRepeated && !wasFound),
        count(({ wasInFlight, wasRepeated }) => !wasInFlight && wasRepeated),
      ];
      return [`  ${what}`, cells.join('  ')];
    });
    return {
      kind: 'asked, answered, in flight at a kill, of those found, of those done when asked again; answered and asked again',
      ...Object.fromEntries(rows),
    };
  }

  kindsInFlight(): readonly string[] {
    const seen = new Set<string>();
    for (const { command, wasInFlight } of this.fates.values()) if (wasInFlight) seen.add(command.what);
    return kinds.filter((what) => seen.has(what));
  }
}

const WRITER = join(root, 'test', 'dist', 'campaign', 'registry-writer.js');
/** Of those that were answered, as many of the last are asked again. */
const AGAIN_MAX = 60;

export class Writer {
  readonly #ledger: Ledger;
  readonly #options: Omit<WriterOptions, 'again'>;
  readonly #folder: string;
  /** Ids of what its processes have asked for, and of what the present one waits for. */
  readonly #mine = new Set<string>();
  readonly #unanswered = new Set<string>();
  /** How long it takes to have all kinds answered; a guess, before the first time. */
  #waveMs = 60;

  constructor(ledger: Ledger, options: Omit<WriterOptions, 'again'>, folder: string) {
    this.#ledger = ledger;
    this.#options = options;
    this.#folder = folder;
  }

  /**
   * One process, until it is killed: in the middle of that many waves, counted from 0; or when `until` says so. The first kill of all comes when
   * all kinds are asked for, since a fast machine has answered some of them by an instant that nobody chose.
   */
  async live(wave: number, until: Promise<void> | null = null): Promise<void> {
    const own = [...this.#ledger.fates.values()].filter(({ command }) => this.#mine.has(command.id));
    const open = own.filter(({ wasInFlight, wasRepeated }) => wasInFlight && !wasRepeated);
    const answered = own.filter(({ wasInFlight, wasRepeated }) => !wasInFlight && !wasRepeated).slice(-AGAIN_MAX);
    const again = join(this.#folder, `again-${randomInt(2 ** 47)}.json`);
    writeFileSync(again, JSON.stringify([...open, ...answered].map(({ command }) => command)));
    const child = spawn(process.execPath, [WRITER, JSON.stringify({ ...this.#options, again })], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    let [waves, beganMs, isKilled] = [0, 0, false];
    const kill = (): void => {
      isKilled = true;
      child.kill('SIGKILL');
    };
    void until?.then(kill);
    const isFirst = until === null && this.#ledger.kills === 0;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === 'waved') {
        if (!isKilled) this.#waveMs = performance.now() - beganMs;
        waves += 1;
      } else if (line === 'wave') {
        beganMs = performance.now();
        if (until === null && !isFirst && waves === wave) void passed(randomInt(Math.ceil(this.#waveMs))).then(kill);
      } else {
        this.#heard(line);
        if (isFirst && !isKilled && waves === wave && this.#unanswered.size === kinds.length) kill();
      }
    }
    await exited;
    if (!isKilled) this.#ledger.broken.push(`a writer ended by itself after ${waves} waves`);
    this.#ledger.kills += 1;
    for (const id of this.#unanswered) {
      const fate = this.#ledger.fates.get(id);
      if (fate !== undefined) fate.wasInFlight = true;
    }
    this.#unanswered.clear();
  }

  #heard(line: string): void {
    const [word = '', id = '', ...rest] = line.split(' ');
    if (word === 'asked') {
      this.#ledger.asked(JSON.parse(rest.join(' ')) as Repeated); // Written by the writer of the same build.
      this.#mine.add(id);
      this.#unanswered.add(id);
    } else if (word === 'done') {
      this.#ledger.done(id, Number(rest[0]));
      this.#unanswered.delete(id);
    } else if (word === 'again') this.#ledger.again(id, rest[0] ?? '', rest[1] === 'true');
    else if (word === 'refused') {
      this.#unanswered.delete(id);
      this.#ledger.broken.push(`${this.#ledger.fates.get(id)?.command.what} was refused: ${rest.join(' ')}`);
    }
  }
}
