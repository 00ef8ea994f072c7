/**
 * Heartbeats, counts of limits and opinions, straight from their bytes: of what a node of a large cluster hears nineteen in twenty are one of the
 * three. The general way (`wire.ts`) makes an object of what came, looks at each field, and copies it into another; here each number is
 * read once, and a name that was heard before is the same text again, so that maps by names need not compare letters. Pure but for that memory.
 *
 * Read is what `encodeMessage` writes, byte by byte: the same fields in the same order. Anything else is null and goes the general
 * way, be it of another release, malformed or of another kind: that one decides, and `frequent.test.ts` holds both to say the same.
 */
import { type OpinionKind, opinionKinds, type Standing, standings } from './health.js';
import { type Heartbeat, type Role, roles } from './membership.js';
import type { Opinion } from './opinion.js';
import { PackCursor, spelt } from './pack-cursor.js';
import { KEY_MAX, type RateCount, type RateCounts, rateCountsMax } from './rate-counts.js';

/** Behind the version, each with the head of its map, up to the text of `id`. */
const heartbeatBegins = spelt(0x8b, 'kind', 'heartbeat', 'id');
const opinionBegins = spelt(0x85, 'kind', 'opinion', 'id');
const rateBegins = spelt(0x85, 'kind', 'rate', 'id');
const incarnation = spelt('incarnation');
const session = spelt('session');
const role = spelt('role');
const roleWords: Words<Role> = roles.map((word) => [word, spelt(word)]);
const seq = spelt('seq');
const intervalMs = spelt('intervalMs');
const snapshotVersion = spelt('snapshotVersion');
const loadPermille = spelt('loadPermille');
const purgeEpoch = spelt('purgeEpoch');
const toldHealth = spelt('told', 0x83, 'health');
const rate = spelt('rate');
const latency = spelt('latency');
const counts = spelt('counts');
const changeKind = spelt('change', 0x88, 'kind');
const kindWords: Words<OpinionKind> = opinionKinds.map((word) => [word, spelt(word)]);
const upstream = spelt('upstream');
const target = spelt('target');
const from = spelt('from');
const to = spelt('to');
const standingWords: Words<Standing> = standings.map((word) => [word, spelt(word)]);
const reason = spelt('reason');
const evidence = spelt('evidence');
const atWallMs = spelt('atWallMs');

type Words<Word> = readonly (readonly [Word, Uint8Array])[];

const HEARTBEAT_BYTES_MAX = 1_024;

/** Null: not here. The version was looked at, and says that this reader knows it. */
export function readFrequent(bytes: Uint8Array): Heartbeat | RateCounts | Opinion | null {
  const at = new PackCursor(bytes);
  if (at.passes(rateBegins)) return readRate(at);
  if (at.passes(opinionBegins)) return readOpinion(at);
  return bytes.length <= HEARTBEAT_BYTES_MAX && at.passes(heartbeatBegins) ? readBeat(at) : null;
}

function readBeat(at: PackCursor): Heartbeat | null {
  const id = at.name();
  if (id === null) return null;
  const life = { incarnation: at.serialOf(incarnation), session: at.countOf(session) };
  const of = wordOf(at, role, roleWords);
  const numbers = { seq: at.serialOf(seq), intervalMs: at.countOf(intervalMs) };
  const own = { snapshotVersion: at.serialOf(snapshotVersion), loadPermille: at.countOf(loadPermille) };
  const epoch = at.serialOf(purgeEpoch);
  const told = { health: at.serialOf(toldHealth), rate: at.serialOf(rate), latency: at.serialOf(latency) };
  if (of === null || !at.isWhole) return null;
  return { kind: 'heartbeat', id, ...life, role: of, ...numbers, ...own, purgeEpoch: epoch, told };
}

function readRate(at: PackCursor): RateCounts | null {
  const id = at.name();
  if (id === null) return null;
  const head = { kind: 'rate', id, incarnation: at.countOf(incarnation), seq: at.countOf(seq) } as const;
  const length = at.passes(counts) ? at.list() : -1;
  if (length < 0 || length > rateCountsMax) return null;
  const read: RateCount[] = [];
  for (let i = 0; i < length; i += 1) {
    const count = readCount(at);
    if (count === null) return null;
    read.push(count);
  }
  return at.isWhole ? { ...head, counts: read } : null;
}

function readCount(at: PackCursor): RateCount | null {
  const fields = at.list();
  if (fields !== 4 && fields !== 5) return null;
  const key = at.text();
  if (key === null || key.length > KEY_MAX) return null;
  const [window, admitted, asked] = [at.count(), at.count(), at.count()];
  if (admitted > asked) return null;
  return fields === 4 ? [key, window, admitted, asked] : [key, window, admitted, asked, at.count()];
}

function readOpinion(at: PackCursor): Opinion | null {
  const id = at.name();
  if (id === null) return null;
  const head = { kind: 'opinion', id, incarnation: at.countOf(incarnation), seq: at.countOf(seq) } as const;
  const kind = wordOf(at, changeKind, kindWords);
  const of = at.passes(upstream) ? at.text() : null;
  const isAboutOne = at.passes(target) && !at.null();
  const about = isAboutOne ? at.text() : null;
  const [before, after] = [wordOf(at, from, standingWords), wordOf(at, to, standingWords)];
  const why = at.passes(reason) ? at.text() : null;
  const numbers = at.passes(evidence) ? readEvidence(at) : null;
  const wallMs = at.passes(atWallMs) ? at.number() : Number.NaN;
  if (kind === null || of === null || (isAboutOne && about === null) || before === null || after === null) return null;
  if (why === null || numbers === null || !at.isWhole || Number.isNaN(wallMs)) return null;
  const standing = { from: before, to: after, reason: why, evidence: numbers, atWallMs: wallMs };
  return { ...head, change: { kind, upstream: of, target: about, ...standing } };
}

function readEvidence(at: PackCursor): Record<string, number> | null {
  const length = at.map();
  if (length < 0) return null;
  const numbers: Record<string, number> = {};
  for (let i = 0; i < length; i += 1) {
    const name = at.text();
    // It would be no field of its own.
    if (name === null || name === '__proto__') return null;
    numbers[name] = at.number();
  }
  return numbers;
}

function wordOf<Word>(at: PackCursor, key: Uint8Array, words: Words<Word>): Word | null {
  if (!at.passes(key)) return null;
  for (const [word, spelling] of words) if (at.passes(spelling)) return word;
  return null;
}
