/** Runs `weir control` in a terminal: what it reads at the start, what it says, and its signals. */
import { statSync } from 'node:fs';
import { columns, paintFor, showDuration } from '@weir/control/cli/terminal.js';
import { type Sealing, sealingWith } from '@weir/control/secrets/seal.js';
import { parseSecretKey, readSecretKey, SECRET_KEY_VARIABLE } from '@weir/control/secrets/secret-key.js';
import { reachableAddress } from '@weir/proto/bus/address.js';
import { readNatsPlace } from '@weir/proto/bus/nats-place.js';
import { keyRing } from '@weir/proto/signing/ed25519.js';
import { natsFilesOf } from '../commands/cluster-options.js';
import type { ControlArguments } from '../commands/control.js';
import { entranceOf } from '../up/entrance.js';
import type { Gateway } from '../up/send-try.js';
import { boundStderr, endSoon } from '../up/stderr.js';
import { readVersion } from '../version.js';
import { type RunningControl, startControl } from './control.js';
import { mayBeReadByOthers, readSigningKey, type SigningKey } from './signing-key.js';

const say = (text: string): void => {
  process.stderr.write(`weir: ${text}\n`);
};

export async function runControl(options: ControlArguments): Promise<number> {
  boundStderr();
  const code = await run(options);
  endSoon(code);
  return code;
}

async function run(options: ControlArguments): Promise<number> {
  const read = readNatsPlace(options.nats, process.env);
  if (!read.ok) return refuse(`--nats: ${read.reason}`);
  let key: SigningKey;
  try {
    key = readSigningKey(options.key);
    if (options.trust.length > 0) keyRing(options.trust);
  } catch (error) {
    return refuse(reasonOf(error, options.key));
  }
  let secretSealing: Sealing | null;
  try {
    secretSealing = secretSealingOf(options.secretKey);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  const entrance = entranceOf(options);
  if (typeof entrance === 'string') return refuse(entrance);
  const version = readVersion();
  const signalled = waitForSignal();
  let running: RunningControl;
  try {
    running = await startControl({
      ...{ version, cluster: options.cluster, id: options.id, replicas: options.replicas, admin: options.admin },
      ...{ dataFolder: options.data, hasRedis: options.redis, trust: options.trust, key, say, entrance },
      ...{
        nats: { place: read.place, files: natsFilesOf(options) },
        secretSealing,
        gateway: gatewayOf(options.gateway),
      },
    });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  process.stderr.write(showPlaces(options, running, read.place.shown, key, version, secretSealing !== null));
  await signalled;
  say('stopping; nodes serve what they have');
  const isForced = waitForSignal().then(() => false);
  const isDone = await Promise.race([running.stop().then(() => true), isForced]);
  return isDone ? 0 : 1;
}

function showPlaces(
  { id, cluster }: ControlArguments,
  { admin }: RunningControl,
  nats: string,
  { publicKey }: SigningKey,
  version: string,
  hasSecretKey: boolean,
): string {
  const paint = paintFor(process.stderr.isTTY === true, process.env);
  const rows = columns([
    ['admin', `http://${reachableAddress(admin)}`],
    ['nats', nats],
    ['key', `${publicKey} (nodes: --trust)`],
    ...(hasSecretKey ? [] : [['secrets', `of teams are not taken here: no --secret-key, no ${SECRET_KEY_VARIABLE}`]]),
    ['stop', 'Ctrl-C'],
  ]);
  const head = `${paint.bold(`weir ${version}`)}, control ${id} of cluster ${cluster}, is up after ${showDuration(process.uptime() * 1_000)}`;
  return `${head}\n\n${rows.map((row) => `  ${row}`).join('\n')}\n\n`;
}

/** Throws for a key that is none, and one that others may read. */
function secretSealingOf(file: string | undefined): Sealing | null {
  const variable = process.env[SECRET_KEY_VARIABLE] ?? '';
  if (file === undefined) return variable === '' ? null : sealingWith(parseSecretKey(variable, SECRET_KEY_VARIABLE));
  const { mode, uid } = statSync(file);
  if (mayBeReadByOthers(mode, uid === process.getuid?.()))
    throw new Error(`${file} may be read by others than its owner; chmod 600 it, and think about a new key`);
  return sealingWith(readSecretKey(file));
}

function gatewayOf(url: URL | undefined): Gateway | null {
  if (url === undefined) return null;
  const tls = url.protocol === 'https:';
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, tls, isVerified: true };
}

function waitForSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

function reasonOf(error: unknown, path: string): string {
  // `code` is how Node names errors of the system.
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT')
    return `there is no ${path}; \`weir keys signing create --key ${path}\` makes it, once for all controls`;
  return code === undefined ? message : `${path} can't be read (${code})`;
}

function refuse(reason: string): number {
  say(reason);
  return 1;
}
