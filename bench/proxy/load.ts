/** One run of the load generator against one proxy, with what the proxy used meanwhile. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { coreTime, cpuSeconds, peakRssBytes, resetPeakRss } from '../measure/process-usage.js';
import { parseWrkReport, type WrkReport } from '../measure/wrk-output.js';
import { spawnPinned } from '../start/processes.js';
import { API_KEY, API_KEY_FIELD, type Case, postScript } from './cases.js';

export interface Load {
  readonly port: number;
  readonly case: Case;
  readonly connections: number;
  readonly seconds: number;
  readonly core: number;
  readonly directory: string;
  readonly signal: AbortSignal;
}

export interface Sample extends WrkReport {
  /** CPU time of the proxy's worker, user and system, for each request that was answered. */
  readonly cpuMicrosPerRequest: number;
  /** Share of the run's wall time in which the worker ran: near 1 means that the proxy was the bottleneck. */
  readonly proxyBusy: number;
  /** Share of the run in which the core of origin and load generator was busy; near 1 means that these were it. */
  readonly loadCoreBusy: number;
  readonly peakRssBytes: number;
}

/** wrk gives up on a request after this many seconds and counts a timeout; 512 × 1 MiB takes its time. */
const REQUEST_TIMEOUT_S = 10;

export async function runWrk(load: Load): Promise<WrkReport> {
  const script: string[] = [];
  if (load.case.method === 'POST') {
    const file = join(load.directory, `${load.case.id}.lua`);
    writeFileSync(file, postScript(load.case.requestBytes));
    script.push('-s', file);
  }
  const child = spawnPinned({
    name: 'wrk',
    command: 'wrk',
    args: [
      '-t1',
      `-c${load.connections}`,
      `-d${load.seconds}s`,
      '--latency',
      ...['--timeout', `${REQUEST_TIMEOUT_S}s`],
      ...['-H', `${API_KEY_FIELD}: ${API_KEY}`],
      ...script,
      `http://127.0.0.1:${load.port}${load.case.path}`,
    ],
    core: load.core,
    cwd: load.directory,
  });
  const abort = (): boolean => child.kill('SIGKILL');
  load.signal.addEventListener('abort', abort);
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  try {
    await once(child, 'close');
  } finally {
    load.signal.removeEventListener('abort', abort);
  }
  load.signal.throwIfAborted();
  return parseWrkReport(printed);
}

export async function measure(load: Load, workers: readonly number[]): Promise<Sample> {
  resetPeakRss(workers);
  const startedAtMs = performance.now();
  const cpuBefore = cpuSeconds(workers);
  const coreBefore = coreTime(load.core);
  const report = await runWrk(load);
  const cpuUsed = cpuSeconds(workers) - cpuBefore;
  const coreAfter = coreTime(load.core);
  const elapsedSeconds = (performance.now() - startedAtMs) / 1000;
  return {
    ...report,
    cpuMicrosPerRequest: (cpuUsed * 1e6) / report.requests,
    proxyBusy: cpuUsed / elapsedSeconds,
    loadCoreBusy: (coreAfter.busySeconds - coreBefore.busySeconds) / (coreAfter.totalSeconds - coreBefore.totalSeconds),
    peakRssBytes: peakRssBytes(workers),
  };
}

/** Asks once and compares every byte: a proxy that answers wrongly must not be measured as a fast one. */
export async function assertSameAnswer(name: string, port: number, originPort: number, asked: Case): Promise<void> {
  const [expected, actual] = await Promise.all([fetchBytes(originPort, asked), fetchBytes(port, asked)]);
  if (expected.byteLength !== asked.responseBytes || !expected.equals(actual)) {
    throw new Error(`${name} answers ${asked.id} with other bytes than the origin`);
  }
}

async function fetchBytes(port: number, asked: Case): Promise<Buffer> {
  const response = await fetch(`http://127.0.0.1:${port}${asked.path}`, {
    method: asked.method,
    headers: { [API_KEY_FIELD]: API_KEY },
    ...(asked.requestBytes > 0 ? { body: 'x'.repeat(asked.requestBytes) } : {}),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_S * 1000),
  });
  const body = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`port ${port} answers ${asked.id} with ${response.status}: ${body}`);
  return body;
}
