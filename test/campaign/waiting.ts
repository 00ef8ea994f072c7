/**
 * Thousands of requests that wait on a slow upstream in one node, all at once, and none lost. The upstream holds every
 * answer until it has all requests, so their number is what it saw and not what was sent; then each client must get the
 * answer to its own request.
 *
 * Over HTTP/1.1 each waiting request needs two sockets of the node, and the system's limit on open files may be below
 * that; then as many are tried as it allows, and the report says so. Over HTTP/2 a hundred of them share a connection.
 */
import { createAuthority } from '../conformance/transport/certificates.js';
import { ensureBuilt } from '../support/built.js';
import { forgetPeak, openFilesMax, peakRssBytes, rssBytes } from '../support/process-memory.js';
import { onStage, type Stage, until } from '../support/stage.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { type WaitingClients, waitingClients } from '../support/waiting-clients.js';
import { weirUp } from '../support/weir-up.js';
import { type Report, showBytes } from './campaign.js';

export interface WaitingScale {
  readonly requests: number;
}

export const fullWaiting: WaitingScale = { requests: 10_000 };

/** Files that a process needs for itself: logs, listeners, pipes, the watcher. */
const OWN_FILES = 100;

const config = (target: string, more: string): string => `version: 1
gateway:
  listen: "127.0.0.1:0"
  accessLog: false
  timeouts: { total: 10m }
upstreams:
  - id: slow
    targets: ["${target}"]
    timeouts: { queue: 1m, connect: 30s, tls: 30s, firstByte: 9m }
    ${more}
routes: [{ id: all, match: /*, upstream: slow }]
`;

export function runWaiting({ requests }: WaitingScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const plain = await startUpstream(stage);
    const pool = 'pool: { connections: 65535, queue: 65535 }';
    const first = await wait(stage, plain, config(`http://127.0.0.1:${plain.port}`, pool), requests, 2);

    const authority = createAuthority();
    stage.onEnd(() => authority.remove());
    const { certFile, keyFile } = authority.issue('upstream', 'IP:127.0.0.1');
    const secure = await startUpstream(stage, [certFile, keyFile]);
    const http2 = `protocol: http2\n    tls: { caFile: ${authority.caFile} }\n    ${pool}`;
    const second = await wait(stage, secure, config(`https://127.0.0.1:${secure.port}`, http2), requests, 1.1);

    const figures: Record<string, string | number> = {};
    for (const [name, report] of [
      ['HTTP/1.1', first],
      ['HTTP/2', second],
    ] as const) {
      for (const [label, value] of Object.entries(report.figures)) figures[`${name}: ${label}`] = value;
    }
    return { figures, broken: [...first.broken, ...second.broken] };
  });
}

async function wait(
  stage: Stage,
  upstream: Upstream,
  text: string,
  asked: number,
  filesPerRequest: number,
): Promise<Report> {
  const weir = await weirUp(stage, text);
  const pid = await weir.nodePid();
  const files = openFilesMax(pid);
  const count = Math.min(asked, Math.floor((files - OWN_FILES) / filesPerRequest));
  const beforeBytes = rssBytes(pid);
  forgetPeak(pid);
  const startedAtMs = performance.now();
  const clients = waitingClients(weir.port, count, (id) => `/hold/${id}`);
  stage.onEnd(() => clients.close());
  let held = 0;
  await until(
    async () => {
      ({ held } = await upstream.look());
      return held >= count || clients.finished() > 0;
    },
    () => `${held} of ${count} requests have reached the upstream`,
    5 * 60_000,
  );
  const heldAfterMs = performance.now() - startedAtMs;
  const waitingBytes = rssBytes(pid);
  // The node reports every second.
  let atOnce = 0;
  await until(
    async () => {
      atOnce = (await weir.status()).nodes[0]?.status?.exchanges ?? 0;
      return atOnce === count;
    },
    () => `the node reports ${atOnce} exchanges, and ${count} are open`,
  );
  await upstream.release();
  await clients.over;
  const { connections, protocol } = await upstream.look();
  const figures = {
    waiting: count === asked ? count : `${count}: ${files} open files are too few for ${asked}`,
    'reached the upstream': `${held} after ${(heldAfterMs / 1_000).toFixed(1)} s`,
    'exchanges that the node reports': atOnce,
    'upstream connections': `${connections} (HTTP ${protocol})`,
    'answered with the right answer': clients.right(),
    'RSS before, while they wait, peak': [beforeBytes, waitingBytes, peakRssBytes(pid)].map(showBytes).join(', '),
    'RSS per waiting request': `${((waitingBytes - beforeBytes) / count / 1_024).toFixed(1)} KiB`,
  };
  weir.child.kill('SIGTERM');
  const code = await weir.exited;
  return { figures, broken: [...lost(clients, count, held), ...(code === 0 ? [] : [`the stop ended with ${code}`])] };
}

function lost(clients: WaitingClients, count: number, held: number): string[] {
  const broken: string[] = [];
  if (held !== count) broken.push(`${held} of ${count} requests waited at once`);
  if (clients.right() !== count) broken.push(`${count - clients.right()} of ${count} lost, such as ${clients.wrong()}`);
  return broken;
}
