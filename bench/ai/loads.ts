/** The loads of the benchmark of models, each with what the gateway used meanwhile: whole answers, streams, and many of them at once. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuSeconds, peakRssBytes, resetPeakRss } from '../measure/process-usage.js';
import { parseWrkReport, type WrkReport } from '../measure/wrk-output.js';
import { type Launch, spawnPinned } from '../start/processes.js';
import type { AiPeer } from './peers.js';
import type { StreamFigures, StreamPlan } from './stream-client.js';
import { CHAT, HELD, headersFor, modelOf, PATH, question, STREAM } from './words.js';

export interface AiLoad {
  readonly peer: AiPeer;
  readonly mockPort: number;
  readonly seconds: number;
  readonly core: number;
  readonly directory: string;
  readonly signal: AbortSignal;
}

export interface ChatSample extends WrkReport {
  readonly cpuMicrosPerChat: number;
}
export interface StreamSample extends StreamFigures {
  readonly cpuMicrosPerToken: number;
}
export interface HeldSample extends StreamFigures {
  readonly restBytes: number;
  readonly peakBytes: number;
}

export const CHAT_CONNECTIONS = 32;
export const STREAMS = 100;
export const HELD_STREAMS = 2_000;

async function printed(launch: Launch, signal: AbortSignal): Promise<string> {
  const child = spawnPinned(launch);
  const abort = (): boolean => child.kill('SIGKILL');
  signal.addEventListener('abort', abort);
  let text = '';
  const keep = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  try {
    await once(child, 'close');
  } finally {
    signal.removeEventListener('abort', abort);
  }
  signal.throwIfAborted();
  return text;
}

const luaText = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;

/** wrk builds the request once. */
function wrkScript(mockPort: number): string {
  const headers = Object.entries(headersFor(mockPort)).map(
    ([name, value]) => `wrk.headers[${luaText(name)}] = ${luaText(value)}`,
  );
  return ['wrk.method = "POST"', `wrk.body = ${luaText(question(modelOf(CHAT), false))}`, ...headers, ''].join('\n');
}

export async function loadChats({ peer, mockPort, seconds, core, directory, signal }: AiLoad): Promise<ChatSample> {
  const script = join(directory, 'chat.lua');
  writeFileSync(script, wrkScript(mockPort));
  const shape = ['-t1', `-c${CHAT_CONNECTIONS}`, `-d${seconds}s`, '--latency', '--timeout', '10s', '-s', script];
  const args = [...shape, `http://127.0.0.1:${peer.port}${PATH}`];
  const before = cpuSeconds(peer.workers);
  const report = parseWrkReport(await printed({ name: 'wrk', command: 'wrk', args, core, cwd: directory }, signal));
  return { ...report, cpuMicrosPerChat: ((cpuSeconds(peer.workers) - before) * 1e6) / report.requests };
}

export async function readStreams(load: AiLoad, plan: Pick<StreamPlan, 'pace' | 'streams' | 'seconds'>) {
  const program = fileURLToPath(new URL('./stream-client.js', import.meta.url));
  const args = [program, JSON.stringify({ ...plan, port: load.peer.port, mockPort: load.mockPort })];
  const { core, directory } = load;
  const text = await printed({ name: 'client', command: process.execPath, args, core, cwd: directory }, load.signal);
  if (!text.startsWith('{')) throw new Error(`the client of streams ended with\n${text}`);
  return JSON.parse(text) as StreamFigures; // Written by the client of ours.
}

export async function loadStreams(load: AiLoad): Promise<StreamSample> {
  const { workers } = load.peer;
  const before = cpuSeconds(workers);
  const figures = await readStreams(load, { pace: STREAM, streams: STREAMS, seconds: load.seconds });
  return { ...figures, cpuMicrosPerToken: ((cpuSeconds(workers) - before) * 1e6) / figures.tokens };
}

export async function holdStreams(load: AiLoad): Promise<HeldSample> {
  const { workers } = load.peer;
  resetPeakRss(workers);
  const restBytes = peakRssBytes(workers);
  const figures = await readStreams(load, { pace: HELD, streams: HELD_STREAMS, seconds: 0 });
  return { ...figures, restBytes, peakBytes: peakRssBytes(workers) };
}
