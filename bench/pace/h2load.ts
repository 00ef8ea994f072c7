/**
 * Load at a given rate: h2load(1) over HTTP/1.1, each connection with its share of the requests and its own beat, the
 * connections begun one after another so that their beats don't fall together. A request that is due while the one before
 * it is out waits for it, and is timed from when it was sent: with many connections that is rare, and not never.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { percentile } from '../measure/statistics.js';
import { API_KEY, API_KEY_FIELD, type Case } from '../proxy/cases.js';
import { spawnPinned } from '../start/processes.js';

export interface PacedLoad {
  readonly port: number;
  readonly case: Case;
  readonly connections: number;
  /** All connections together. */
  readonly requestsPerSecond: number;
  readonly seconds: number;
  readonly core: number;
  readonly directory: string;
  readonly signal: AbortSignal;
}

export interface PacedReport {
  readonly requests: number;
  readonly failures: number;
  /** What it came to; below what was asked where the proxy could not. */
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

export async function runPaced(load: PacedLoad): Promise<PacedReport> {
  const { connections, requestsPerSecond, signal } = load;
  const file = join(load.directory, 'paced.log');
  const each = Math.max(1, Math.round(requestsPerSecond / connections));
  // Spread over one beat, in whole milliseconds, as that is what the option takes.
  const apartMs = Math.max(1, Math.floor(1_000 / each / connections));
  const child = spawnPinned({
    name: 'h2load',
    command: 'h2load',
    args: [
      '--h1',
      ...['-n', String(each * connections * load.seconds), '-c', String(connections)],
      ...['-r', '1', `--rate-period=${apartMs}ms`, `--rps=${each}`],
      ...[`--log-file=${file}`, '-H', `${API_KEY_FIELD}: ${API_KEY}`],
      `http://127.0.0.1:${load.port}${load.case.path}`,
    ],
    core: load.core,
    cwd: load.directory,
  });
  const abort = (): boolean => child.kill('SIGKILL');
  signal.addEventListener('abort', abort);
  let printed = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  child.stdout?.resume();
  let code: unknown;
  try {
    [code] = await once(child, 'close');
  } finally {
    signal.removeEventListener('abort', abort);
  }
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`h2load ended with ${String(code)}\n${printed}`);
  return readPacedLog(readFileSync(file, 'utf8'));
}

/** A line a request: its start in microseconds since 1970, its status, and microseconds to the end of its answer, by tabs. */
export function readPacedLog(text: string): PacedReport {
  const lines = text.split('\n').filter((line) => line !== '');
  const columns = lines.map((line) => line.split('\t').map(Number));
  const tookMs = columns.map(([, , micros = Number.NaN]) => micros / 1_000);
  const starts = columns.map(([start = Number.NaN]) => start).toSorted((one, other) => one - other);
  const seconds = ((starts.at(-1) ?? 0) - (starts[0] ?? 0)) / 1e6;
  return {
    requests: lines.length,
    failures: columns.filter(([, status]) => status !== 200).length,
    requestsPerSecond: lines.length / seconds,
    p50Ms: percentile(tookMs, 0.5),
    p99Ms: percentile(tookMs, 0.99),
    p999Ms: percentile(tookMs, 0.999),
  };
}
