/**
 * What ten thousand services and a hundred thousand keys cost: projected, compiled, encoded, as a delta, and read by a node. By hand:
 *
 *     node bench/dist/managed/main.js [services] [keys]
 */
import { createHash } from 'node:crypto';
import type { AnyEntity, Change, Design } from '@weir/control/model/entities.js';
import { createCheck, loadChecked, loadText } from '@weir/control/publish/load-config.js';
import { namesOf } from '@weir/control/publish/managed/merge-managed.js';
import { ManagedProjection } from '@weir/control/publish/managed/projection.js';
import { RegistryState } from '@weir/control/registry/state.js';
import { compileCredentials } from '@weir/node/auth/credentials.js';
import { decodeSnapshot, encodeSnapshot } from '@weir/proto/snapshot/codec.js';
import { encodeDelta } from '@weir/proto/snapshot/delta.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';

const [services = 10_000, keys = 100_000] = process.argv.slice(2).map(Number);
const KEYS_EACH = 2;
const born = { version: 1, createdWallMs: 0, changedWallMs: 0 };
const weirYaml = 'routes: [{ id: rest, match: /*, respond: 404 }]\n';
const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

const state = new RegistryState();
let number = 0;
function put(kind: Change['kind'], value: object): Change {
  const entity = { ...born, ...value } as unknown as AnyEntity; // What the rows below write.
  const change = { kind, id: entity.id, value: entity } as unknown as Change;
  number += 1;
  state.apply({ number, changes: [change] });
  return change;
}

const design: Design = {
  ...{ contract: '', validate: 'off', mock: false },
  upstreams: [{ id: 'app', targets: ['http://10.0.0.1:9000'] }],
  routes: [{ id: 'all', match: '/*' }],
};
const key = (i: number, of: string): Change =>
  put('key', {
    id: `k${i}`,
    applicationId: `app-${Math.floor(i / KEYS_EACH)}`,
    name: 'k',
    sha256: sha256Hex(of),
    lastFour: '',
    expiresWallMs: null,
  });

for (let i = 0; i < services; i += 1) {
  const plans = [{ id: 'p', name: 'P', limits: ['100/s'], approval: 'auto' }];
  const live = [{ release: 1, share: 100, name: '' }];
  const place = { basePath: `/s${i}`, hosts: [], versioning: { by: 'none' }, access: 'key', plans };
  const words = { teamId: 'red', kind: 'rest', name: 'S', description: '', tags: [], visibility: 'organisation' };
  const life = { draft: design, stage: 'published', lastRelease: 1, live, deprecation: null, successor: '' };
  put('service', { id: `s${i}`, ...words, ...place, ...life });
  put('release', { id: `s${i}@1`, serviceId: `s${i}`, number: 1, design: { ...design }, notes: '', byUserId: '' });
}
for (let i = 0; i < keys; i += 1) {
  const application = Math.floor(i / KEYS_EACH);
  if (i % KEYS_EACH === 0) {
    put('application', { id: `app-${application}`, teamId: 'red', name: 'A', description: '', isDisabled: false });
    const serviceId = `s${application % services}`;
    put('subscription', {
      id: `sub${i}`,
      serviceId,
      applicationId: `app-${application}`,
      planId: 'p',
      state: 'approved',
      reason: '',
      opinion: '',
    });
  }
  key(i, `key ${i}`);
}

function timed<T>(what: string, work: () => T): T {
  // CPU, and not the clock on the wall: the machine has others to serve.
  const began = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(began);
  process.stdout.write(`${what.padEnd(44)} ${((user + system) / 1_000).toFixed(0).padStart(7)} ms of CPU\n`);
  return result;
}

const checked = createCheck({})(weirYaml);
const projection = new ManagedProjection(state);
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
projection.note({ number: number + 1, changes: [key(7, 'another')] });
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
if (credentials.consumerOfKey('another') !== 'app-3') throw new Error('the key is not known');
timed('10,000 look-ups of keys', () => {
  for (let i = 0; i < 10_000; i += 1) credentials.consumerOfKey(`key ${(i * 9 + 8) % keys}`);
});
process.stdout.write(`${(changed.length / 2 ** 20).toFixed(1)} MiB, delta ${delta.length} bytes\n`);
