/**
 * When a cluster is one again after a part of it was away: every member is seen as alive, every bus is connected, all run one snapshot,
 * a purge is acknowledged by all, and a config that is applied then reaches all. Looked for in this order, one after the other.
 */
import type { PurgeOutcome } from '@weir/control/api/cache-api.js';
import { askAdmin } from '../../support/admin.js';
import { until } from '../../support/stage.js';
import type { WeirControl } from '../../support/weir-control.js';
import type { WholeCluster } from '../../support/whole-cluster.js';

export interface Converged {
  /** From the call on, by what was reached. */
  readonly afterMs: Readonly<Record<Milestone, number>>;
  /** Purges that were not acknowledged by all, before the one that was. */
  readonly purgesBefore: readonly string[];
}

export const milestones = ['members', 'bus', 'version', 'purge', 'apply'] as const;
export type Milestone = (typeof milestones)[number];

/** Throws with what is missing when it takes longer. */
export async function converge(cluster: WholeCluster, config: string, withinMs: number): Promise<Converged> {
  const beganMs = performance.now();
  const afterMs = { members: 0, bus: 0, version: 0, purge: 0, apply: 0 };
  const purgesBefore: string[] = [];
  const control = cluster.controls[0]?.it;
  if (control === undefined) throw new Error('a cluster has a control');
  let why = '';
  for (const milestone of milestones) {
    await until(
      async () => {
        why = await whyNot(milestone, cluster, control, config).catch((error: Error) => error.message);
        if (milestone === 'purge' && why !== '') purgesBefore.push(why);
        return why === '';
      },
      () => `${milestone}: ${why}`,
      withinMs,
    );
    afterMs[milestone] = performance.now() - beganMs;
  }
  return { afterMs, purgesBefore };
}

/** Empty: it is so. */
function whyNot(milestone: Milestone, cluster: WholeCluster, control: WeirControl, config: string): Promise<string> {
  switch (milestone) {
    case 'members':
      return whoIsMissing(cluster, control);
    case 'bus':
      return whoIsCutOff(cluster);
    case 'version':
      return versions(control);
    case 'purge':
      return purge(control, cluster.nodes.length);
    case 'apply':
      return applied(cluster, control, config);
  }
}

async function whoIsMissing({ controls, nodes }: WholeCluster, control: WeirControl): Promise<string> {
  const { cluster, fleet } = await control.status();
  const alive = new Set(cluster?.members.filter(({ standing }) => standing === 'alive').map(({ id }) => id));
  const answering = new Set(fleet?.members.filter(({ state }) => state === 'serving').map(({ id }) => id));
  const others = [...controls, ...nodes].map(({ name }) => name).filter((name) => name !== control.id);
  return others.filter((name) => !alive.has(name) || !answering.has(name)).join();
}

async function whoIsCutOff({ nodes }: WholeCluster): Promise<string> {
  const cut: string[] = [];
  for (const { name, it } of nodes) {
    const readyz = await it.readyz();
    const host = await it.metric('weir_host_bus_connected');
    const worker = await it.metric(`weir_bus_connected{worker="${name}"}`);
    if (readyz !== 'ok' || host !== 1 || worker !== 1) cut.push(`${name}: ${readyz}, host ${host}, worker ${worker}`);
  }
  return cut.join('; ');
}

async function versions(control: WeirControl): Promise<string> {
  const { snapshot, fleet } = await control.status();
  const running = fleet?.members.filter(({ role }) => role === 'node').map(({ snapshotVersion }) => snapshotVersion);
  const isOne = running?.every((version) => version === snapshot?.version) === true;
  return isOne ? '' : `control has ${snapshot?.version}, nodes run ${running?.join()}`;
}

async function purge({ admin }: WeirControl, nodes: number): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const answer = await askAdmin(`${admin}/cache/purge`, { method: 'POST', headers, body: '{"tag":"nobody"}' });
  const { obeyed, missing, lapsed = [] } = (await answer.json()) as PurgeOutcome; // Our own API of the same build.
  if (missing.length > 0) return missing.map(({ node, reason }) => `${node} ${reason}`).join('; ');
  return obeyed.length === nodes ? '' : `obeyed by ${obeyed.length}, lapsed: ${lapsed.map(({ node }) => node).join()}`;
}

async function applied({ nodes }: WholeCluster, control: WeirControl, config: string): Promise<string> {
  const record = (await control.apply(config)).last.rollout?.record;
  if (record?.stage !== 'done' || record.missing.length > 0)
    return `${record?.stage}, ${record?.why}, without ${record?.missing}`;
  const running = await Promise.all(nodes.map(({ it }) => it.metric('weir_host_snapshot_version')));
  return running.every((version) => version === record.target.version) ? '' : `nodes run ${running.join()}`;
}
