/**
 * A shared log that another process has: asked for over a bus by those who have only that, and served to it by the one who has it.
 * For `weir up`, where control's process has the log in memory or on disk, and workers have the bus over IPC.
 *
 *     worker ── asked ──▶ serveLog ── any SharedLog
 *     worker ◀─ told ──── (follows it)
 */
import {
  encodeLogWord,
  type LogAnswer,
  type LogQuestion,
  readLogAnswer,
  readLogQuestion,
  readLogRecord,
  recordsAtOnceMax,
} from '../events/log-asks.js';
import type { Bus } from './bus.js';
import type { LogPlace } from './jetstream-stream.js';
import {
  type Appended,
  entryBytesMax,
  type LogBounds,
  type LogEnd,
  type LogRecord,
  logWithinMs,
  type SharedLog,
} from './shared-log.js';
import { isWord } from './subject.js';

export type AskedPlace = Pick<LogPlace, 'asked' | 'told'>;

/** Of one answer to `read`, so that it is a message of the bus. */
const ANSWER_BYTES_MAX = entryBytesMax;

/** The side that has the log; returns how to end it. The log is left open. */
export function serveLog(bus: Bus, { asked, told }: AskedPlace, log: SharedLog): () => void {
  const endAnswering = bus.subscribe(asked, (message) => {
    const question = readLogQuestion(message.bytes);
    if (question === null) return;
    void answerTo(log, question).then((answer) => message.reply(encodeLogWord(answer)));
  });
  const endTelling = log.follow((record) => void bus.publish(`${told}.${record.writer}`, encodeLogWord(record)));
  return () => {
    endAnswering();
    endTelling();
  };
}

async function answerTo(log: SharedLog, question: LogQuestion): Promise<LogAnswer> {
  switch (question.ask) {
    case 'append': {
      const { writer, bytes, after } = question;
      return { answer: 'append', appended: await log.append(writer, bytes, after ?? undefined) };
    }
    case 'bounds':
      return { answer: 'bounds', bounds: await log.bounds() };
    case 'read': {
      const records = await log.read(question.from, Math.min(question.max, recordsAtOnceMax));
      return { answer: 'read', records: records === null ? null : fitting(records) };
    }
  }
}

/** The first of them is always among them. */
function fitting(records: readonly LogRecord[]): readonly LogRecord[] {
  let bytes = 0;
  const tooMany = records.findIndex((record, index) => {
    bytes += record.bytes.length + 100;
    return index > 0 && bytes > ANSWER_BYTES_MAX;
  });
  return tooMany === -1 ? records : records.slice(0, tooMany);
}

/** The side that has it not. */
export function askedLog(bus: Bus, { asked, told }: AskedPlace): SharedLog {
  const ends = new Set<() => void>();
  let isClosed = false;
  /** `away`: nobody was asked. Null: no answer that can be used. */
  const ask = async (question: LogQuestion): Promise<LogAnswer | 'away' | null> => {
    if (isClosed) return 'away';
    const { replies, end } = await bus.gather(asked, encodeLogWord(question), { withinMs: logWithinMs, repliesMax: 1 });
    const [reply] = replies;
    if (reply !== undefined) return readLogAnswer(reply.bytes);
    return end === 'late' ? null : 'away';
  };
  return {
    append: (writer, bytes, after) => append(ask, writer, bytes, after),
    async bounds(): Promise<LogBounds | null> {
      const answer = await ask({ ask: 'bounds' });
      return answer !== null && answer !== 'away' && answer.answer === 'bounds' ? answer.bounds : null;
    },
    async read(from, max): Promise<readonly LogRecord[] | null> {
      const answer = await ask({ ask: 'read', from: Math.max(from, 0), max: Math.max(max, 0) });
      return answer !== null && answer !== 'away' && answer.answer === 'read' ? answer.records : null;
    },
    follow(onRecord) {
      if (isClosed) return () => {};
      const end = bus.subscribe(`${told}.*`, ({ bytes }) => {
        const record = readLogRecord(bytes);
        if (record !== null) onRecord(record);
      });
      ends.add(end);
      return () => {
        ends.delete(end);
        end();
      };
    },
    async close() {
      isClosed = true;
      for (const end of ends) end();
    },
  };
}

async function append(
  ask: (question: LogQuestion) => Promise<LogAnswer | 'away' | null>,
  writer: string,
  bytes: Uint8Array,
  after: LogEnd | undefined,
): Promise<Appended> {
  if (!isWord(writer)) return { ok: false, why: 'refused', detail: `"${writer}" is no writer` };
  if (bytes.length > entryBytesMax) return { ok: false, why: 'refused', detail: 'larger than an entry may be' };
  // It tells of no marks.
  if (typeof after === 'string') return { ok: false, why: 'conflict', detail: `no entry here has the mark ${after}` };
  const answer = await ask({ ask: 'append', writer, bytes, after: after ?? null });
  if (answer === 'away') return { ok: false, why: 'away', detail: 'the process that has the log is away' };
  if (answer?.answer === 'append') return answer.appended;
  return { ok: false, why: 'uncertain', detail: 'the process that has the log does not answer' };
}
