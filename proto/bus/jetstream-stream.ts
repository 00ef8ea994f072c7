/**
 * A stream of JetStream as this project has them: what it must be like, whether it is there, and its making. One that exists is
 * used when entries go where they must, however large and long-lived its operator made it; it is never changed. Pure but for the
 * questions.
 */
import { isObject, type JetStream } from './jetstream.js';

export interface LogPlace {
  readonly stream: string;
  /** Entries are appended to `<root>.<writer>`, */
  readonly root: string;
  /** and what was appended is told at `<told>.<writer>`, by the server. */
  readonly told: string;
  /** Where a log that some process has is asked, when there is no server. */
  readonly asked: string;
}

export interface StreamBounds {
  /** Copies of it in the cluster of nats-servers; an odd number. */
  readonly replicas: number;
  /** The oldest entries are given up beyond these; null: none are. */
  readonly messagesMax: number | null;
  readonly bytesMax: number | null;
  readonly ageMaxMs: number | null;
  readonly entryBytesMax: number;
}

export interface StreamState {
  readonly first: number;
  readonly last: number;
  /** When it was made: another stream of that name differs in it. */
  readonly identity: string;
  /** How long ago, at most, its leader knew from a majority that it leads; null: too long ago, or it can't tell. */
  readonly agoMs: number | null;
}

export type StreamAnswer =
  | { readonly ok: true; readonly state: StreamState }
  | { readonly ok: false; readonly why: 'away' | 'refused' | 'late' | 'foreign'; readonly detail: string };

/** Numbers that the API has for its errors (nats-server, server/errors.json). */
const NOT_FOUND = 10059;
const NAME_IN_USE = 10058;
const NANOS_PER_MS = 1e6;
/** Leaders send a heartbeat each second. */
const QUORUM_AGE_MAX_MS = 2_000;

/** Makes it where it is missing and `bounds` is given. */
export async function askStream(
  jetStream: JetStream,
  place: LogPlace,
  bounds: StreamBounds | null,
): Promise<StreamAnswer> {
  const asked = await jetStream.api(`STREAM.INFO.${place.stream}`, null);
  if (asked.ok) return answerOf(asked.value, place);
  if (asked.why !== 'said') return { ok: false, why: asked.why, detail: asked.detail };
  if (asked.code !== NOT_FOUND) return { ok: false, why: 'away', detail: asked.detail };
  if (bounds === null) return { ok: false, why: 'away', detail: `there is no stream ${place.stream} yet` };
  const made = await jetStream.api(`STREAM.CREATE.${place.stream}`, streamConfig(place, bounds));
  if (made.ok) return answerOf(made.value, place);
  if (made.why !== 'said') return { ok: false, why: made.why, detail: made.detail };
  // Somebody else has made it meanwhile: the next look finds it.
  const why = made.code === NAME_IN_USE ? 'away' : 'refused';
  return { ok: false, why, detail: made.detail };
}

export function streamConfig(place: LogPlace, bounds: StreamBounds): Readonly<Record<string, unknown>> {
  const { replicas, messagesMax, bytesMax, ageMaxMs, entryBytesMax } = bounds;
  return {
    name: place.stream,
    subjects: [`${place.root}.*`],
    storage: 'file',
    retention: 'limits',
    discard: 'old',
    num_replicas: replicas,
    max_consumers: -1,
    max_msgs: messagesMax ?? -1,
    max_bytes: bytesMax ?? -1,
    max_age: (ageMaxMs ?? 0) * NANOS_PER_MS,
    max_msg_size: entryBytesMax,
    // Numbers have no gaps.
    deny_delete: true,
    allow_direct: true,
    republish: republishOf(place),
  };
}

/** The server tells of each entry with its number, so that followers need no consumer each. */
function republishOf({ root, told }: LogPlace): { readonly src: string; readonly dest: string } {
  return { src: `${root}.*`, dest: `${told}.{{wildcard(1)}}` };
}

function answerOf(value: Readonly<Record<string, unknown>>, place: LogPlace): StreamAnswer {
  const { config, state, created, cluster } = value;
  if (!isObject(config) || !isObject(state) || typeof created !== 'string') return unreadable;
  if (!isAsItMustBe(config, place)) {
    return {
      ok: false,
      why: 'foreign',
      detail: `the stream ${place.stream} is not one of Weir's, or of another release`,
    };
  }
  const { messages, first_seq: first, last_seq: last } = state;
  if (typeof messages !== 'number' || typeof first !== 'number' || typeof last !== 'number') return unreadable;
  const agoMs = quorumAgeMs(cluster);
  return { ok: true, state: { first: messages === 0 ? last + 1 : first, last, identity: created, agoMs } };
}

const unreadable: StreamAnswer = { ok: false, why: 'away', detail: 'the answer of JetStream is not understood' };

function isAsItMustBe(config: Readonly<Record<string, unknown>>, place: LogPlace): boolean {
  const { subjects, republish } = config;
  const { src, dest } = republishOf(place);
  const goesRight = Array.isArray(subjects) && subjects.length === 1 && subjects[0] === `${place.root}.*`;
  return goesRight && isObject(republish) && republish['src'] === src && republish['dest'] === dest;
}

/**
 * A leader that was cut off from its followers goes on answering for up to twenty seconds, until it steps down, while another one
 * is elected after four. What it says is true as of the moment in which it last heard from a majority, and no later.
 */
export function quorumAgeMs(cluster: unknown): number | null {
  if (!isObject(cluster) || !Array.isArray(cluster['replicas']) || cluster['replicas'].length === 0) return 0;
  const replicas: readonly unknown[] = cluster['replicas'];
  const heardMs = replicas
    .map((replica) => (isObject(replica) && typeof replica['active'] === 'number' ? replica['active'] : Infinity))
    .map((nanos) => nanos / NANOS_PER_MS)
    .sort((one, other) => one - other);
  // It is one of the majority itself.
  const needed = Math.floor((replicas.length + 1) / 2);
  const ageMs = heardMs[needed - 1] ?? Number.POSITIVE_INFINITY;
  return ageMs <= QUORUM_AGE_MAX_MS ? QUORUM_AGE_MAX_MS : null;
}
