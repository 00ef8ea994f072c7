import { expect, it } from 'vitest';
import { runRates } from '../../campaign/rates.js';

it('four nodes keep one limit, by their shares without NATS, and a strict one to the request', async () => {
  // Other tests run beside this one: a load generator that is not scheduled asks for less, and reads an answer a window too late.
  // Nodes that did not share would be over by 100 %.
  const { broken } = await runRates({ limit: 200, perSecond: 400, windows: 4, noise: 0.25 });
  expect(broken).toEqual([]);
}, 180_000);
