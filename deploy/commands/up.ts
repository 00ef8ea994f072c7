/** `weir up`: its options and its help. What it does is loaded when it is called, so that help stays quick. */
import { type Address, parseAddress } from '@weir/proto/bus/address.js';
import { shownRedisAddress } from '@weir/proto/bus/redis-address.js';
import { fillReferences } from '@weir/proto/snapshot/secret-text.js';
import { type Command, InvalidArgumentError } from 'commander';
import { workersMax } from '../up/workers-max.js';
import { ENTRANCE_HELP, type EntranceArguments, withEntrance } from './entrance-options.js';

export interface UpArguments extends EntranceArguments {
  readonly config?: string;
  readonly demo: boolean;
  readonly seconds?: number;
  readonly data: string;
  readonly admin: Address;
  readonly metrics: Address;
  readonly redis?: RedisArgument;
  /** Node processes; left out: one. */
  readonly workers?: number;
  /** File of the key that secrets of teams are sealed with. */
  readonly secretKey?: string;
}

/** As it was written, with its `${NAME}`, and as it may be shown. */
export interface RedisArgument {
  readonly template: string;
  readonly shown: string;
}

const HELP = `
Traffic is served at gateway.listen of the config (default 127.0.0.1:8080). A config with faults changes nothing: the
last good one stays in force, and every fault is told with its line. That holds for a start as well: where --data keeps
the last good snapshot of the same --config file, it is served until the file is mended. Certificates and keys are read
again when their files change.

Without --config, weir apply -f FILE puts a config in force, which is served again after a restart. With it, the file alone
decides; what it said is recorded. weir history lists both.

The URL of --redis may hold \${NAME} for a variable of the environment, quoted so that the shell leaves it alone: a
password on a command line can be read by other users of the machine.

With --workers each process is a node of its own, with its own cache, connections and limits of its own; they share what
nodes of a cluster share, and a config is accepted when all of them run it. The kernel spreads connections among them
(SO_REUSEPORT, which spreads on Linux alone); --metrics then tells of all of them, with the label worker. Results of jobs are kept
by each for itself, so give --redis where routes make jobs.
${ENTRANCE_HELP}

Signals:
  SIGINT, SIGTERM  stop accepting, finish what is in flight within \`drain\`, end; the second one cuts
  SIGHUP           read the config, and the certificates that it names, again
  SIGUSR2          open the access log anew, after its file was renamed; SIGUSR1 does the same

Exit codes:
  0    stopped as asked
  1    could not start (port in use; faulty config, or one that the node refused, and no last good one), or the node
       failed
  130  cut short by a second signal

Examples:
  weir up
  weir up --config weir.yaml
  weir up --config weir.yaml --admin 127.0.0.1:9081 --metrics 127.0.0.1:9091
  weir up --config weir.yaml --redis 'redis://:\${REDIS_PASSWORD}@10.0.0.5:6379'
  weir up --config weir.yaml --workers 4
  weir up --demo --seconds 60`;

export function registerUp(program: Command): void {
  withEntrance(program.command('up'))
    .summary('run a control service and a gateway node together')
    .description('Runs a control service and a gateway node together, and keeps the node running.')
    .option(
      '--config <file>',
      'config to serve; reloaded when it changes and on SIGHUP (default: what weir apply has put in force, or a welcome page)',
    )
    .option('--demo', 'serve sample upstreams that get into trouble, with traffic on them, and show what clients see')
    .option('--seconds <n>', 'with --demo: stop after so many seconds', readSeconds)
    .option('--data <dir>', 'folder for state: revisions of the config, the last good snapshot', '.weir')
    .option('--admin <addr>', 'host:port of the admin API (default: 127.0.0.1:9080)', readAddress)
    .option('--metrics <addr>', 'host:port of metrics and health (default: 127.0.0.1:9090)', readAddress)
    .option(
      '--redis <url>',
      'Redis that keeps jobs and what caches share, and counts strict limits, for all nodes (default: each in its memory)',
      readRedis,
    )
    .option(
      '--secret-key <file>',
      'key that secrets of teams are sealed with, or WEIR_SECRET_KEY (default: secret.key in --data, made with the first secret)',
    )
    .option('--workers <n>', 'node processes that share the port of traffic (default: 1)', readWorkers)
    .addHelpText('after', HELP)
    .action(async (options: Omit<UpArguments, 'admin' | 'metrics'> & Partial<UpArguments>) => {
      const { runUp } = await import('../up/run.js');
      const { admin = { host: '127.0.0.1', port: 9080 }, metrics = { host: '127.0.0.1', port: 9090 } } = options;
      process.exitCode = await runUp({ ...options, demo: options.demo === true, admin, metrics });
    });
}

export function readAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new InvalidArgumentError('Write host:port, such as 127.0.0.1:9080 or [::1]:9080.');
  return address;
}

export function readRedis(template: string): RedisArgument {
  const { text, missing } = fillReferences(template, process.env);
  if (missing.length > 0) throw new InvalidArgumentError(`The environment has no ${missing.join(', ')}.`);
  const shown = shownRedisAddress(text);
  if (shown === null) throw new InvalidArgumentError('Write redis://HOST:PORT, or rediss:// for TLS.');
  return { template, shown };
}

export function readWorkers(text: string): number {
  const workers = Number(text);
  if (Number.isInteger(workers) && workers >= 1 && workers <= workersMax) return workers;
  throw new InvalidArgumentError(`Write a number from 1 to ${workersMax}.`);
}

function readSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0)) throw new InvalidArgumentError('Write a number of seconds above 0.');
  return seconds;
}
