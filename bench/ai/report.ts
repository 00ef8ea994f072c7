/** Sums the samples of the comparison up: medians over the rounds, what a gateway adds to the direct call, ratios to Portkey. Pure. */
import { median, percentile, spread } from '../measure/statistics.js';
import { markdownTable } from '../table.js';
import type { ChatSample, HeldSample, StreamSample } from './loads.js';
import type { AiPeerName } from './peers.js';

export interface AiMeasured {
  readonly peer: AiPeerName;
  readonly chats: readonly ChatSample[];
  readonly streams: readonly StreamSample[];
  readonly held: readonly HeldSample[];
}

export interface AiRow {
  readonly peer: AiPeerName;
  readonly chatsPerSecond: number;
  readonly spread: number;
  /** Null: Portkey did not run. */
  readonly throughputToPortkey: number | null;
  readonly cpuMicrosPerChat: number;
  readonly cpuMicrosPerToken: number;
  /** What comes on top of the direct call; of the direct call itself, and without one, what it takes. */
  readonly firstP50Ms: number;
  readonly firstP99Ms: number;
  readonly openingP50Ms: number;
  readonly openingP99Ms: number;
  readonly tokenP50Ms: number;
  readonly tokenP99Ms: number;
  readonly restMiB: number;
  readonly heldMiB: number;
  readonly failures: number;
}

const MIB = 1024 * 1024;

export function aiRows(measured: readonly AiMeasured[]): AiRow[] {
  const rows = measured.map(sumUp);
  const direct = rows.find(({ peer }) => peer === 'direct');
  const portkey = rows.find(({ peer }) => peer === 'portkey');
  return rows.map((row) => ({
    ...row,
    ...(direct === undefined || row === direct ? {} : added(row, direct)),
    throughputToPortkey: portkey === undefined ? null : row.chatsPerSecond / portkey.chatsPerSecond,
  }));
}

type Waits = 'firstP50Ms' | 'firstP99Ms' | 'openingP50Ms' | 'openingP99Ms' | 'tokenP50Ms' | 'tokenP99Ms';
const added = (row: AiRow, direct: AiRow): Pick<AiRow, Waits> => ({
  firstP50Ms: row.firstP50Ms - direct.firstP50Ms,
  firstP99Ms: row.firstP99Ms - direct.firstP99Ms,
  openingP50Ms: row.openingP50Ms - direct.openingP50Ms,
  openingP99Ms: row.openingP99Ms - direct.openingP99Ms,
  tokenP50Ms: row.tokenP50Ms - direct.tokenP50Ms,
  tokenP99Ms: row.tokenP99Ms - direct.tokenP99Ms,
});

function sumUp({ peer, chats, streams, held }: AiMeasured): AiRow {
  const ofStreams = (value: (sample: StreamSample) => number): number => median(streams.map(value));
  const most = (value: (sample: HeldSample) => number): number => Math.max(0, ...held.map(value)) / MIB;
  const failures = [
    ...chats.map((one) => one.badStatuses + one.socketErrors),
    ...[...streams, ...held].map((one) => one.failed),
  ];
  return {
    peer,
    chatsPerSecond: median(chats.map((one) => one.requestsPerSecond)),
    spread: spread(chats.map((one) => one.requestsPerSecond)),
    throughputToPortkey: null,
    cpuMicrosPerChat: median(chats.map((one) => one.cpuMicrosPerChat)),
    cpuMicrosPerToken: ofStreams((one) => one.cpuMicrosPerToken),
    firstP50Ms: firstMs(streams, 0.5),
    firstP99Ms: firstMs(streams, 0.99),
    openingP50Ms: openingMs(streams, 0.5),
    openingP99Ms: openingMs(streams, 0.99),
    tokenP50Ms: ofStreams((one) => one.tokenP50Ms),
    tokenP99Ms: ofStreams((one) => one.tokenP99Ms),
    restMiB: most((one) => one.restBytes),
    heldMiB: most((one) => one.peakBytes),
    failures: failures.reduce((sum, count) => sum + count, 0),
  };
}

/** Over all rounds: one has some three hundred streams. */
export const firstMs = (streams: readonly Pick<StreamSample, 'firstUs'>[], share: number): number =>
  percentileMs(
    streams.map(({ firstUs }) => firstUs),
    share,
  );

const openingMs = (streams: readonly Pick<StreamSample, 'openingUs'>[], share: number): number =>
  percentileMs(
    streams.map(({ openingUs }) => openingUs),
    share,
  );

const percentileMs = (rounds: readonly (readonly number[])[], share: number): number =>
  percentile(rounds.flat(), share) / 1_000;

const headings = [
  'who',
  'chats/s',
  '±',
  '× portkey',
  'CPU µs/chat',
  'first p50 ms',
  'first p99 ms',
  'opening p50 ms',
  'opening p99 ms',
  'token p50 ms',
  'token p99 ms',
  'CPU µs/token',
  'MiB at rest',
  'MiB with 2,000',
  'failed',
] as const;

export function aiTable(rows: readonly AiRow[]): string {
  const cells = rows.map((row) => {
    const sign = row.peer === 'direct' ? '' : '+';
    const ms = (value: number): string => `${value < 0 ? '' : sign}${value.toFixed(2)}`;
    return [
      row.peer,
      row.chatsPerSecond.toFixed(0),
      `${Math.round(row.spread * 100)} %`,
      row.throughputToPortkey === null ? '–' : row.throughputToPortkey.toFixed(1),
      row.cpuMicrosPerChat.toFixed(1),
      ms(row.firstP50Ms),
      ms(row.firstP99Ms),
      ms(row.openingP50Ms),
      ms(row.openingP99Ms),
      ms(row.tokenP50Ms),
      ms(row.tokenP99Ms),
      row.cpuMicrosPerToken.toFixed(1),
      row.restMiB.toFixed(0),
      row.heldMiB.toFixed(0),
      String(row.failures),
    ];
  });
  return markdownTable(headings, cells, 1);
}

/** Stated before anything was measured. */
export const aims = { throughputToPortkey: 15, firstP50Ms: 0.5, firstP99Ms: 2 } as const;

export function verdict(rows: readonly AiRow[]): string {
  const weir = rows.find(({ peer }) => peer === 'weir');
  if (weir === undefined) return 'Weir did not run.';
  const met = (isMet: boolean): string => (isMet ? 'met' : 'not met');
  const { throughputToPortkey: ratio, firstP50Ms, firstP99Ms } = weir;
  return [
    ratio === null
      ? 'Portkey did not run'
      : `${aims.throughputToPortkey} times Portkey’s throughput: ${met(ratio >= aims.throughputToPortkey)} (${ratio.toFixed(1)})`,
    `below ${aims.firstP50Ms} ms added to the first token at p50: ${met(firstP50Ms < aims.firstP50Ms)} (${firstP50Ms.toFixed(2)})`,
    `below ${aims.firstP99Ms} ms at p99: ${met(firstP99Ms < aims.firstP99Ms)} (${firstP99Ms.toFixed(2)}).`,
  ].join('; ');
}
