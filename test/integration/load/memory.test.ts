import { expect, it } from 'vitest';
import { runMemory } from '../../campaign/memory.js';

it('a body larger than the promised memory passes through slow readers within it', async () => {
  const pace = { bytesPerSecond: 134_217_728, stallMs: 1_000 };
  const { broken } = await runMemory({ bodyBytes: 268_435_456, pace });
  expect(broken).toEqual([]);
}, 180_000);
