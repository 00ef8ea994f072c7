import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../support/built.js';
import { type Load, startLoad } from '../support/load.js';
import { onStage, until } from '../support/stage.js';
import { canaryOf, startCluster, type TestCluster, type WeirControl } from '../support/weir-control.js';

const LONG_MS = 300_000;
beforeAll(ensureBuilt, LONG_MS);

const config = (body: string, more = ''): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
routes:
  - { id: all, match: /*, respond: { status: 200, body: "${body}" } }
${more}`;
/** Nobody listens there. */
const broken = `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
upstreams: [{ id: nowhere, targets: ["http://127.0.0.1:1"] }]
routes: [{ id: all, match: /*, upstream: nowhere }]
`;

async function bodies(cluster: TestCluster): Promise<Readonly<Record<string, string>>> {
  const ports = Object.entries(await cluster.ports());
  const asked = ports.map(async ([id, port]) => [id, await (await fetch(`http://127.0.0.1:${port}/`)).text()]);
  return Object.fromEntries(await Promise.all(asked));
}

const inForce = (answer: string) => ({ n0: answer, n1: answer, n2: answer, n3: answer });

async function withLoad<T>(
  cluster: TestCluster,
  perSecond: number,
  play: (loads: readonly Load[]) => Promise<T>,
): Promise<T> {
  const ports = Object.values(await cluster.ports());
  const loads = await Promise.all(
    ports.map((port) =>
      startLoad({ port, connections: 4, perSecond: perSecond / ports.length, pathOf: () => '/', isRight: () => true }),
    ),
  );
  try {
    return await play(loads);
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
  }
}

const stageOf = async (control: WeirControl): Promise<string> => (await control.view())?.record.stage ?? 'none';
const becomes = (control: WeirControl, stage: string): Promise<void> => {
  let last = '';
  return until(
    async () => {
      last = await stageOf(control);
      return last === stage;
    },
    () => `${last}, not ${stage}:\n${control.said()}`,
  );
};

describe('rollouts on two controls and four nodes, as processes', () => {
  it(
    'reach all nodes, are taken back where they harm, and are ended by the control that is left',
    () =>
      onStage(async (stage) => {
        const cluster = await startCluster(stage, { controls: 2, nodes: 4 });
        const [c0, c1] = cluster.controls as [WeirControl, WeirControl]; // Two were asked for.
        await until(
          async () => (await c0.status()).fleet?.members.length === 1,
          () => c0.said(),
        );

        await c0.apply(config('one'));
        await until(
          async () => Object.keys(await cluster.ports()).length === 4,
          () => cluster.nodes.map(({ said }) => said()).join('\n'),
        );
        // By the other control, and told by both.
        const two = await c1.apply(config('two'));
        expect(two.last.rollout).toMatchObject({ record: { stage: 'done', why: 'on all 4 nodes', missing: [] } });
        expect(await bodies(cluster)).toEqual(inForce('two'));
        await becomes(c0, 'done');
        expect((await c0.view())?.record).toEqual((await c1.view())?.record);

        // A canary that fails, under load: back by itself, and the reason is told.
        expect((await c0.order('policy', { plan: canaryOf({}) })).status).toBe(200);
        await withLoad(cluster, 400, async () => {
          const bad = await c0.apply(broken);
          const record = bad.last.rollout?.record;
          expect(record).toMatchObject({ stage: 'rolledBack', by: 'control' });
          expect(record?.why).toMatch(/^errors: \d+ % of \d+ on the canary, 0\.0 % of \d+ on the rest$/);
        });
        await until(
          async () => JSON.stringify(await bodies(cluster)) === JSON.stringify(inForce('two')),
          () => 'the canary did not go back',
        );

        // One that is good, whose control is killed while it bakes: the other one ends it.
        expect((await c0.order('policy', { plan: canaryOf({ bakeMs: 6_000 }) })).status).toBe(200);
        await withLoad(cluster, 400, async () => {
          await c0.append(config('three'));
          await becomes(c1, 'canary');
          await c0.kill();
          await becomes(c1, 'done');
        });
        expect(await bodies(cluster)).toEqual(inForce('three'));
        expect((await c1.history()).slice(0, 3).map(({ stage, control }) => `${stage} ${control}`)).toEqual([
          'done c1',
          'everywhere c1',
          'canary c0',
        ]);

        // A control without its disk knows what all know.
        const again = await cluster.control('c0');
        await becomes(again, 'done');
        expect((await again.view())?.record).toEqual((await c1.view())?.record);
        expect((await again.order('abort')).status).toBe(409);
      }),
    LONG_MS,
  );
});
