/** Three timeouts that the way to the servers brings about, each ended by the change that the doctor proposes. */
import { it } from 'vitest';
import { blackHole } from '../../support/black-hole.js';
import { longWay } from '../../support/long-way.js';
import type { Stage } from '../../support/stage.js';
import { serve, workplace } from '../../support/workplace.js';
import { follow } from './clinic.js';

async function hole(stage: Stage) {
  const made = await blackHole();
  stage.onEnd(() => made.close());
  return made;
}

async function quick(stage: Stage, body = 'ok'): Promise<number> {
  const server = await serve(stage, workplace({ workMs: () => 2, answer: (_request, response) => response.end(body) }));
  return server.port;
}

const config = (ports: readonly number[], timeouts: string): string => `
gateway: { accessLog: false }
upstreams:
  - id: app
    targets: [${ports.map((port) => `"http://127.0.0.1:${port}"`).join(', ')}]
routes:
  - { id: all, match: /*, upstream: app, retry: false, timeouts: { ${timeouts} } }
`;

it(
  'packets to the one target are dropped on their way',
  () =>
    follow(async (stage) => {
      const dropping = await hole(stage);
      return {
        config: config([dropping.port], 'connect: 300ms'),
        traffic: (clinic) => clinic.burst(3),
        cause: 'network latency',
        rule: 'way-to-all-blocked',
        timer: 'connect',
        proposal: [/^look for a firewall that drops/, 'upstreams[id=app].health.probe: none → { every: 2s }'],
        advised: async (prescribed) => {
          await dropping.open();
          return prescribed;
        },
      };
    }),
  90_000,
);

it(
  'packets to one of two targets are dropped on their way',
  () =>
    follow(async (stage) => {
      const dropping = await hole(stage);
      return {
        config: config([dropping.port, await quick(stage)], 'connect: 500ms'),
        traffic: async (clinic) => [...(await clinic.burst(14)), ...(await clinic.inTurn(4))],
        cause: 'network latency',
        rule: 'one-target-unreachable',
        timer: 'connect',
        proposal: ['upstreams[id=app].health.probe: none → { every: 2s }', 'routes[id=all].hedge: false → true'],
      };
    }),
  90_000,
);

it(
  'heads pass on the way to one of two targets, and bodies do not',
  () =>
    follow(async (stage) => {
      const body = 'x'.repeat(32 * 1024);
      const lossy = await longWay(await quick(stage, body), { bytesMax: 2_048 });
      stage.onEnd(() => lossy.close());
      return {
        config: config([lossy.port, await quick(stage, body)], 'idle: 400ms'),
        traffic: (clinic) => clinic.burst(12),
        cause: 'network latency',
        rule: 'flow-stops',
        timer: 'idle',
        proposal: [
          'routes[id=all].protect: false → true',
          'routes[id=all].hedge: false → true',
          /^look for lost packets/,
        ],
      };
    }),
  90_000,
);
