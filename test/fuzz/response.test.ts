import { expect, it } from 'vitest';
import { fuzzResponse } from './response.js';

it('the reading of answers survives a thousand broken ones', async () => {
  expect((await fuzzResponse(20_240_602, 1000)).failures).toEqual([]);
}, 60_000);
