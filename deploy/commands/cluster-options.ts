/** Options that `weir node` and `weir control` have in common: where NATS is, and who one is. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type NatsFiles, noNatsFiles } from '@weir/proto/bus/nats-files.js';
import { type NatsPlace, readNatsPlace } from '@weir/proto/bus/nats-place.js';
import { isWord } from '@weir/proto/bus/subject.js';
import { type Command, InvalidArgumentError } from 'commander';

/** As it was written, with its `${NAME}`, and what it means. */
export interface NatsArgument {
  readonly template: string;
  readonly place: NatsPlace;
}

export interface ClusterOptions {
  readonly nats: NatsArgument;
  readonly cluster: string;
  /** Left out: the name of this machine. */
  readonly id?: string;
  readonly natsCreds?: string;
  readonly natsNkey?: string;
  readonly natsCa?: string;
  readonly natsCert?: string;
  readonly natsKey?: string;
}

export function addClusterOptions(command: Command): Command {
  return command
    .requiredOption('--nats <urls>', 'nats-servers: nats://HOST:PORT or tls://…, with commas between them', readNats)
    .option('--cluster <name>', 'name of the cluster', readWord, 'main')
    .option(
      '--id <name>',
      'name of this member, the same after a restart (default: the name of this machine)',
      readWord,
    )
    .option('--nats-creds <file>', 'credentials of NATS, as `nsc` writes them')
    .option('--nats-nkey <file>', 'seed of an nkey')
    .option('--nats-ca <file>', 'authorities that are believed, in place of the system’s')
    .option('--nats-cert <file>', 'certificate of this member, with --nats-key')
    .option('--nats-key <file>', 'its key');
}

export function natsFilesOf(options: ClusterOptions): NatsFiles {
  const { natsCreds: creds, natsNkey: nkey, natsCa: ca, natsCert: cert, natsKey: key } = options;
  const given = Object.entries({ creds, nkey, ca, cert, key }).filter(([, file]) => file !== undefined);
  return { ...noNatsFiles, ...Object.fromEntries(given) };
}

/** What is no character of a name becomes a hyphen. */
export function defaultId(): string {
  return (
    hostname()
      .replace(/[^A-Za-z0-9_-]/g, '-')
      .slice(0, 56) || 'node'
  );
}

/** A public key, or a file with one on each line; lines that begin with # are for people. */
export function readTrusted(text: string, before: readonly string[] = []): string[] {
  if (text.startsWith('weir-public-')) return [...before, text];
  let content: string;
  try {
    content = readFileSync(text, 'utf8');
  } catch {
    throw new InvalidArgumentError('Write a key that begins with weir-public-, or a file that holds such keys.');
  }
  const keys = content.split('\n').map((line) => line.trim());
  return [...before, ...keys.filter((line) => line !== '' && !line.startsWith('#'))];
}

function readNats(template: string): NatsArgument {
  const read = readNatsPlace(template, process.env);
  if (!read.ok) throw new InvalidArgumentError(`${read.reason}.`);
  return { template, place: read.place };
}

function readWord(text: string): string {
  if (!isWord(text)) throw new InvalidArgumentError('Letters, digits, - and _ only, 64 at most.');
  return text;
}
