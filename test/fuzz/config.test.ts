import { expect, it } from 'vitest';
import { fuzzConfig } from './config.js';

it('the config parser survives two thousand broken files', () => {
  expect(fuzzConfig(20_240_601, 2000).failures).toEqual([]);
}, 60_000);
