import { beforeAll, expect, it } from 'vitest';
import { runClusterRevisions } from '../../campaign/revisions-cluster.js';
import { ensureBuilt } from '../../support/built.js';

beforeAll(ensureBuilt, 300_000);

it('revisions of a cluster survive kill -9 of controls and a wiped stream, once', async () => {
  const { broken, figures } = await runClusterRevisions({ writes: 60, kills: 2 });
  expect(broken).toEqual([]);
  expect(figures['put back']).toBeGreaterThan(0);
}, 300_000);
