/** `weir control`: its options and its help. What it does is loaded when it is called, so that help stays quick. */
import { type Address, parseAddress } from '@weir/proto/bus/address.js';
import { type Command, InvalidArgumentError } from 'commander';
import { type NatsArguments, readWord, withNats } from './cluster-options.js';
import { ENTRANCE_HELP, type EntranceArguments, withEntrance } from './entrance-options.js';

export interface ControlArguments extends NatsArguments, EntranceArguments {
  readonly cluster: string;
  readonly id: string;
  readonly key: string;
  readonly trust: readonly string[];
  readonly data: string;
  readonly admin: Address;
  readonly redis: boolean;
  readonly replicas: number;
  readonly secretKey?: string;
  readonly gateway?: URL;
}

const HELP = `
One of any number of controls of a cluster, which have no leader: each can be asked for anything, and what one was doing when
it ended another one goes on with. Traffic needs none of them: nodes serve the last snapshot that they have.

A config is given to any control with weir apply, and rolled out as weir rollout plan says. Certificates, keys and
other files that a config names are looked for on the nodes, and \${NAME} stands for variables of theirs; those that a
config is checked with have to be in the environment of controls, too.

--nats      NATS with JetStream. Secrets may be written as \${NAME}, quoted so that the shell leaves it alone.
--key       private key that all controls of the cluster sign with (weir keys signing create)
--data      a copy of all revisions lies here. Should NATS lose them, they are put back from it.
--secret-key
            key that secrets of teams are sealed with: 32 random bytes in base64 (openssl rand -base64 32), the same for all controls;
            or WEIR_SECRET_KEY. Without it a control takes none, and leaves the publishing of services that need some to the others
--gateway   where requests are sent that people try in the console: a balancer, say. Else to a node, at the address that it tells
--replicas  copies that NATS keeps of what is stored there: 3 for three servers or more
--redis     nodes are started with --redis, so what needs it is no mistake
${ENTRANCE_HELP}

Signals:
  SIGINT, SIGTERM  end; the second one at once

Exit codes:
  0  stopped as asked
  1  could not start

Examples:
  weir keys signing create --key signing.key
  weir control --nats nats://127.0.0.1:4222 --id control-1 --key signing.key
  weir control --nats 'tls://weir:\${NATS_PASSWORD}@nats-1,tls://nats-2,tls://nats-3' --replicas 3 \\
    --cluster shop --id control-1 --key /etc/weir/signing.key --data /var/lib/weir`;

export function registerControl(program: Command): void {
  withEntrance(withNats(program.command('control')))
    .summary('run a control service of a cluster')
    .description('Runs one of the control services of a cluster, which bring configs to its nodes.')
    .option('--cluster <name>', 'name of the cluster', readWord, 'main')
    .requiredOption('--id <name>', 'name of this control, the same after a restart', readWord)
    .requiredOption('--key <file>', 'private key of the cluster')
    .option('--trust <key...>', 'public keys that are believed as well, while the key is changed', [])
    .option('--data <dir>', 'folder for state', '.weir')
    .option('--admin <addr>', 'host:port of the admin API (default: 127.0.0.1:9080)', readAddress)
    .option('--secret-key <file>', 'key that secrets of teams are sealed with (or: WEIR_SECRET_KEY)')
    .option('--gateway <url>', 'where requests that are tried are sent (default: to a node that serves)', readGateway)
    .option('--redis', 'nodes have a Redis', false)
    .option('--replicas <n>', 'copies that NATS keeps (default: 1)', readReplicas)
    .addHelpText('after', HELP)
    .action(async (options: Omit<ControlArguments, 'admin' | 'replicas'> & Partial<ControlArguments>) => {
      const { runControl } = await import('../cluster/run-control.js');
      const { admin = { host: '127.0.0.1', port: 9080 }, replicas = 1 } = options;
      process.exitCode = await runControl({ ...options, admin, replicas });
    });
}

function readAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new InvalidArgumentError('Write host:port, such as 127.0.0.1:9080 or [::1]:9080.');
  return address;
}

function readGateway(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '') return url;
  throw new InvalidArgumentError('Write a URL without a path, such as http://gateway:8080.');
}

function readReplicas(text: string): number {
  if (text === '1' || text === '3' || text === '5') return Number(text);
  throw new InvalidArgumentError('Write 1, 3 or 5.');
}
