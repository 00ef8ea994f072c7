/**
 * What one changed route of a thousand costs, phase by phase: control, the host of a cluster, and a node, in this process. By turns with a host and
 * a node that remember nothing of the snapshot before but what is in force. CPU, medians. By hand:
 *
 *     node --expose-gc bench/dist/managed/routes.js [routes] [changes]
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createCheck, loadChecked } from '@weir/control/publish/load-config.js';
import { encoderForOffers } from '@weir/deploy/up/config-source.js';
import { wholeOf } from '@weir/deploy/up/supervisor.js';
import { createNode, type GatewayNode } from '@weir/node/node.js';
import { OfferReader } from '@weir/node/process/offer.js';
import { SnapshotReader } from '@weir/proto/snapshot/snapshot-reader.js';
import { Phases } from './phases.js';

const [routes = 1_000, changes = 9] = process.argv.slice(2).map(Number);

function textOf(changed: number, version: number): string {
  const upstreams = Array.from({ length: 10 }, (_, i) => `  - { id: u${i}, targets: ["http://127.0.0.1:1${i}"] }\n`);
  const all = Array.from({ length: routes }, (_, i) => {
    const own = i === changed ? `, timeouts: { total: ${10 + version}s }` : '';
    return `  - { id: r${i}, match: /r${i}/*, upstream: u${i % 10}${own} }\n`;
  });
  const head = 'version: 1\ngateway: { listen: "127.0.0.1:0", accessLog: false }\n';
  return `${head}upstreams:\n${upstreams.join('')}routes:\n${all.join('')}`;
}

interface Machine {
  readonly name: string;
  readonly node: GatewayNode;
  readonly reader: () => SnapshotReader;
  readonly offers: () => OfferReader;
}

async function machine(name: string, isForgetful: boolean): Promise<Machine> {
  const node = await createNode({ metrics: { host: '127.0.0.1', port: 0 }, env: {} });
  const [reader, offers] = [new SnapshotReader(), new OfferReader()];
  return {
    ...{ name, node },
    reader: () => (isForgetful ? new SnapshotReader() : reader),
    offers: () => (isForgetful ? new OfferReader() : offers),
  };
}

const phases = new Phases();
const machines = [await machine('remembers', false), await machine('forgets', true)];
const check = createCheck({});
const encode = encoderForOffers();

async function publish(version: number): Promise<void> {
  const text = textOf((version * 37) % routes, version);
  const checked = await phases.timed('control: text read and checked', async () => check(text));
  const loaded = await phases.timed('control: compiled', async () =>
    loadChecked(text, checked, { environment: {}, version, createdWallMs: version }),
  );
  if (!loaded.ok) throw new Error('the text is faulty');
  const encoded = await phases.timed('control: encoded and hashed', () => encode(loaded.snapshot));
  const { hash } = encoded;
  const bytes = wholeOf(encoded.bytes);
  phases.size = bytes.length;
  for (const { name, node, reader, offers } of machines) {
    await phases.timed(`host that ${name}: decoded`, () => reader().read(bytes, nextTurn));
    const offer = { v: 1, kind: 'snapshot.offer', version, hash, bytes } as const;
    const opened = await phases.timed(`node that ${name}: hashed, decoded`, () => offers().open(offer, nextTurn));
    await phases.timed(`node that ${name}: applied`, () => node.apply(opened, hash));
  }
}

process.stdout.write(`${routes} routes, node ${process.version}\n`);
for (let version = 1; version <= 4; version += 1) await publish(version);
phases.print('the first four');
for (let version = 5; version < 5 + changes; version += 1) await publish(version);
phases.print(`one route changed, another one back, median of ${changes}`);
for (const { node } of machines) await node.close();
