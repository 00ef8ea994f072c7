/** The real `./weir control` as a process, and a whole cluster of such and of nodes on one nats-server, for tests and campaigns. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { PurgeOutcome } from '@weir/control/api/cache-api.js';
import type { ControlStatus } from '@weir/control/api/control-status.js';
import type { RolloutLine } from '@weir/control/api/rollouts-api.js';
import type { RolloutView } from '@weir/control/cluster/rollout-view.js';
import { createSigningKey, type SigningKey } from '@weir/deploy/cluster/signing-key.js';
import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import type { RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import { adminEnv, askAdmin, rememberAdmin } from './admin.js';
import { CLUSTER } from './announcer.js';
import { weirProgram } from './built.js';
import { type NatsServer, startNats } from './nats-server.js';
import { type Program, type Stage, untilUp } from './stage.js';
import { type WeirNode, weirNode } from './weir-node.js';

export interface WeirControl extends Program {
  readonly id: string;
  /** Origin of the admin API. */
  readonly admin: string;
  status(): Promise<ControlStatus>;
  view(): Promise<RolloutView | null>;
  history(): Promise<readonly RolloutRecord[]>;
  /** Answer of `POST /rollouts/…`. */
  order(what: string, more?: object): Promise<{ readonly status: number; readonly body: unknown }>;
  /** Appends a revision: its number. Throws when it is refused. */
  append(text: string): Promise<number>;
  /** As `weir apply`: looks at what would change, appends, and follows until it is over. */
  apply(text: string): Promise<Applied>;
  kill(): Promise<void>;
}

export interface Applied {
  /** From the order to put it in force on, after the look at it, until all have it, or it is over otherwise. */
  readonly tookMs: number;
  readonly last: RolloutLine;
}

export interface TestCluster {
  readonly nats: NatsServer;
  readonly controls: readonly WeirControl[];
  readonly nodes: readonly WeirNode[];
  readonly key: SigningKey;
  /** `more`: options that the others have not; left out: those that they were all given. */
  control(id: string, folder?: string, more?: readonly string[]): Promise<WeirControl>;
  node(id: string, folder?: string): Promise<WeirNode>;
  /** Ports of traffic, by the names of those that serve. */
  ports(): Promise<Readonly<Record<string, number>>>;
}

export const canaryOf = (more: Partial<RolloutPlan>): RolloutPlan => ({
  ...{ sharePermille: 250, label: '', bakeMs: 2_000, exchangesMin: 50, unjudged: [] },
  ...more,
});

export interface TestClusterSize {
  readonly controls: number;
  readonly nodes: number;
  /** Options of all controls. */
  readonly more?: readonly string[];
}

export async function startCluster(stage: Stage, size: TestClusterSize): Promise<TestCluster> {
  const store = stage.folder();
  const nats = await startNats(stage, { config: `jetstream { store_dir: "${store}" }` });
  const keyFile = join(stage.folder(), 'signing.key');
  const key = createSigningKey(keyFile);
  const control = (id: string, folder = stage.folder(), more = size.more ?? []) =>
    weirControl(stage, { id, nats: nats.url, keyFile, folder, more });
  const node = (id: string, folder = stage.folder()) =>
    weirNode(stage, { id, nats: nats.url, trust: key.publicKey, folder });
  const controls = await Promise.all(Array.from({ length: size.controls }, (_, i) => control(`c${i}`)));
  const nodes = await Promise.all(Array.from({ length: size.nodes }, (_, i) => node(`n${i}`)));
  return {
    ...{ nats, controls, nodes, key, control, node },
    async ports() {
      const { fleet } = (await controls.find(({ isOver }) => !isOver())?.status()) ?? {};
      const serving = fleet?.members.filter(({ role, traffic }) => role === 'node' && traffic !== '') ?? [];
      return Object.fromEntries(serving.map(({ id, traffic }) => [id, Number(traffic.split(':').at(-1))]));
    },
  };
}

export interface WeirControlOptions {
  readonly id: string;
  readonly nats: string;
  readonly keyFile: string;
  /** Of an earlier run whose state is to be found, or an empty one. */
  readonly folder: string;
  readonly more?: readonly string[];
  /** Left out: that of this clone. */
  readonly program?: string;
}

export async function weirControl(stage: Stage, options: WeirControlOptions): Promise<WeirControl> {
  const { id, nats, keyFile, folder, more = [], program: path = weirProgram } = options;
  const member = ['--nats', nats, '--cluster', CLUSTER, '--id', id, '--key', keyFile];
  const own = ['--data', join(folder, `state-${id}`), '--admin', '127.0.0.1:0', ...more];
  const program = stage.run(path, ['control', ...member, ...own], folder);
  const { child, exited } = program;
  const place = await untilUp(program, 'weir control');
  const admin = rememberAdmin(place('admin'), join(folder, `state-${id}`));
  const get = async <T>(path: string): Promise<T> => (await (await askAdmin(`${admin}${path}`)).json()) as T; // Our own API of the same build.
  const post = async (path: string, sent: object) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await askAdmin(`${admin}${path}`, { method: 'POST', headers, body: JSON.stringify(sent) });
    return { status: answer.status, body: (await answer.json()) as unknown };
  };
  const append = async (text: string): Promise<number> => {
    const { revisions } = await get<{ revisions: { number: number }[] }>('/revisions?max=1');
    const { status, body } = await post('/revisions', { text, expected: revisions[0]?.number ?? 0, author: 'test' });
    if (status !== 200) throw new Error(`not appended: ${JSON.stringify(body)}`);
    return (body as { revision: { number: number } }).revision.number; // Our own API of the same build.
  };
  return {
    ...{ ...program, id, admin, append },
    status: () => get('/status'),
    view: async () => (await get<ControlStatus>('/status')).fleet?.rollout ?? null,
    history: async () => (await get<{ rollouts: RolloutRecord[] }>('/rollouts?max=100')).rollouts,
    order: (what, more = {}) => post(`/rollouts/${what}`, { by: 'test', ...more }),
    async apply(text) {
      await post('/revisions/preview', { text });
      const begunAtMs = performance.now();
      const last = await followed(admin, await append(text));
      return { tookMs: performance.now() - begunAtMs, last };
    },
    async kill() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await exited;
    },
  };
}

async function followed(admin: string, revision: number): Promise<RolloutLine> {
  const answer = await askAdmin(`${admin}/rollouts/current?revision=${revision}`);
  const lines = (await answer.text()).trim().split('\n');
  return JSON.parse(lines.at(-1) ?? '') as RolloutLine; // Our own API of the same build.
}

/** `weir purge --json` by that control. */
export const purge = (
  control: WeirControl,
  ...what: readonly string[]
): Promise<{ code: number; told: PurgeOutcome }> => runJson<PurgeOutcome>(control, 'purge', ...what);

/** What an operator's command says with `--json`, asked of that control. */
export function runJson<Told>(
  { admin }: WeirControl,
  ...what: readonly string[]
): Promise<{ code: number; told: Told }> {
  const args = [...what, '--json', '--admin', admin];
  return new Promise((resolve) => {
    execFile(weirProgram, args, { env: { ...process.env, ...adminEnv(args) } }, (error, stdout) => {
      const told = JSON.parse(stdout) as Told; // Our own command of the same build.
      resolve({ code: error === null ? 0 : Number(error.code), told });
    });
  });
}
