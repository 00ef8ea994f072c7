/**
 * What makes one snapshot in runs of another: which runs of the one before follow each other, and the bytes of those that are new. A revoked key
 * among a hundred thousand is one run of some entries. As MessagePack: for each member its name, and its bytes, or a list of steps, each of them the
 * bytes of a new run or the place and number of runs before. It needs no signature: what it makes is held to the hash of its content. Pure.
 */
import { packed, unpacked } from './codec.js';
import { matchLength } from './delta.js';
import { valueEnd } from './pack-scan.js';
import { isList, type Member, type Members, type Run, type RunList, type Sha256 } from './runs.js';
import { sliceBesideTrafficBytes } from './snapshot-reader.js';

type Pause = () => Promise<unknown>;

type Step = Uint8Array | [from: number, count: number];

export function encodeRunDelta(before: Members, next: Members): Uint8Array {
  return packed(
    [...next].map(([key, member]) => [key, isList(member) ? steps(before.get(key), member) : member.bytes]),
  );
}

function steps(before: Member | undefined, { runs }: RunList): Step[] {
  const places = new Map(isList(before) ? before.runs.map((run, place) => [run, place]) : []);
  const made: Step[] = [];
  for (const run of runs) {
    const place = places.get(run);
    const last = made.at(-1);
    if (place === undefined) made.push(run.bytes);
    else if (Array.isArray(last) && last[0] + last[1] === place) last[1] += 1;
    else made.push([place, 1]);
  }
  return made;
}

/**
 * Null for what is no delta of that base, or would make more than may be; never throws. Each entry that says what the one of its id said before is
 * that very object, and a list of the same entries that very list. Whether it is the one that was meant, its hash says. `pause` lets others have
 * their turn.
 */
export async function applyRunDelta(
  before: Members,
  delta: Uint8Array,
  bytesMax: number,
  sha256: Sha256,
  pause: Pause,
): Promise<Members | null> {
  try {
    const told = unpacked(delta, 0, delta.length);
    if (!Array.isArray(told)) return null;
    const members = new Map<string, Member>();
    for (const [key, value] of told as [string, unknown][]) {
      const former = before.get(key);
      if (value instanceof Uint8Array) members.set(key, plainOf(value, former));
      else if (Array.isArray(value))
        members.set(key, await listOf(value, isList(former) ? former : NO_LIST, sha256, pause));
      else return null;
    }
    return sizeOf(members) > bytesMax ? null : members;
  } catch {
    return null;
  }
}

const NO_LIST: RunList = { items: [], runs: [] };

function plainOf(bytes: Uint8Array, former: Member | undefined): Member {
  const isSame = former !== undefined && !isList(former) && areSame(former.bytes, bytes);
  return isSame ? former : { value: unpacked(bytes, 0, bytes.length), bytes };
}

/** Throws for a step that leads out of the list before, or is none. */
async function listOf(told: readonly unknown[], before: RunList, sha256: Sha256, pause: Pause): Promise<RunList> {
  const taken = new Set<Run>();
  for (const step of told) {
    if (step instanceof Uint8Array) continue;
    const [from, count] = step as [number, number];
    const some = before.runs.slice(from, from + count);
    if (!(from >= 0 && count > 0) || some.length !== count) throw new Error('no such runs');
    for (const run of some) taken.add(run);
  }
  const loose = new LooseEntries();
  for (const run of before.runs) {
    if (taken.has(run)) continue;
    loose.add(run);
    await pause();
  }
  const runs: Run[] = [];
  for (const step of told) {
    if (step instanceof Uint8Array) {
      runs.push(await readRun(step, loose, sha256, pause));
    } else {
      const [from, count] = step as [number, number]; // As above.
      runs.push(...before.runs.slice(from, from + count));
    }
  }
  const items = runs.flatMap((run) => run.items);
  const isSame = items.length === before.items.length && items.every((item, at) => item === before.items[at]);
  return { items: isSame ? before.items : items, runs };
}

async function readRun(bytes: Uint8Array, loose: LooseEntries, sha256: Sha256, pause: Pause): Promise<Run> {
  const items: unknown[] = [];
  for (let at = 0, from = 0; at < bytes.length; ) {
    const end = valueEnd(bytes, at);
    items.push(loose.like(bytes, at, end));
    at = end;
    if (at - from < sliceBesideTrafficBytes && at < bytes.length) continue;
    await pause();
    from = at;
  }
  // Whether it ended with its list is asked by whoever makes runs, and not of those that are read.
  return { items, bytes, hash: sha256(bytes), isClosed: false };
}

/** Of runs that are not in the list any more: most of their entries are in those that took their place. */
class LooseEntries {
  readonly #byId = new Map<unknown, { readonly item: unknown; readonly bytes: Uint8Array }>();

  add({ items, bytes }: Run): void {
    let at = 0;
    for (const item of items) {
      const end = valueEnd(bytes, at);
      this.#byId.set(idOf(item), { item, bytes: bytes.subarray(at, end) });
      at = end;
    }
  }

  /** The very object where it says the same. */
  like(bytes: Uint8Array, begin: number, end: number): unknown {
    const item = unpacked(bytes, begin, end);
    const known = this.#byId.get(idOf(item));
    return known !== undefined && areSame(known.bytes, bytes.subarray(begin, end)) ? known.item : item;
  }
}

const idOf = (item: unknown): unknown => (typeof item === 'object' && item !== null && 'id' in item ? item.id : item);

function areSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && matchLength(one, 0, other, 0, one.length) === one.length;
}

function sizeOf(members: Members): number {
  let size = 0;
  for (const member of members.values())
    size += isList(member) ? member.runs.reduce((sum, { bytes }) => sum + bytes.length, 0) : member.bytes.length;
  return size;
}

/** As one value; it is none before its outline was looked at (codec.ts, `shaped`). */
export function saidBy(members: Members): unknown {
  return Object.fromEntries([...members].map(([key, member]) => [key, isList(member) ? member.items : member.value]));
}
