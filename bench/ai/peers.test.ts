import { checkConfig } from '@weir/control/publish/check-config.js';
import { sha256Hex } from '@weir/control/publish/credential-hashes.js';
import { expect, it } from 'vitest';
import { weirAiConfig } from './peers.js';
import { BRIEF, CHAT, HELD, modelOf, paceOf, STREAM } from './words.js';

it('Weir is asked over a route to the mock, with what every route over models has', () => {
  const checked = checkConfig(weirAiConfig(8_123, 8_124), { BENCH_KEY: 'sk-bench' }, sha256Hex);
  expect(checked.ok).toBe(true);
});

it.each([CHAT, STREAM, BRIEF, HELD])('the name of a model says its pace: %o', (pace) => {
  expect(paceOf(modelOf(pace))).toEqual(pace);
});

it('no other name says any', () => {
  for (const name of ['', 'mock', 'mock-1x', 'mock-1x2y', 'gpt-5']) expect(paceOf(name)).toBeNull();
});
