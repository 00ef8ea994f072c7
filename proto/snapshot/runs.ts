/**
 * A snapshot as runs of entries, so that one that differs in one of a hundred thousand entries costs one run: to pack, to hash, to send, to
 * verify and to read. Where a run ends is said by its own entries, so the same list has the same runs whatever was before it, and an entry that
 * comes or goes moves no other run's end (as in content-defined chunking; Muthitacharoen, Chen, Mazières, "A Low-Bandwidth Network File System",
 * SOSP 2001).
 *
 *     routes      │ run │ run │ run │      sha256 of each      ╮
 *     consumers   │ run │ run │ run'│      sha256 of each      ├─▶ sha256 of these and of the rest: the hash of the content
 *     gateway, …  packed as they are                           ╯
 *
 * Two with the same hash say the same, whatever their numbers and times. Pure.
 */
import { joined, packed, snapshotFormat, unpacked } from './codec.js';
import { listHead, listHeadAt, mapHeadAt, valueEnd } from './pack-scan.js';
import type { Snapshot } from './snapshot.js';

/** 32 bytes. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;
type Pause = () => Promise<unknown>;

export interface Run {
  readonly items: readonly unknown[];
  /** One behind the other, as they stand in a snapshot. */
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  /** It ended by what its last entry is, and not with its list. */
  readonly isClosed: boolean;
}

export interface RunList {
  readonly items: readonly unknown[];
  readonly runs: readonly Run[];
}

/** What is no list. */
export interface Plain {
  readonly value: unknown;
  readonly bytes: Uint8Array;
}

export type Member = RunList | Plain;
/** In their order. */
export type Members = ReadonlyMap<string, Member>;

/** An entry ends a run where a hash of its first bytes says so, which one of so many does: a power of two. */
const ENTRIES_MEAN = 32;
/** Behind these bytes a run ends whatever its last entry is. */
const RUN_BYTES_MAX = 64 * 1024;
/** Of an entry, that are looked at: its id is among them. */
const LOOKED_AT_BYTES = 48;
/** Packed, or hashed, before others get their turn: a millisecond or two of a slow core. */
const RUNS_AT_ONCE = 4;

export const isList = (member: Member | undefined): member is RunList => member !== undefined && 'runs' in member;

/** `before`: of the snapshot before it, whose runs are these where their entries are the very same. */
export async function inRuns(
  snapshot: Snapshot,
  before: Members | null,
  sha256: Sha256,
  pause: Pause,
): Promise<Members> {
  const members = new Map<string, Member>();
  for (const [key, value] of Object.entries(snapshot) as [string, unknown][]) {
    const former = before?.get(key);
    if (Array.isArray(value)) members.set(key, await listInRuns(value, isList(former) ? former : null, sha256, pause));
    else members.set(key, { value, bytes: packed(value) });
  }
  return members;
}

async function listInRuns(
  items: readonly unknown[],
  before: RunList | null,
  sha256: Sha256,
  pause: Pause,
): Promise<RunList> {
  if (before?.items === items) return before;
  const known = new Map(before?.runs.map((run) => [run.items[0], run]));
  const runs: Run[] = [];
  let made = 0;
  for (let at = 0; at < items.length; ) {
    const former = known.get(items[at]);
    const run = former !== undefined && isAt(former, items, at) ? former : packedRun(items, at, sha256);
    runs.push(run);
    at += run.items.length;
    if (run === former) continue;
    made += 1;
    if (made % RUNS_AT_ONCE === 0) await pause();
  }
  return { items, runs };
}

/** One that ended with its list may go on in another. */
function isAt({ items, isClosed }: Run, list: readonly unknown[], at: number): boolean {
  if (!isClosed && at + items.length !== list.length) return false;
  return items.every((item, i) => item === list[at + i]);
}

function packedRun(list: readonly unknown[], begin: number, sha256: Sha256): Run {
  const pieces: Uint8Array[] = [];
  let size = 0;
  let isClosed = false;
  for (let at = begin; at < list.length && !isClosed; at += 1) {
    const piece = packed(list[at]);
    pieces.push(piece);
    size += piece.length;
    isClosed = endsRun(piece, 0, piece.length, size);
  }
  const bytes = joined(pieces);
  return { items: list.slice(begin, begin + pieces.length), bytes, hash: sha256(bytes), isClosed };
}

