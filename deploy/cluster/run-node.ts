/** Runs `weir node`: signals, and what is said on stderr. stdout belongs to the access log of the workers. */
import { columns, paintFor } from '@weir/control/cli/terminal.js';
import { openFilesMax } from '@weir/node/listener/open-files.js';
import { reachableAddress } from '@weir/proto/bus/address.js';
import type { NodeArguments } from '../commands/node.js';
import { StartFailed } from '../up/embedded-node.js';
import { OPEN_FILES_MIN, tooFewFiles } from '../up/run.js';
import { boundStderr, endSoon } from '../up/stderr.js';
import { stopOf } from '../up/up.js';
import { readVersion } from '../version.js';
import { type RunningHost, startHost } from './host.js';

const CUT_SHORT = 130;

const say = (text: string): void => {
  process.stderr.write(`weir: ${text}\n`);
};

export async function runNode(options: NodeArguments): Promise<number> {
  boundStderr();
  const code = await run(options);
  endSoon(code);
  return code;
}

async function run(options: NodeArguments): Promise<number> {
  const openFiles = openFilesMax();
  if (openFiles < OPEN_FILES_MIN) {
    say(tooFewFiles(openFiles));
    return 1;
  }
  const signals = listenEarly();
  let host: RunningHost;
  try {
    host = await startHost({ ...options, redis: options.redis?.template ?? null, say });
  } catch (error) {
    if (!(error instanceof StartFailed)) throw error;
    say(error.message);
    return 1;
  }
  process.stderr.write(places(options, host));
  signals.handOver(() => {
    host.node.reopenLog();
    say('the workers open their access logs anew');
  });
  await signals.stopAsked;
  let isCut = false;
  const drainMs = (): number => host.node.inForce?.clientTimers.drainMs ?? 0;
  const stop = stopOf(host.node, drainMs, say);
  const cut = (): void => {
    isCut = true;
    stop();
  };
  process.on('SIGINT', cut);
  process.on('SIGTERM', cut);
  const ending = host.end();
  stop();
  const { cut: exchanges } = await ending;
  say(
    exchanges === null
      ? 'stopped; a worker ended before its drain did'
      : `stopped; ${exchanges} exchanges had to be cut`,
  );
  if (isCut) return CUT_SHORT;
  return exchanges === null ? 1 : 0;
}

function places(options: NodeArguments, { metrics, isFromDisk }: RunningHost): string {
  const { cluster, id, nats, workers, redis, dataFolder } = options;
  const paint = paintFor(process.stderr.isTTY === true, process.env);
  const from = isFromDisk
    ? 'kept from an earlier run, until another one is announced'
    : 'none yet; waiting for control';
  const rows = columns([
    ['node', `${id} of cluster ${cluster}, ${workers} ${workers === 1 ? 'worker' : 'workers'}`],
    ['nats', nats.place.shown],
    ['snapshot', from],
    ['data', dataFolder],
    ['metrics', `http://${reachableAddress(metrics)}/metrics`],
    ...(redis === undefined ? [] : [['redis', redis.shown]]),
    ['stop', 'Ctrl-C; once more to cut what is still in flight'],
  ]);
  return `${paint.bold(`weir ${readVersion()}`)} runs\n\n${rows.map((row) => `  ${row}`).join('\n')}\n\n`;
}

/** Heard from the beginning: their defaults would end the process. */
function listenEarly(): { readonly stopAsked: Promise<void>; handOver(rotate: () => void): void } {
  let rotate: (() => void) | null = null;
  // A terminal that is gone is no reason to stop serving; there is no file to be read again.
  process.on('SIGHUP', () => {});
  for (const signal of ['SIGUSR1', 'SIGUSR2']) process.on(signal, () => rotate?.());
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EIO') process.kill(process.pid, 'SIGTERM');
  };
  process.stdout.on('error', onError);
  process.stderr.on('error', onError);
  const stopAsked = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  return {
    stopAsked,
    handOver(to) {
      rotate = to;
    },
  };
}
