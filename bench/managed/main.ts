/**
 * What ten thousand services and a hundred thousand keys cost: projected, compiled, encoded, as a delta, and read by a node. By hand:
 *
 *     node bench/dist/managed/main.js [services] [keys]
 */
import { createCheck, loadChecked, loadText } from '@weir/control/publish/load-config.js';
import { namesOf } from '@weir/control/publish/managed/merge-managed.js';
import { ManagedProjection } from '@weir/control/publish/managed/projection.js';
import { compileCredentials } from '@weir/node/auth/credentials.js';
import { decodeSnapshot, encodeSnapshot } from '@weir/proto/snapshot/codec.js';
import { encodeDelta } from '@weir/proto/snapshot/delta.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { buildHouse, keyText, ownerOf, sha256Hex } from './house.js';

const [services = 10_000, keys = 100_000] = process.argv.slice(2).map(Number);
const weirYaml = 'routes: [{ id: rest, match: /*, respond: 404 }]\n';
const house = buildHouse(services, keys);

function timed<T>(what: string, work: () => T): T {
  // CPU, and not the clock on the wall: the machine has others to serve.
  const began = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(began);
  process.stdout.write(`${what.padEnd(44)} ${((user + system) / 1_000).toFixed(0).padStart(7)} ms of CPU\n`);
  return result;
}

const checked = createCheck({})(weirYaml);
const projection = new ManagedProjection(house.state);
const compile = (version: number): Snapshot => {
  const context = { environment: {}, version, createdWallMs: version };
  const loaded = loadChecked(weirYaml, checked, {
    ...context,
    managed: (config) => projection.project(1, namesOf(config)),
  });
  if (!loaded.ok) throw new Error('weir.yaml is faulty');
  return loaded.snapshot;
};
process.stdout.write(`${services} services, ${keys} keys, node ${process.version}\n`);
if (!loadText(weirYaml, { environment: {}, version: 1, createdWallMs: 1 }).ok) throw new Error('weir.yaml is faulty');
const first = timed('projected and compiled for the first time', () => compile(1));
const bytes = timed('encoded', () => encodeSnapshot(first));
projection.note(house.changeKey(7, 'another'));
const second = timed('one key changed: projected and compiled', () => compile(2));
const changed = timed('encoded', () => encodeSnapshot(second));
const delta = timed('delta', () => encodeDelta(bytes, changed));
const decoded = timed('decoded in one piece', () => decodeSnapshot(changed));
if (!decoded.ok) throw new Error(decoded.detail);
const functions = {
  sha256Hex,
  checkPassword: (): never => {
    throw new Error('nobody has a password');
  },
  jwtKeys: (): never => {
    throw new Error('there are no tokens');
  },
};
const credentials = timed('credentials compiled by a node', () =>
  compileCredentials(decoded.snapshot.consumers, functions),
);
if (credentials.consumerOfKey('another') !== ownerOf(7)) throw new Error('the key is not known');
timed('10,000 look-ups of keys', () => {
  for (let i = 0; i < 10_000; i += 1) credentials.consumerOfKey(keyText((i * 9 + 8) % keys));
});
process.stdout.write(`${(changed.length / 2 ** 20).toFixed(1)} MiB, delta ${delta.length} bytes\n`);
