import { describe, expect, it } from 'vitest';
import { keyedConsumer } from '../auth/own-consumers.js';
import { makeExchange } from '../pipeline/testing/harness.js';
import { setUpLayer } from './testing/layer-cache.js';
import { makeCacheSpec } from './testing/specs.js';

describe('where each consumer has a cache of its own', () => {
  it('those of one name are others when others vouch for them', () => {
    const { send, call, upstream } = setUpLayer({ key: { ...makeCacheSpec().key, byConsumer: true } });
    const sendAs = (consumerId: string | null, vouchedBy: string) => {
      const exchange = makeExchange();
      exchange.consumerId = consumerId;
      exchange.vouchedBy = vouchedBy;
      return send({ exchange }).handler;
    };
    const everyone = [
      ['alice', ''],
      ['alice', 'https://one.example'],
      ['alice', 'https://two.example'],
      ['bob', ''],
      [null, ''],
    ] as const;
    everyone.forEach(([id, vouchedBy], i) => {
      sendAs(id, vouchedBy);
      call(i).answer(200, ['cache-control', 'max-age=60'], `of ${id} by ${vouchedBy}`);
    });
    for (const [id, vouchedBy] of everyone) expect(sendAs(id, vouchedBy).text()).toBe(`of ${id} by ${vouchedBy}`);
    expect(upstream.calls).toHaveLength(everyone.length);
  });

  it('no name that a token holds is read as another one with its voucher', () => {
    const names = ['alice', 'al\nice', '["alice","x"]', ''];
    const keyed = names.flatMap((name) => [keyedConsumer(name, 'x'), keyedConsumer(name, '"y')]);
    expect(new Set(keyed).size).toBe(keyed.length);
    for (const name of keyed) expect(name).toMatch(/^\[[^\n]*\]$/);
  });
});
