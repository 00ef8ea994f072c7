/**
 * What one changed key of a large house costs, phase by phase: control from the entry of the registry to the bytes, and a node, in this
 * process, from the bytes to the swap. CPU and not time, for the machine has others to serve; the medians of some changes. By hand:
 *
 *     node --expose-gc bench/dist/managed/change.js [services] [keys] [changes]
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';
import { createCheck, loadChecked, preparing } from '@weir/control/publish/load-config.js';
import { namesOf } from '@weir/control/publish/managed/merge-managed.js';
import { ManagedProjection } from '@weir/control/publish/managed/projection.js';
import { encoderForOffers } from '@weir/deploy/up/config-source.js';
import { wholeOf } from '@weir/deploy/up/supervisor.js';
import { createNode } from '@weir/node/node.js';
import { OfferReader } from '@weir/node/process/offer.js';
import { atOnce } from '@weir/node/time/slices.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { buildHouse } from './house.js';
import { Phases } from './phases.js';

const [services = 10_000, keys = 100_000, changes = 5] = process.argv.slice(2).map(Number);
const weirYaml = `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
routes: [{ id: rest, match: /*, respond: 404 }]
`;

const house = buildHouse(services, keys);
const checked = createCheck({})(weirYaml);
const projection = new ManagedProjection(house.state);
const phases = new Phases();
const encode = encoderForOffers();
const offers = new OfferReader();
const node = await createNode({ metrics: { host: '127.0.0.1', port: 0 }, env: {} });

function compile(version: number): Snapshot {
  const managed = (config: Parameters<typeof namesOf>[0]) => projection.project(1, namesOf(config));
  const loaded = loadChecked(weirYaml, checked, { environment: {}, version, createdWallMs: version, managed });
  if (!loaded.ok) throw new Error('weir.yaml is faulty');
  return loaded.snapshot;
}

/** As `weir up` does it, but for the processes in between. */
async function publish(version: number): Promise<void> {
  await phases.timed('control: projected ahead, in slices', async () =>
    atOnce(preparing(checked, (config) => projection.preparing(1, namesOf(config)))),
  );
  const snapshot = await phases.timed('control: projected, merged, compiled', async () => compile(version));
  const encoded = await phases.timed('control: encoded and hashed', () => encode(snapshot));
  const { hash, delta } = encoded;
  const whole = wholeOf(encoded.bytes);
  const sent = delta === undefined ? { bytes: whole } : delta;
  const wire = await phases.timed('link: written by control', async () => serialize(sent.bytes));
  const bytes = await phases.timed('link: read by the node', async () => new Uint8Array(deserialize(wire)));
  const offer = { v: 1, kind: 'snapshot.offer', version, hash, ...sent, bytes } as const;
  const opened = await phases.timed('node: verified and decoded', () => offers.open(offer, nextTurn));
  await phases.timed('node: applied', () => node.apply(opened, hash));
  phases.size = whole.length;
}

process.stdout.write(`${services} services, ${keys} keys, node ${process.version}\n`);
await publish(1);
phases.print('for the first time');
for (let change = 1; change <= changes; change += 1) {
  projection.note(house.changeKey(change * 7, `another ${change}`));
  await publish(1 + change);
}
phases.print(`one key changed, median of ${changes}`);
await node.close();
