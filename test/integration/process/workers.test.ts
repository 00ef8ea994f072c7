import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../../support/built.js';
import { freePort, onStage, type Stage, until } from '../../support/stage.js';
import { type WeirUp, weirUp } from '../../support/weir-up.js';

const WORKERS = 3;
const LONG_MS = 120_000;

const config = (port: number, body: string): string => `version: 1
gateway: { listen: 127.0.0.1:${port} }
routes:
  - { id: hello, match: /, respond: { status: 200, body: ${body} } }
`;

beforeAll(ensureBuilt, LONG_MS);

async function threeWorkers(stage: Stage): Promise<WeirUp> {
  return weirUp(stage, config(await freePort(), 'one'), stage.folder(), ['--workers', String(WORKERS)]);
}

/** On a connection of its own, so that the kernel chooses a worker for it. */
async function get({ port }: WeirUp): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
  return `${answer.status} ${await answer.text()}`;
}

const servedBy = (weir: WeirUp, worker: number): Promise<number> =>
  weir.metric(`weir_requests_total{worker="node-${worker}",route="hello",code="200"}`);

async function allServe(weir: WeirUp): Promise<void> {
  await until(
    async () => {
      const { nodes } = await weir.status();
      return nodes.length === WORKERS && nodes.every(({ status }) => status?.state === 'serving');
    },
    () => `not all workers serve:\n${weir.said()}`,
  );
}

describe('weir up --workers', () => {
  it(
    'spreads connections among processes that share a port, tells of each, and reloads all of them',
    () =>
      onStage(async (stage) => {
        const weir = await threeWorkers(stage);
        await allServe(weir);
        const counts = (): Promise<number[]> => Promise.all([1, 2, 3].map((worker) => servedBy(weir, worker)));
        await until(
          async () => {
            for (let i = 0; i < 20; i += 1) expect(await get(weir)).toBe('200 one');
            return (await counts()).every((count) => count > 0);
          },
          () => 'one of them gets nothing',
        );
        const status = await weir.status();
        expect(new Set(status.nodes.map(({ pid }) => pid)).size).toBe(WORKERS);
        // They are members on the bus of their parent, and see each other.
        await until(
          async () => {
            const { cluster, nodes } = await weir.status();
            return cluster?.standings.alive === 3 && nodes.every((node) => node.status?.cluster?.standings.alive === 3);
          },
          () => 'members do not see each other',
        );
        expect(await weir.save(config(weir.port, 'two'))).toBe('accepted');
        for (let i = 0; i < 20; i += 1) expect(await get(weir)).toBe('200 two');
        expect((await weir.status()).nodes.map((node) => node.status?.snapshot?.version)).toEqual([2, 2, 2]);
        const before = weir.said().length;
        weir.child.kill('SIGTERM');
        expect(await weir.exited).toBe(0);
        expect(weir.said().slice(before)).not.toContain('purge log is not followed');
      }),
    LONG_MS,
  );

  it(
    'serves on when one of them is killed, says so, and has it back',
    () =>
      onStage(async (stage) => {
        const weir = await threeWorkers(stage);
        await allServe(weir);
        const metrics = new URL(/^ {2}metrics +(\S+)/m.exec(weir.said())?.[1] ?? '').origin;
        const ready = async (): Promise<string> => (await fetch(`${metrics}/readyz`)).text();
        expect(await ready()).toBe('ok\n');
        const victim = (await weir.status()).nodes[1]?.pid ?? 0;
        process.kill(victim, 'SIGKILL');
        await until(
          async () => (await weir.status()).nodes[1]?.pid !== victim,
          () => 'its end was not noticed',
        );
        for (let i = 0; i < 50; i += 1) expect(await get(weir)).toBe('200 one');
        await allServe(weir);
        const { nodes } = await weir.status();
        expect(nodes.map(({ restarts }) => restarts)).toEqual([0, 1, 0]);
        expect(weir.said()).toContain('node-2: the node process died (killed by SIGKILL)');
        await until(
          async () => (await ready()) === 'ok\n',
          () => 'not ready again',
        );
        expect(await (await fetch(`${metrics}/metrics`)).text()).toMatch(/^weir_worker_up\{worker="node-2"\} 1$/m);
      }),
    LONG_MS,
  );

  it(
    'refuses a port of the kernel’s choice, for there would be one for each',
    () =>
      onStage(async (stage) => {
        await expect(weirUp(stage, config(0, 'one'), stage.folder(), ['--workers', String(WORKERS)])).rejects.toThrow(
          '3 workers share a port',
        );
      }),
    LONG_MS,
  );
});
