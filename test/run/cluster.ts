/**
 * `npm run cluster`: a real cluster on this machine, to look at and to pull apart: nats-server with JetStream, redis-server, two
 * controls, four nodes, and a small upstream, each a process of its own on free ports of loopback. It runs until Ctrl-C, and then ends
 * what it has started, and nothing else; its state is in folders that are gone with it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adminFolder } from '../support/admin.js';
import { ensureBuilt } from '../support/built.js';
import { onStage, type Program, type Stage } from '../support/stage.js';
import { startUpstream } from '../support/upstream.js';
import { serveFirst, startWholeCluster, type WholeCluster } from '../support/whole-cluster.js';

const USAGE = `Usage: npm run cluster

Starts nats-server, redis-server, two controls, four nodes and a small upstream on free ports of this machine, prints where each
is, what to try and how to kill it, and ends all of it at Ctrl-C. It takes no options; nats-server and redis-server have to be
installed (\`./weir test --tools\` does that, as root). docs/cluster.md says what happens when a part is away.
`;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const config = (upstream: number): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false } # each node on a free port
upstreams: [{ id: app, targets: ["http://127.0.0.1:${upstream}"] }]
routes:
  - { id: kept, match: /small/kept/*, upstream: app, cache: { ttl: 60s } }
  - { id: limited, match: /small/limited, upstream: app, limits: { rate: 10/s, by: route } }
  - { id: all, match: /*, upstream: app }
`;

async function play(stage: Stage, asked: Promise<void>): Promise<void> {
  say('starting nats-server, redis-server, 2 controls, 4 nodes …');
  await ensureBuilt();
  const upstream = await startUpstream(stage);
  const cluster = await startWholeCluster(stage, { controls: 2, nodes: 4 });
  const file = join(stage.folder(), 'weir.yaml');
  writeFileSync(file, config(upstream.port));
  await serveFirst(cluster, config(upstream.port));
  await show(cluster, file);
  await asked;
  say('ending what was started');
}

async function show({ nats, redis, controls, nodes, publicKey, ports }: WholeCluster, file: string): Promise<void> {
  const traffic = await ports();
  const pid = ({ child }: Program): string => `pid ${child.pid}`;
  say(`
  nats       ${nats.it.url}  ${pid(nats.it.program)}
  redis      ${redis.it.url}  ${pid(redis.it.program)}`);
  for (const { name, it } of controls) say(`  ${name}  admin ${it.admin}  ${pid(it)}`);
  for (const { name, it } of nodes)
    say(`  ${name}     traffic http://127.0.0.1:${traffic[name]}  health ${it.pages}  ${pid(it)}`);
  const [admin = '', first] = [controls[0]?.it.admin, Object.values(traffic)[0]];
  const there = `--admin ${admin} --data ${adminFolder(admin)}`;
  say(`  config     ${file}
  trust      ${publicKey}

  curl -i http://127.0.0.1:${first}/small/kept/1
  ./weir status ${there}
  ./weir apply -f ${file} ${there}
  ./weir purge --all ${there}
  kill -9 -PID      any of these with its children: the minus means the group

  stop       Ctrl-C`);
}

const [option] = process.argv.slice(2);
if (option !== undefined) {
  const isHelp = option === '--help' || option === '-h';
  say(isHelp ? USAGE : `npm run cluster takes no options, and was given ${option}\n\n${USAGE}`);
  process.exit(isHelp ? 0 : 2);
}

let stop: () => void = () => {};
const asked = new Promise<void>((resolve) => {
  stop = resolve;
});
process.on('SIGINT', stop).on('SIGTERM', stop);
// Also one that comes during the start ends it all; the stage ends what it has begun when this process does.
await onStage((stage) => Promise.race([play(stage, asked), asked]));
process.exit(0);
