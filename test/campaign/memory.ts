/**
 * "A 1 GiB body through a slow reader keeps the process under 150 MiB of RSS": downloads of known and unknown length to
 * a client that reads slowly, and an upload to an upstream that reads slowly. The figure is the kernel's own peak.
 */
import { ensureBuilt } from '../support/built.js';
import { patternDigest } from '../support/pattern.js';
import { forgetPeak, peakRssBytes, rssBytes } from '../support/process-memory.js';
import { download, type Pace, upload } from '../support/slow-client.js';
import { onStage } from '../support/stage.js';
import { startUpstream } from '../support/upstream.js';
import { weirUp } from '../support/weir-up.js';
import { type Report, showBytes } from './campaign.js';

export const RSS_PROMISED_BYTES = 150 * 1_048_576;

export interface MemoryScale {
  readonly bodyBytes: number;
  readonly pace: Pace;
}

export const fullMemory: MemoryScale = {
  bodyBytes: 1_073_741_824,
  pace: { bytesPerSecond: 67_108_864, stallMs: 3_000 },
};

const config = (port: number): string => `version: 1
gateway:
  listen: "127.0.0.1:0"
  accessLog: false
  timeouts: { total: 1h }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${port}"] }]
routes: [{ id: all, match: /*, upstream: app, bodyLimit: unlimited }]
`;

export function runMemory({ bodyBytes, pace }: MemoryScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const upstream = await startUpstream(stage);
    const weir = await weirUp(stage, config(upstream.port));
    const pid = await weir.nodePid();
    const digest = patternDigest(bodyBytes);
    const broken: string[] = [];
    const figures: Record<string, string> = { 'node before': showBytes(rssBytes(pid)) };

    const watched = async (name: string, move: () => Promise<{ bytes: number; digest: string }>): Promise<void> => {
      forgetPeak(pid);
      const startedAtMs = performance.now();
      const moved = await move();
      const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
      const peakBytes = peakRssBytes(pid);
      figures[name] = `${showBytes(moved.bytes)} in ${seconds} s, peak RSS ${showBytes(peakBytes)}`;
      if (moved.digest !== digest)
        broken.push(`${name}: ${moved.bytes} of ${bodyBytes} bytes, not those that were sent`);
      if (peakBytes > RSS_PROMISED_BYTES) broken.push(`${name}: RSS reached ${showBytes(peakBytes)}`);
    };
    await watched('download, known length', () => download(weir.port, `/bytes/${bodyBytes}`, pace));
    await watched('download, chunked', () => download(weir.port, `/stream/${bodyBytes}`, pace));
    await watched('upload', async () => {
      const answer = await upload(weir.port, `/sink/${pace.bytesPerSecond}`, bodyBytes);
      const body = /\r\n\r\n(\{.*\})$/.exec(answer)?.[1];
      if (body === undefined) throw new Error(`the upload was answered ${JSON.stringify(answer.slice(0, 400))}`);
      return JSON.parse(body) as { bytes: number; digest: string }; // What /sink of our own upstream writes.
    });
    return { figures, broken };
  });
}
