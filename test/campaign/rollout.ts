/**
 * Rollouts on a cluster of processes: from `weir apply` to in force on all nodes with many routes, while requests come to each
 * of them; then a canary that fails each request, and what share of all requests it has harmed when it is gone.
 */
import { ensureBuilt } from '../support/built.js';
import { type Load, startLoad } from '../support/load.js';
import { onStage, passed, until } from '../support/stage.js';
import { canaryOf, startCluster, type TestCluster, type WeirControl } from '../support/weir-control.js';
import { quantile, type Report, showMs } from './campaign.js';

export interface RolloutScale {
  readonly controls: number;
  readonly nodes: number;
  readonly routes: number;
  readonly rollouts: number;
  /** Of all nodes together. */
  readonly perSecond: number;
  /** That is promised of the 99th percentile. */
  readonly p99Ms: number;
  /** After the canary: what it has harmed is compared with the requests of so long. */
  readonly observedMs: number;
  /** Share of the requests that a failing canary may harm. */
  readonly harmMax: number;
}

export const fullRollout: RolloutScale = {
  ...{ controls: 2, nodes: 4, routes: 1_000, rollouts: 100, perSecond: 4_000 },
  ...{ p99Ms: 250, observedMs: 60_000, harmMax: 0.01 },
};

const config = (routes: number, edition: string): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
upstreams: [{ id: nowhere, targets: ["http://127.0.0.1:1"] }]
routes:
  - { id: edition, match: /edition, respond: { status: 200, body: "${edition}" } }
${Array.from({ length: routes - 1 }, (_, i) => `  - { id: r${i}, match: /r${i}/*, respond: { status: 200, body: "${i}" } }`).join('\n')}
`;

export function runRollout(scale: RolloutScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const cluster = await startCluster(stage, scale);
    const [control] = cluster.controls;
    if (control === undefined) throw new Error('a cluster has a control');
    await control.apply(config(scale.routes, 'first'));
    await until(
      async () => Object.keys(await cluster.ports()).length === scale.nodes,
      () => cluster.nodes.map(({ said }) => said()).join('\n'),
    );
    const quiet = await series(control, scale, 'quiet');
    const loads = await startLoads(cluster, scale.perSecond);
    await passed(1_000);
    const busy = await series(control, scale, 'busy');
    const before = sum(loads);
    const canary = await failingCanary(control, cluster, scale, loads);
    for (const load of loads) await load.stop();
    const broken = [...quiet.broken, ...busy.broken, ...canary.broken];
    if (before.failed > 0)
      broken.push(`${before.failed} of ${before.sent} requests failed during rollouts: ${before.firstFailure}`);
    for (const [name, { tookMs }] of [['quiet', quiet] as const, ['busy', busy] as const]) {
      const p99 = quantile(tookMs, 0.99);
      if (p99 > scale.p99Ms) broken.push(`p99 ${showMs(p99)} ${name}, above ${scale.p99Ms} ms`);
    }
    return {
      figures: {
        ...figuresOf('quiet', quiet.tookMs),
        ...figuresOf(`${scale.perSecond} requests a second`, busy.tookMs),
        'requests during rollouts, failed': `${before.sent}, ${before.failed}`,
        'failing canary: gone after': showMs(canary.tookMs),
        'failing canary: harmed': `${canary.failed} of ${canary.sent} requests (${((100 * canary.failed) / canary.sent).toFixed(2)} %)`,
        'failing canary: why': canary.why,
      },
      broken,
    };
  });
}

async function series(control: WeirControl, scale: RolloutScale, name: string) {
  const tookMs: number[] = [];
  const broken: string[] = [];
  for (let i = 0; i < scale.rollouts; i += 1) {
    const applied = await control.apply(config(scale.routes, `${name} ${i}`));
    const record = applied.last.rollout?.record;
    if (record?.stage === 'done' && record.missing.length === 0) tookMs.push(applied.tookMs);
    else broken.push(`rollout ${name} ${i}: ${record?.stage} ${record?.why}`);
  }
  return { tookMs, broken };
}

async function startLoads(cluster: TestCluster, perSecond: number): Promise<readonly Load[]> {
  const ports = Object.values(await cluster.ports());
  const each = { connections: 8, perSecond: perSecond / ports.length, pathOf: () => '/r1/x', isRight: () => true };
  return Promise.all(ports.map((port) => startLoad({ port, ...each })));
}

/** Each request of the canary fails; counted are the requests from its announcement on. */
async function failingCanary(control: WeirControl, cluster: TestCluster, scale: RolloutScale, loads: readonly Load[]) {
  await control.order('policy', { plan: canaryOf({ bakeMs: 60_000 }) });
  const good = config(scale.routes, 'last');
  const before = sum(loads);
  const bad = good.replace(/respond: \{ status: 200, body: "1" \}/, 'upstream: nowhere');
  const { tookMs, last } = await control.apply(bad);
  const record = last.rollout?.record;
  await passed(Math.max(0, scale.observedMs - tookMs));
  const after = sum(loads);
  const [failed, sent] = [after.failed - before.failed, after.sent - before.sent];
  const broken: string[] = [];
  if (record?.stage !== 'rolledBack') broken.push(`the failing canary was not taken back: ${record?.stage}`);
  if (failed > sent * scale.harmMax) broken.push(`${failed} of ${sent} requests were harmed`);
  const running = new Set(
    (await control.status()).fleet?.members
      .filter(({ role }) => role === 'node')
      .map(({ snapshotVersion }) => snapshotVersion),
  );
  if (running.size !== 1) broken.push(`${cluster.nodes.length} nodes run ${running.size} versions`);
  return { tookMs, failed, sent, broken, why: record?.why ?? '' };
}

function sum(loads: readonly Load[]) {
  const all = { sent: 0, failed: 0, firstFailure: '' };
  for (const { figures } of loads) {
    all.sent += figures.sent;
    all.failed += figures.failed;
    all.firstFailure ||= figures.firstFailure;
  }
  return all;
}

function figuresOf(name: string, tookMs: readonly number[]): Readonly<Record<string, string>> {
  const [p50, p99, slowest] = [0.5, 0.99, 1].map((share) => showMs(quantile(tookMs, share)));
  return { [`apply to in force, ${name}`]: `p50 ${p50}, p99 ${p99}, slowest ${slowest} of ${tookMs.length}` };
}
