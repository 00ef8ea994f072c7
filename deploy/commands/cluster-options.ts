/** Options that processes of a cluster have in common: where NATS is, and how it is spoken to. */
import { isWord } from '@weir/proto/bus/subject.js';
import { type Command, InvalidArgumentError } from 'commander';

export interface NatsArguments {
  readonly nats: string;
  readonly natsCreds?: string;
  readonly natsNkey?: string;
  readonly natsCa?: string;
  readonly natsCert?: string;
  readonly natsKey?: string;
}

export function withNats(command: Command): Command {
  return command
    .requiredOption('--nats <urls>', 'NATS servers, with commas between them')
    .option('--nats-creds <file>', 'credentials for NATS, as nsc writes them')
    .option('--nats-nkey <file>', 'seed of an nkey for NATS')
    .option('--nats-ca <file>', 'authorities that are believed for NATS, in place of the system’s')
    .option('--nats-cert <file>', 'certificate of this side for NATS')
    .option('--nats-key <file>', 'its key');
}

/** Paths; empty where an option was left out. */
export function natsFilesOf(options: NatsArguments) {
  const { natsCreds = '', natsNkey = '', natsCa = '', natsCert = '', natsKey = '' } = options;
  return { creds: natsCreds, nkey: natsNkey, ca: natsCa, cert: natsCert, key: natsKey };
}

/** A name of a cluster or a member. */
export function readWord(text: string): string {
  if (isWord(text)) return text;
  throw new InvalidArgumentError('Letters, digits, - and _ only, 64 at most.');
}
