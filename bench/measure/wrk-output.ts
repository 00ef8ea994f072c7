/**
 * Reads the report that `wrk --latency` prints (wrk 4.x, `src/wrk.c`, print_stats). Pure text in, numbers out; a
 * report that lacks a part is an error, because a silently missing percentile would be published as a fast one.
 */

export interface WrkReport {
  readonly requests: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  /** Answers outside 2xx and 3xx. */
  readonly badStatuses: number;
  /** Sockets that could not connect, read, write, or that waited too long. */
  readonly socketErrors: number;
}

const MS_PER_UNIT: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration as wrk writes it, `755.00us` or `1.02ms`, in milliseconds; NaN when it is none. */
export function parseWrkDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(text);
  const factor = MS_PER_UNIT[match?.[2] ?? ''];
  return match === null || factor === undefined ? Number.NaN : Number(match[1]) * factor;
}

function firstMatch(report: string, pattern: RegExp, what: string): RegExpExecArray {
  const match = pattern.exec(report);
  if (match === null) throw new Error(`wrk's report names no ${what}:\n${report}`);
  return match;
}

function latencyMs(report: string, share: number): number {
  const match = firstMatch(report, new RegExp(`^\\s+${share}%\\s+(\\S+)\\s*$`, 'm'), `${share}% latency`);
  const milliseconds = parseWrkDuration(match[1] ?? '');
  if (Number.isNaN(milliseconds)) throw new Error(`wrk's ${share}% latency is not a duration: ${match[1]}`);
  return milliseconds;
}

export function parseWrkReport(report: string): WrkReport {
  const total = firstMatch(report, /^\s*(\d+) requests in (\S+?), /m, 'number of requests');
  const requests = Number(total[1]);
  const seconds = parseWrkDuration(total[2] ?? '') / 1000;
  const errors = /^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/m.exec(report);
  const statuses = /^\s*Non-2xx or 3xx responses: (\d+)/m.exec(report);
  return {
    requests,
    seconds,
    requestsPerSecond: requests / seconds,
    p50Ms: latencyMs(report, 50),
    p90Ms: latencyMs(report, 90),
    p99Ms: latencyMs(report, 99),
    // wrk leaves these lines out when there is nothing to complain about.
    badStatuses: Number(statuses?.[1] ?? 0),
    socketErrors: (errors?.slice(1) ?? []).reduce((sum, count) => sum + Number(count), 0),
  };
}
