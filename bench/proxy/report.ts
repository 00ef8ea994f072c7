/** Sums up the samples of a comparison and writes them as rows of numbers, as a table for people, and as Markdown. */
import { median, spread } from '../measure/statistics.js';
import { markdownTable } from '../table.js';
import type { Sample } from './load.js';

export interface Measured {
  readonly peer: string;
  readonly caseId: string;
  readonly connections: number;
  readonly samples: readonly Sample[];
}

/** One line of the report: medians over the rounds. */
export interface Row {
  readonly caseId: string;
  readonly connections: number;
  readonly peer: string;
  readonly rounds: number;
  readonly requestsPerSecond: number;
  /** (largest − smallest) / median of the throughput over the rounds. */
  readonly spread: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly cpuMicrosPerRequest: number;
  readonly peakRssMiB: number;
  readonly proxyBusy: number;
  readonly loadCoreBusy: number;
  /** Requests that failed in all rounds together; anything but 0 makes the row worthless. */
  readonly failures: number;
  /** Against nginx in the same case and at the same connections; null when nginx did not run. */
  readonly throughputToNginx: number | null;
  readonly cpuToNginx: number | null;
}

const MIB = 1024 * 1024;

export function rowsOf(measured: readonly Measured[]): Row[] {
  const summed = measured.map((one) => sumUp(one));
  return summed.map((row) => {
    const nginx = summed.find(
      (other) => other.peer === 'nginx' && other.caseId === row.caseId && other.connections === row.connections,
    );
    return {
      ...row,
      throughputToNginx: nginx === undefined ? null : row.requestsPerSecond / nginx.requestsPerSecond,
      cpuToNginx: nginx === undefined ? null : row.cpuMicrosPerRequest / nginx.cpuMicrosPerRequest,
    };
  });
}

function sumUp({ peer, caseId, connections, samples }: Measured): Omit<Row, 'throughputToNginx' | 'cpuToNginx'> {
  const middle = (value: (sample: Sample) => number): number => median(samples.map(value));
  return {
    caseId,
    connections,
    peer,
    rounds: samples.length,
    requestsPerSecond: middle((sample) => sample.requestsPerSecond),
    spread: spread(samples.map((sample) => sample.requestsPerSecond)),
    p50Ms: middle((sample) => sample.p50Ms),
    p90Ms: middle((sample) => sample.p90Ms),
    p99Ms: middle((sample) => sample.p99Ms),
    cpuMicrosPerRequest: middle((sample) => sample.cpuMicrosPerRequest),
    peakRssMiB: Math.max(...samples.map((sample) => sample.peakRssBytes)) / MIB,
    proxyBusy: middle((sample) => sample.proxyBusy),
    loadCoreBusy: middle((sample) => sample.loadCoreBusy),
    failures: samples.reduce((sum, sample) => sum + sample.badStatuses + sample.socketErrors, 0),
  };
}

const headings = [
  'case',
  'conns',
  'proxy',
  'req/s',
  '±',
  '× nginx',
  'CPU µs/req',
  '× nginx',
  'p50 ms',
  'p90 ms',
  'p99 ms',
  'RSS MiB',
  'proxy busy',
  'load busy',
  'failed',
] as const;

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const ratio = (value: number | null): string => (value === null ? '–' : value.toFixed(2));
const milliseconds = (value: number): string => value.toPrecision(3).replace(/e\+\d+$/, '');

function cellsOf(row: Row): string[] {
  return [
    row.caseId,
    String(row.connections),
    row.peer,
    row.requestsPerSecond.toFixed(0),
    percent(row.spread),
    ratio(row.throughputToNginx),
    row.cpuMicrosPerRequest.toFixed(1),
    ratio(row.cpuToNginx),
    milliseconds(row.p50Ms),
    milliseconds(row.p90Ms),
    milliseconds(row.p99Ms),
    row.peakRssMiB.toFixed(0),
    percent(row.proxyBusy),
    percent(row.loadCoreBusy),
    String(row.failures),
  ];
}

/** The case, the connections and the name of the proxy stand left. */
const TEXT_COLUMNS = 3;

export const tableOf = (rows: readonly Row[]): string => markdownTable(headings, rows.map(cellsOf), TEXT_COLUMNS);
