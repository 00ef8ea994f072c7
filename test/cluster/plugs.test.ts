import { beforeAll, expect, it } from 'vitest';
import { fewPulls } from '../campaign/plugs/pulls.js';
import { fullPlugs, runPlugs } from '../campaign/plugs.js';
import { ensureBuilt } from '../support/built.js';

const LONG_MS = 300_000;
beforeAll(ensureBuilt, LONG_MS);

it(
  'nobody notices that a node or NATS is killed but who was in the hands of that node, and all is one again by itself',
  async () => {
    const small = { nodes: 3, controls: 1, perSecond: 60, quietMs: 500, awayMs: 500, convergedWithinMs: 120_000 };
    const { figures, broken } = await runPlugs({ ...fullPlugs, ...small, pulls: fewPulls });
    expect(broken, JSON.stringify(figures, null, 2)).toEqual([]);
    expect(Object.keys(figures).filter((figure) => figure.endsWith('converged'))).toHaveLength(fewPulls.length);
  },
  LONG_MS,
);
