/** Three timeouts that servers with too much to do bring about, each ended by the change that the doctor proposes. */
import { it } from 'vitest';
import { type Stage, until } from '../../support/stage.js';
import { serve, workplace } from '../../support/workplace.js';
import { type Clinic, follow, HISTORY_MS } from './clinic.js';

/** A server that works on so many requests at once; how long each takes may change. */
async function atWork(stage: Stage, workers: number, workMs: () => number): Promise<number> {
  const server = await serve(stage, workplace({ workers, workMs }));
  return server.port;
}

/** Connections that a burst needs are there before it: making them is not what is looked at. */
async function open(clinic: Clinic): Promise<void> {
  for (const count of [1, 25, 50, 100, 200]) await clinic.burst(count);
}

const url = (port: number): string => `"http://127.0.0.1:${port}"`;
const gateway = 'gateway: { accessLog: false }\n';

it(
  'more is asked at once than the servers can do within the limit',
  () =>
    follow(async (stage) => {
      let workMs = 0;
      const port = await atWork(stage, 8, () => workMs);
      return {
        config: `${gateway}
upstreams: [{ id: app, targets: [${url(port)}] }]
routes: [{ id: all, match: /*, upstream: app, retry: false, timeouts: { firstByte: 1600ms, queue: 9s } }]
`,
        before: async (clinic) => {
          await open(clinic);
          workMs = 80;
        },
        traffic: (clinic) => clinic.burst(200),
        cause: 'server overload',
        rule: 'much-in-flight',
        timer: 'firstByte',
        proposal: [/^upstreams\[id=app\].concurrency: adaptive → { start: \d+ }$/, /^add targets/],
      };
    }),
  90_000,
);

it(
  'servers have become much slower than they were',
  () =>
    follow(async (stage) => {
      let workMs = 0;
      const ports = [await atWork(stage, 8, () => workMs), await atWork(stage, 8, () => workMs)];
      return {
        config: `${gateway}
upstreams: [{ id: app, targets: [${ports.map(url).join(', ')}] }]
routes: [{ id: all, match: /*, upstream: app, retry: false, timeouts: { firstByte: 1600ms, queue: 9s } }]
`,
        hasHistory: true,
        before: async (clinic) => {
          await open(clinic);
          await clinic.trickle(HISTORY_MS);
          workMs = 160;
        },
        traffic: (clinic) => clinic.burst(200),
        cause: 'server overload',
        rule: 'slower-than-before',
        timer: 'firstByte',
        proposal: [/^upstreams\[id=app\].concurrency: adaptive → { start: \d+ }$/, /^add targets/],
        // A reload keeps what is known of targets: one that was ejected in the rush has to come back first.
        afterwards: async (clinic) => {
          await until(
            async () => {
              await clinic.inTurn(1);
              return clinic.weir.node.status().targets.every(({ standing }) => standing === 'well');
            },
            () => 'a target does not come back',
          );
          return clinic.burst(200);
        },
      };
    }),
  90_000,
);

it(
  'requests wait for a place behind servers that have become slow',
  () =>
    follow(async (stage) => {
      let workMs = 2;
      const port = await atWork(stage, 4, () => workMs);
      const more = [
        await atWork(stage, 4, () => workMs),
        await atWork(stage, 4, () => workMs),
        await atWork(stage, 4, () => workMs),
      ];
      return {
        config: `${gateway}
upstreams: [{ id: app, targets: [${url(port)}], concurrency: 16 }]
routes: [{ id: all, match: /*, upstream: app, retry: false, timeouts: { queue: 400ms } }]
`,
        hasHistory: true,
        before: async (clinic) => {
          await clinic.trickle(HISTORY_MS);
          workMs = 80;
        },
        // A third of it has a place at once; with four servers the rest waits for two rounds, far below what counts as near.
        traffic: (clinic) => clinic.burst(48),
        cause: 'server overload',
        rule: 'queue-behind-slow-servers',
        timer: 'queue',
        proposal: [/^add targets/],
        advised: (config) => config.replace(url(port), [port, ...more].map(url).join(', ')),
      };
    }),
  90_000,
);
