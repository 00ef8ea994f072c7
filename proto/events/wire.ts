/**
 * Messages of the bus as bytes: one version byte, then a MessagePack map with `kind` and the fields of that kind.
 *
 *     ┌────┬───────────────────────────────────────┐
 *     │ 01 │ { kind: 'heartbeat', id: 'n1', … }    │       golden/v1.json holds one of each kind
 *     └────┴───────────────────────────────────────┘
 *
 * Members may be of different releases for a while: a version or kind that a reader does not know is skipped, a field that it
 * does not know is dropped; a known kind whose fields are wrong is malformed and dropped. Both are counted. A field never
 * changes its meaning and is never taken out within a version; what is added is plain (`plain-pack.ts`), too, or it is malformed to
 * others. Never throws: bytes come from a network.
 */
import { Packr, RESERVE_START_SPACE, RESET_BUFFER_MODE } from 'msgpackr';
import { type AiKeys, readAiKeys } from './ai-keys.js';
import { type Announcement, readAnnouncement } from './announcement.js';
import { type CacheQuestion, type CacheReply, readCacheQuestion, readCacheReply } from './cache-question.js';
import { type Calls, readCalls } from './calls.js';
import { readFrequent } from './frequent.js';
import { isFields } from './guards.js';
import { type HealthState, readHealthState } from './health-state.js';
import { type HoldCounts, readHoldCounts } from './hold-counts.js';
import { type LatencySketches, readLatencySketches } from './latency-sketches.js';
import { type MemberStatus, readMemberStatus } from './member-status.js';
import { type Heartbeat, type Leave, type Outdated, readHeartbeat, readLeave, readOutdated } from './membership.js';
import { type Opinion, readOpinion } from './opinion.js';
import { isPlainPack } from './plain-pack.js';
import { type LogEntry, type PurgeAck, readLogEntry, readPurgeAck } from './purge-log.js';
import { type PurgeQuestion, type PurgeVerdict, readPurgeQuestion, readPurgeVerdict } from './purge-question.js';
import { type RateCounts, readRateCounts } from './rate-counts.js';
import { type RolloutRecord, readRolloutRecord } from './rollout.js';
import { readSecretsQuestion, type SecretsQuestion } from './secrets.js';
import { readSnapshotReport, type SnapshotReport } from './snapshot-report.js';
import { readSpendCounts, type SpendCounts } from './spend-counts.js';
import { readTrafficReport, type TrafficReport } from './traffic.js';

export const wireVersion = 1;

export type ClusterMessage =
  | Heartbeat
  | Leave
  | Outdated
  | Opinion
  | HealthState
  | LogEntry
  | PurgeAck
  | PurgeQuestion
  | PurgeVerdict
  | CacheQuestion
  | CacheReply
  | RateCounts
  | HoldCounts
  | SpendCounts
  | AiKeys
  | LatencySketches
  | Announcement
  | SnapshotReport
  | SecretsQuestion
  | RolloutRecord
  | TrafficReport
  | Calls
  | MemberStatus;

type Kind = ClusterMessage['kind'];

interface KindRule {
  /** Encoded; what is larger was not made by this code. */
  readonly bytesMax: number;
  read(value: unknown): ClusterMessage | null;
}

const KIB = 1_024;
const rules: Readonly<Record<Kind, KindRule>> = {
  heartbeat: { bytesMax: KIB, read: readHeartbeat },
  leave: { bytesMax: KIB, read: readLeave },
  outdated: { bytesMax: KIB, read: readOutdated },
  opinion: { bytesMax: 16 * KIB, read: readOpinion },
  'health.state': { bytesMax: 900 * KIB, read: readHealthState },
  log: { bytesMax: 900 * KIB, read: readLogEntry },
  'purge.ack': { bytesMax: KIB, read: readPurgeAck },
  'purge.question': { bytesMax: 64 * KIB, read: readPurgeQuestion },
  'purge.verdict': { bytesMax: 900 * KIB, read: readPurgeVerdict },
  'cache.question': { bytesMax: 256 * KIB, read: readCacheQuestion },
  'cache.reply': { bytesMax: 900 * KIB, read: readCacheReply },
  rate: { bytesMax: 800 * KIB, read: readRateCounts },
  holds: { bytesMax: 600 * KIB, read: readHoldCounts },
  spend: { bytesMax: 900 * KIB, read: readSpendCounts },
  'ai.keys': { bytesMax: 256 * KIB, read: readAiKeys },
  latency: { bytesMax: 900 * KIB, read: readLatencySketches },
  snapshot: { bytesMax: 64 * KIB, read: readAnnouncement },
  'snapshot.report': { bytesMax: 4 * KIB, read: readSnapshotReport },
  'secrets.question': { bytesMax: 64 * KIB, read: readSecretsQuestion },
  rollout: { bytesMax: 256 * KIB, read: readRolloutRecord },
  traffic: { bytesMax: 2 * KIB, read: readTrafficReport },
  calls: { bytesMax: 300 * KIB, read: readCalls },
  'member.status': { bytesMax: 16 * KIB, read: readMemberStatus },
};
const bytesMaxOfAll = Math.max(...Object.values(rules).map(({ bytesMax }) => bytesMax));

export type DecodedMessage =
  | { readonly ok: true; readonly message: ClusterMessage }
  | { readonly ok: false; readonly why: 'unknown' | 'malformed' };

const unknown: DecodedMessage = { ok: false, why: 'unknown' };
const malformed: DecodedMessage = { ok: false, why: 'malformed' };

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true, int64AsType: 'number' });

/** The same message gives the same bytes. */
export function encodeMessage(message: ClusterMessage): Uint8Array {
  const packed = packr.pack(message, RESET_BUFFER_MODE + RESERVE_START_SPACE + 1);
  packed[0] = wireVersion;
  return new Uint8Array(packed);
}

export function decodeMessage(bytes: Uint8Array): DecodedMessage {
  const [version] = bytes;
  if (version === undefined || bytes.length > bytesMaxOfAll) return malformed;
  if (version !== wireVersion) return unknown;
  const frequent = readFrequent(bytes);
  if (frequent !== null) return { ok: true, message: frequent };
  return decodeAny(bytes);
}

/** Of every kind; the version was looked at. */
export function decodeAny(bytes: Uint8Array): DecodedMessage {
  // A copy: the decoder keeps views into what it is given.
  const packed = new Uint8Array(bytes.subarray(1));
  if (!isPlainPack(packed, 'documents')) return malformed;
  let value: unknown;
  try {
    value = packr.unpack(packed);
  } catch {
    return malformed;
  }
  if (!isFields(value) || typeof value['kind'] !== 'string') return malformed;
  const { kind } = value;
  if (!isKind(kind)) return unknown;
  if (bytes.length > rules[kind].bytesMax) return malformed;
  const message = rules[kind].read(value);
  return message === null ? malformed : { ok: true, message };
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(rules, kind);
}
