/**
 * A log as JetStream is one: numbers in order, appended once however often it is asked, old entries given up, and now and then all of
 * it lost and begun anew. Reached over the bad network.
 */
import type { PurgeEntry } from '../../events/purge-log.js';
import { encodeMessage } from '../../events/wire.js';
import type { Peer, World } from './world.js';

export type LogRequest =
  | { readonly ask: 'append'; readonly request: string; readonly content: PurgeEntry }
  | { readonly ask: 'end'; readonly askedAtMs: number }
  | { readonly ask: 'entries'; readonly from: number };
export type LogAnswer =
  | { readonly answer: 'appended'; readonly log: number; readonly request: string; readonly number: number }
  | {
      readonly answer: 'end';
      readonly log: number;
      readonly askedAtMs: number;
      readonly last: number;
      readonly first: number;
    };

export const LOG = 'log';
/** What the log says itself is no message of the cluster: JSON, which begins with a brace. */
const BRACE = 0x7b;
const ENTRIES_AT_ONCE = 20;

export function encodeLogWord(word: LogRequest | LogAnswer): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(word));
}

export function readLogAnswer(bytes: Uint8Array): LogAnswer | null {
  return bytes[0] === BRACE ? (JSON.parse(new TextDecoder().decode(bytes)) as LogAnswer) : null; // This file alone writes them.
}

interface Entry {
  readonly bytes: Uint8Array;
  readonly appendedAtMs: number;
}

export class SimulatedLog implements Peer {
  readonly id = LOG;
  /** Which of the logs that there were, one after the other. */
  log = 1;
  readonly #logs: Entry[][] = [[]];
  #requests = new Map<string, number>();
  readonly #world: World;
  readonly #kept: number;

  constructor(world: World, kept: number) {
    this.#world = world;
    this.#kept = kept;
    world.join(this);
  }

  /** The number is the index and one. */
  get #entries(): Entry[] {
    const entries = this.#logs[this.log - 1];
    if (entries === undefined) throw new Error('there is always a log');
    return entries;
  }

  entry(log: number, number: number): Entry | undefined {
    return this.#logs[log - 1]?.[number - 1];
  }

  /** Everything is lost, and numbers begin at one again. */
  wipe(): void {
    this.#logs.push([]);
    this.log += 1;
    this.#requests = new Map();
  }

  hear(bytes: Uint8Array, from: string): void {
    if (bytes[0] !== BRACE) return;
    const word = JSON.parse(new TextDecoder().decode(bytes)) as LogRequest; // Encoded by encodeLogWord.
    if (word.ask === 'append') {
      const number = this.#requests.get(word.request) ?? this.#append(word.request, word.content);
      this.#answer(from, { answer: 'appended', log: this.log, request: word.request, number });
    } else if (word.ask === 'end') {
      const bounds = { last: this.#entries.length, first: this.#first };
      this.#answer(from, { answer: 'end', log: this.log, askedAtMs: word.askedAtMs, ...bounds });
    } else {
      const begin = Math.max(word.from, this.#first);
      for (let number = begin; number < begin + ENTRIES_AT_ONCE; number += 1) this.#tell(number, from);
    }
  }

  get #first(): number {
    return Math.max(1, this.#entries.length - this.#kept + 1);
  }

  #append(request: string, content: PurgeEntry): number {
    const number = this.#entries.length + 1;
    this.#entries.push({ bytes: encodeMessage({ kind: 'log', number, content }), appendedAtMs: this.#world.nowMs });
    this.#requests.set(request, number);
    this.#tell(number, null);
    return number;
  }

  #tell(number: number, to: string | null): void {
    const entry = this.entry(this.log, number);
    if (entry !== undefined) this.#world.send(LOG, to, entry.bytes);
  }

  #answer(to: string, answer: LogAnswer): void {
    this.#world.send(LOG, to, encodeLogWord(answer));
  }
}
