import { expect, it } from 'vitest';
import { runWaiting } from '../../campaign/waiting.js';

it('of two thousand requests that wait at once none is lost, over HTTP/1.1 and over HTTP/2', async () => {
  const { broken } = await runWaiting({ requests: 2_000 });
  expect(broken).toEqual([]);
}, 180_000);
