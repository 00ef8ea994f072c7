/** Timeouts for want of something, here or at a server, each ended by the change that the doctor proposes. */
import { it } from 'vitest';
import { type Stage, until } from '../../support/stage.js';
import { serve, workplace } from '../../support/workplace.js';
import { follow } from './clinic.js';

async function taking(stage: Stage, workMs: number): Promise<string> {
  const server = await serve(stage, workplace({ workMs: () => workMs }));
  return `"http://127.0.0.1:${server.port}"`;
}

const config = (upstream: string, timeouts: string): string => `
gateway: { accessLog: false }
upstreams:
  - { id: app, ${upstream} }
routes:
  - { id: all, match: /*, upstream: app, retry: false, timeouts: { ${timeouts} } }
`;

it(
  'this gateway has too few connections to a server that is quick',
  () =>
    follow(async (stage) => {
      return {
        config: config(`targets: [${await taking(stage, 80)}], pool: { connections: 2 }`, 'queue: 300ms'),
        traffic: (clinic) => clinic.burst(12),
        cause: 'resource limits',
        rule: 'pool-full',
        timer: 'queue',
        proposal: ['upstreams[id=app].pool.connections: 2 → 8'],
      };
    }),
  90_000,
);

it(
  'this gateway has too few places for a server that is quick',
  () =>
    follow(async (stage) => {
      return {
        config: config(`targets: [${await taking(stage, 80)}], concurrency: 2`, 'queue: 300ms'),
        traffic: (clinic) => clinic.burst(12),
        cause: 'resource limits',
        rule: 'limit-reached',
        timer: 'queue',
        proposal: ['upstreams[id=app].concurrency: 2 → adaptive'],
      };
    }),
  90_000,
);

it(
  'one server of three has too little to work with',
  () =>
    follow(async (stage) => {
      const targets = [await taking(stage, 2), await taking(stage, 2_500), await taking(stage, 2)];
      return {
        config: config(`targets: [${targets.join(', ')}]`, 'firstByte: 600ms'),
        traffic: async (clinic) => [...(await clinic.burst(12)), ...(await clinic.inTurn(5))],
        cause: 'resource limits',
        rule: 'one-target-slow',
        timer: 'firstByte',
        proposal: ['upstreams[id=app].health.outlier.latencyFactor: 0 → 3', 'routes[id=all].hedge: false → true'],
      };
    }),
  90_000,
);

it(
  'the one server has stopped, though its kernel still takes connections',
  () =>
    follow(async (stage) => {
      let hasStopped = false;
      const stopping = await serve(stage, (_request, response) => {
        if (!hasStopped) response.end('ok');
      });
      const second = await taking(stage, 2);
      return {
        config: config(`targets: ["http://127.0.0.1:${stopping.port}"]`, 'firstByte: 300ms'),
        before: async (clinic) => {
          await clinic.inTurn(12);
          hasStopped = true;
        },
        traffic: (clinic) => clinic.inTurn(3),
        cause: 'resource limits',
        rule: 'stopped-answering',
        timer: 'firstByte',
        proposal: [
          'upstreams[id=app].health.probe: none → { path: /, status: 200-499, every: 2s }',
          /^give the upstream a second target/,
          /^look for what the server waits for/,
        ],
        // The second target is there, and the first is found out by its probe.
        advised: (prescribed) => prescribed.replace('targets: [', `targets: [${second}, `),
        afterwards: async (clinic) => {
          const isOut = (): boolean => clinic.weir.node.status().targets.some(({ standing }) => standing === 'out');
          await until(isOut, () => 'no probe has found out');
          return clinic.inTurn(8);
        },
      };
    }),
  40_000,
);
