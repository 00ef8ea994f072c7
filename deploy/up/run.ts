/** Runs `weir up` in a terminal: config or demo, signals, and what is said on stderr. stdout belongs to the access log. */
import { paintFor } from '@weir/control/cli/terminal.js';
import { openFilesMax } from '@weir/node/listener/open-files.js';
import { reachableAddress } from '@weir/proto/bus/address.js';
import type { UpArguments } from '../commands/up.js';
import { readVersion } from '../version.js';
import { showLastGood, showOutcome, showPlaces } from './announce.js';
import { type ConfigSource, fileConfig, revisionConfig } from './config-source.js';
import { StartFailed } from './embedded-node.js';
import { entranceOf } from './entrance.js';
import { boundStderr, endSoon } from './stderr.js';
import { type Running, startUp } from './up.js';
import { type House, openHouse } from './up-registry.js';
import { openUpRevisions, type UpRevisions } from './up-revisions.js';
import { WELCOME_CONFIG } from './welcome.js';

const CUT_SHORT = 130;
/** The modules of a node are read many at a time; with fewer it can die of that. */
export const OPEN_FILES_MIN = 256;

export function tooFewFiles(openFiles: number): string {
  return `only ${openFiles} files may be open here, too few to start; raise the limit: \`ulimit -n 4096\`, or LimitNOFILE= in a systemd unit`;
}

const say = (text: string): void => {
  process.stderr.write(`weir: ${text}\n`);
};

export async function runUp(options: UpArguments): Promise<number> {
  boundStderr();
  const code = await run(options);
  endSoon(code);
  return code;
}

async function run(options: UpArguments): Promise<number> {
  const openFiles = openFilesMax();
  if (openFiles < OPEN_FILES_MIN) return refuse(tooFewFiles(openFiles));
  if (options.demo) return runDemo(options);
  if (options.seconds !== undefined) return refuse('--seconds belongs to --demo');
  const { config } = options;
  const hasRedis = options.redis !== undefined;
  const house = await openHouse({ ...options, say }, options.data);
  const managed = { managed: house.feed };
  const followed = config === undefined ? null : fileConfig(config, hasRedis, true, managed);
  const revisions = await openUpRevisions(options.data, followed?.file ?? null, say);
  const source = followed ?? revisionConfig(revisions.revisions, WELCOME_CONFIG, hasRedis, managed);
  return serve(source, revisions, house, options, (_running, signalled) => signalled);
}

async function runDemo(options: UpArguments): Promise<number> {
  if (options.config !== undefined) return refuse('--demo brings its own config; leave --config out');
  const { startDemo } = await import('../demo/demo.js');
  const demo = await startDemo();
  try {
    const house = await openHouse({ ...options, say }, null);
    return await serve(
      fileConfig(demo.configPath, options.redis !== undefined, false, { managed: house.feed }),
      null,
      house,
      options,
      async (running, signalled) => {
        const stopped = new AbortController();
        void signalled.then(() => stopped.abort());
        await demo.run(trafficUrl(running), process.stdout, {
          seconds: options.seconds ?? null,
          signal: stopped.signal,
        });
      },
    );
  } finally {
    await demo.stop();
  }
}

/** Starts, does `work`, stops; the exit code. A second signal while it stops cuts. */
async function serve(
  config: ConfigSource,
  revisions: UpRevisions | null,
  house: House,
  options: UpArguments,
  work: (running: Running, signalled: Promise<void>) => Promise<void>,
): Promise<number> {
  const entrance = entranceOf(options);
  if (typeof entrance === 'string') return refuse(entrance);
  const paint = paintFor(process.stderr.isTTY === true, process.env);
  const version = readVersion();
  survivePipes();
  const signals = listenEarly();
  // From the beginning: the node serves before all is said to be up, and whoever stops it then wants what is in flight to end.
  const signalled = waitForSignal();
  let running: Running;
  try {
    running = await startUp({
      version,
      config,
      dataFolder: options.data,
      admin: options.admin,
      metrics: options.metrics,
      workers: options.workers ?? 1,
      redis: options.redis?.template ?? null,
      ...{ ...house, revisions, entrance, say },
      onOutcome(outcome, inForce) {
        // The first success is told by the places below; its warnings are told here.
        if (outcome.cause === 'start' && outcome.state === 'accepted' && outcome.faults.length === 0) return;
        process.stderr.write(showOutcome(outcome, inForce, config.name, paint));
      },
    });
  } catch (error) {
    if (!(error instanceof StartFailed)) throw error;
    return refuse(error.message);
  }
  const current = revisions?.revisions.current() ?? null;
  const places = { ...running, configFile: config.file, revision: current, redis: options.redis?.shown ?? null };
  process.stderr.write(showPlaces(version, places, process.uptime() * 1_000, paint));
  if (running.lastGood !== null) process.stderr.write(showLastGood(running.lastGood, config.name, paint));
  signals.handOver({
    reload: () => running.reload(),
    rotate() {
      running.reopenLog();
      say('the node opens its access log anew');
    },
  });

  await Promise.race([work(running, signalled), running.ended]);
  let isCut = false;
  const cut = (): void => {
    isCut = true;
    running.stop();
  };
  process.on('SIGINT', cut);
  process.on('SIGTERM', cut);
  running.stop();
  const code = await running.ended;
  return isCut ? CUT_SHORT : code;
}

interface SteadySignals {
  reload(): void;
  rotate(): void;
}

/**
 * Signals that must never end the process, for that is what they do by default: heard from the beginning, acted on as soon
 * as there is somebody to act. SIGUSR1 is nginx's signal for what is SIGUSR2 here; left alone, it opens Node's inspector.
 */
function listenEarly(): { handOver(to: SteadySignals): void } {
  let acting: SteadySignals | null = null;
  let isReloadMissed = false;
  process.on('SIGHUP', () => {
    if (acting === null) isReloadMissed = true;
    else acting.reload();
  });
  // Missed during the start they are nothing: the log has only just been opened.
  for (const signal of ['SIGUSR1', 'SIGUSR2']) process.on(signal, () => acting?.rotate());
  return {
    handOver(to) {
      acting = to;
      if (isReloadMissed) to.reload();
    },
  };
}

/** The second of a kind ends the process, so that a start that hangs can be left. */
function waitForSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

/** A reader that went away (`weir up | head`) must not take traffic with it; a terminal that is gone ends like Ctrl-C. */
function survivePipes(): void {
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EIO') process.kill(process.pid, 'SIGTERM');
  };
  process.stdout.on('error', onError);
  process.stderr.on('error', onError);
}

function refuse(reason: string): number {
  // An empty reason: everything has been said about the config already.
  if (reason !== '') say(reason);
  return 1;
}

function trafficUrl({ traffic, isTls }: Running): string {
  return `${isTls ? 'https' : 'http'}://${reachableAddress(traffic)}`;
}
