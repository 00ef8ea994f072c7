import { expect, it } from 'vitest';
import { writeFamilies } from './exposition.js';
import { gateFamilies } from './gate-families.js';
import { textOf } from './testing/text-of.js';

it('shows of each gate its limit, those inside and those who wait', async () => {
  const gates = () => [{ upstream: 'orders', limit: 64, inFlight: 3, queued: 2 }];
  const text = await textOf(writeFamilies(gateFamilies({ gates }), () => Promise.resolve()));
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    'weir_concurrency_limit{upstream="orders"} 64',
    'weir_concurrency_in_flight{upstream="orders"} 3',
    'weir_concurrency_queued{upstream="orders"} 2',
  ]);
});