/** Whether a run of so many bytes ends behind that entry. FNV-1a, of 32 bits. */
function endsRun(bytes: Uint8Array, begin: number, end: number, size: number): boolean {
  if (size >= RUN_BYTES_MAX) return true;
  let hash = 0x811c9dc5;
  for (let at = begin; at < Math.min(end, begin + LOOKED_AT_BYTES); at += 1)
    hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  // The upper bits are the better ones.
  return hash >>> (32 - Math.log2(ENTRIES_MEAN)) === 0;
}

/** Of what was sent whole: `snapshot` is what the bytes say. Throws for what is no such bytes. */
export async function runsOf(bytes: Uint8Array, snapshot: Snapshot, sha256: Sha256, pause: Pause): Promise<Members> {
  const said = snapshot as unknown as Readonly<Record<string, unknown>>;
  const head = mapHeadAt(bytes, 1);
  const members = new Map<string, Member>();
  let at = head?.begin ?? bytes.length;
  for (let left = head?.length ?? 0; left > 0; left -= 1) {
    const begin = valueEnd(bytes, at);
    const key = String(unpacked(bytes, at, begin));
    const list = listHeadAt(bytes, begin);
    const value = said[key];
    if (list !== null && Array.isArray(value)) {
      const runs = await cutRuns(bytes, list.begin, value, sha256, pause);
      members.set(key, { items: value, runs });
      at = list.begin + runs.reduce((sum, run) => sum + run.bytes.length, 0);
    } else {
      at = valueEnd(bytes, begin);
      members.set(key, { value, bytes: bytes.subarray(begin, at) });
    }
  }
  return members;
}

async function cutRuns(
  bytes: Uint8Array,
  begin: number,
  items: readonly unknown[],
  sha256: Sha256,
  pause: Pause,
): Promise<readonly Run[]> {
  const runs: Run[] = [];
  let [first, from, at] = [0, begin, begin];
  for (let i = 0; i < items.length; i += 1) {
    const end = valueEnd(bytes, at);
    const isClosed = endsRun(bytes, at, end, end - from);
    at = end;
    if (!isClosed && i + 1 < items.length) continue;
    const own = bytes.subarray(from, end);
    runs.push({ items: items.slice(first, i + 1), bytes: own, hash: sha256(own), isClosed });
    [first, from] = [i + 1, end];
    if (runs.length % RUNS_AT_ONCE === 0) await pause();
  }
  return runs;
}

/** What encodeSnapshot makes of the same snapshot, in pieces. */
export function piecesOf(members: Members): readonly Uint8Array[] {
  const outline = packed(Object.fromEntries([...members.keys()].map((key) => [key, 0])));
  const pieces: Uint8Array[] = [new Uint8Array([snapshotFormat]), outline.subarray(0, mapHeadAt(outline, 0)?.begin)];
  for (const [key, member] of members) {
    pieces.push(packed(key));
    if (!isList(member)) pieces.push(member.bytes);
    else pieces.push(listHead(member.items.length), ...member.runs.map(({ bytes }) => bytes));
  }
  return pieces;
}

/** What the names of hashes of this form begin with; those before it are 64 hexadecimal digits, of all bytes at once (codec.ts). */
const FORM = '2-';
const numbers: ReadonlySet<string> = new Set(['version', 'createdWallMs']);
const ZERO = new Uint8Array([0]);

export const isOfRuns = (hash: string): boolean => hash.startsWith(FORM);

/** Its number and its time count as zero. */
export function hashOfRuns(members: Members, sha256: Sha256): string {
  const pieces: Uint8Array[] = [packed(['weir snapshot', FORM, snapshotFormat, members.size])];
  for (const [key, member] of members) {
    pieces.push(packed(key));
    if (!isList(member)) pieces.push(numbers.has(key) ? ZERO : member.bytes);
    else
      pieces.push(listHead(member.items.length), listHead(member.runs.length), ...member.runs.map(({ hash }) => hash));
  }
  const digits = Array.from(sha256(joined(pieces)), (byte) => byte.toString(16).padStart(2, '0'));
  return `${FORM}${digits.join('')}`;
}
