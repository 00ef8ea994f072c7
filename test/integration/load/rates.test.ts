import { expect, it } from 'vitest';
import { runRates } from '../../campaign/rates.js';

it('four nodes keep one limit, by their shares without NATS, and a strict one to the request', async () => {
  // Other tests run beside this one, and a load generator that is not scheduled asks for less than it should.
  const { broken } = await runRates({ limit: 200, perSecond: 400, windows: 4, noise: 0.08 });
  expect(broken).toEqual([]);
}, 180_000);
