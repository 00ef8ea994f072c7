/** `weir node`: its options and its help. What it does is loaded when it is called, so that help stays quick. */
import { hostname } from 'node:os';
import { readLabels } from '@weir/node/process/settings.js';
import type { Address } from '@weir/proto/bus/address.js';
import type { NatsFiles } from '@weir/proto/bus/nats-files.js';
import { type NatsPlace, readNatsPlace } from '@weir/proto/bus/nats-place.js';
import { type Command, InvalidArgumentError } from 'commander';
import { type NatsArguments, natsFilesOf, readWord, withNats } from './cluster-options.js';
import { readTrusted } from './trust-option.js';
import { type RedisArgument, readAddress, readRedis, readWorkers } from './up.js';

export interface NodeArguments {
  readonly cluster: string;
  readonly id: string;
  /** The template as it was written, with its `${NAME}`, and what it means. */
  readonly nats: { readonly template: string; readonly place: NatsPlace; readonly files: NatsFiles };
  readonly trust: readonly string[];
  readonly dataFolder: string;
  readonly metrics: Address;
  readonly workers: number;
  readonly labels: readonly string[];
  readonly redis?: RedisArgument;
}

interface Options extends NatsArguments {
  readonly cluster: string;
  readonly id?: string;
  readonly trust: readonly string[];
  readonly data: string;
  readonly metrics?: Address;
  readonly workers?: number;
  readonly label: readonly string[];
  readonly redis?: RedisArgument;
}

const HELP = `
Runs what control announces: hears of it over NATS, fetches it, believes it when it is signed with a key of --trust, and keeps it
under --data. It starts from there and goes on serving with NATS and control gone; /readyz, metrics and status say so.
Traffic is served at gateway.listen of the config. What a config says of files (certificates, logs) is about this machine.

The URLs of --nats and --redis may hold \${NAME} for a variable of the environment, quoted so that the shell leaves it alone: a
password on a command line can be read by other users of the machine.

Signals:
  SIGINT, SIGTERM  stop accepting, finish what is in flight within \`drain\`, end; the second one cuts
  SIGUSR2          open the access log anew, after its file was renamed; SIGUSR1 does the same

Exit codes:
  0    stopped as asked
  1    could not start (an option that is wrong, a port in use), or a worker ended before its drain did
  130  cut short by a second signal

Examples:
  weir node --nats nats://10.0.0.5:4222 --trust weir-public-…
  weir node --nats 'tls://weir:\${NATS_PASSWORD}@nats.internal' --trust /etc/weir/trusted --data /var/lib/weir --workers 4`;

export function registerNode(program: Command): void {
  const command = withNats(program.command('node'))
    .summary('run a gateway node of a cluster')
    .description('Runs a gateway node of a cluster, with what its controls announce over NATS.')
    .option('--cluster <name>', 'name of the cluster', readWord, 'main')
    .option('--id <name>', 'name of this node, the same after a restart (default: the name of this machine)', readWord)
    .requiredOption('--trust <key>', 'public key of control, or a file with such keys; may be given again', readTrusted)
    .option('--data <dir>', 'folder for state, such as the last good snapshot', '.weir')
    .option('--metrics <addr>', 'host:port of metrics and health (default: 127.0.0.1:9090)', readAddress)
    .option('--workers <n>', 'processes that share the port of traffic (default: 1)', readWorkers)
    .option('--label <name=value>', 'what a canary may be chosen by, such as zone=a; may be given again', readLabel, [])
    .option('--redis <url>', 'Redis that keeps jobs and what caches share, and counts strict limits', readRedis)
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { cluster, nats: template, trust, data: dataFolder, redis, id = defaultId() } = options;
      const read = readNatsPlace(template, process.env);
      if (!read.ok) command.error(`error: --nats: ${read.reason}`);
      else {
        const { runNode } = await import('../cluster/run-node.js');
        const { metrics = { host: '127.0.0.1', port: 9090 }, workers = 1 } = options;
        const nats = { template, place: read.place, files: natsFilesOf(options) };
        process.exitCode = await runNode({
          ...{ cluster, id, nats, trust, dataFolder, metrics, workers, labels: options.label },
          ...(redis === undefined ? {} : { redis }),
        });
      }
    });
}

function readLabel(text: string, before: readonly string[]): readonly string[] {
  try {
    return readLabels([...before, text].join());
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? `${error.message}.` : '');
  }
}

/** What is no character of a name becomes a hyphen; room is left for the number of a worker. */
function defaultId(): string {
  return (
    hostname()
      .replace(/[^A-Za-z0-9_-]/g, '-')
      .slice(0, 56) || 'node'
  );
}
