/** Three timeouts of limits that don't fit what they bound, each ended by the change that the doctor proposes. */
import { it } from 'vitest';
import { createAuthority } from '../../conformance/transport/certificates.js';
import { longWay } from '../../support/long-way.js';
import type { Stage } from '../../support/stage.js';
import { serve, workplace } from '../../support/workplace.js';
import { follow } from './clinic.js';

async function taking(stage: Stage, workMs: (url: string) => number): Promise<string> {
  const server = await serve(stage, workplace({ workMs: ({ url = '' }) => workMs(url) }));
  return `"http://127.0.0.1:${server.port}"`;
}

const config = (target: string, timeouts: string, upstream = '', routes = ''): string => `
gateway: { accessLog: false }
upstreams:
  - { id: app, targets: [${target}], ${upstream} }
routes:
  - { id: all, match: /*, upstream: app, retry: false, timeouts: { ${timeouts} } }
${routes}`;

const other = '  - { id: other, match: /quick, upstream: app }\n';

it(
  'answers usually come just within the limit',
  () =>
    follow(async (stage) => {
      // Some take a little longer than most.
      const workMs = (url: string): number => (url === '/quick' ? 2 : url === '/long' ? 330 : 230);
      return {
        config: config(await taking(stage, workMs), 'firstByte: 300ms', '', other),
        before: async (clinic) => {
          await clinic.burst(12, '/quick');
          await clinic.burst(12);
        },
        traffic: async (clinic) => [...(await clinic.burst(4)), ...(await clinic.burst(3, '/long'))],
        cause: 'wrong configuration',
        rule: 'limit-near-usual',
        timer: 'firstByte',
        proposal: [/^routes\[id=all\]\.timeouts\.firstByte: 300ms → (500|550|600|650|700)ms$/],
      };
    }),
  90_000,
);

it(
  'a TLS handshake may take less than the way there and back',
  () =>
    follow(async (stage) => {
      const authority = createAuthority();
      stage.onEnd(() => authority.remove());
      const server = await serve(
        stage,
        workplace({ workMs: () => 2 }),
        authority.issue('localhost', 'DNS:localhost,IP:127.0.0.1'),
      );
      const way = await longWay(server.port, { delayMs: 50 });
      stage.onEnd(() => way.close());
      return {
        config: config(`"https://127.0.0.1:${way.port}"`, 'tls: 60ms', `tls: { caFile: ${authority.caFile} }`),
        traffic: (clinic) => clinic.burst(3),
        cause: 'wrong configuration',
        rule: 'connect-limit-tight',
        timer: 'tls',
        proposal: ['routes[id=all].timeouts.tls: 60ms → 2s'],
      };
    }),
  90_000,
);

it(
  'a route has a limit that no answer of its has ever kept',
  () =>
    follow(async (stage) => {
      return {
        config: config(await taking(stage, (url) => (url === '/quick' ? 2 : 220)), 'firstByte: 100ms', '', other),
        before: (clinic) => clinic.inTurn(12, '/quick'),
        traffic: (clinic) => clinic.burst(3),
        cause: 'wrong configuration',
        rule: 'never-answered-in-limit',
        timer: 'firstByte',
        proposal: ['routes[id=all].timeouts.firstByte: 100ms → 450ms'],
      };
    }),
  90_000,
);
