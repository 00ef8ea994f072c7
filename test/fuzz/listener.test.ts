import { createUwsListener } from '@weir/node/listener/uws/server.js';
import { expect, test } from 'vitest';
import { fuzzListener } from './listener.js';

test('a listener survives seeded nonsense, and reads no request that was not sent', async () => {
  const outcome = await fuzzListener(20_261_123, 600);
  expect(outcome).toEqual({ cases: 600, failures: [] });
}, 120_000);

test('the fuzzer sees a listener that reads one request as two', async () => {
  const twice = await fuzzListener(1, 40, (options) =>
    createUwsListener({
      ...options,
      onRequest(request, handler) {
        const silent = { onHeaders() {}, onData: () => true, onComplete() {}, onError() {} };
        options.onRequest({ ...request, body: null }, silent);
        return options.onRequest(request, handler);
      },
    }),
  );
  expect(twice.failures.join()).toContain('requests seen');
}, 60_000);
