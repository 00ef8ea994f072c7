import { expect, it } from 'vitest';
import { runFiles } from '../../campaign/files.js';

it('files of real servers arrive as they are, whole, in ranges and under conditions', async () => {
  const { broken } = await runFiles({ sizesBytes: [0, 1, 10_240, 65_537, 1_048_576, 67_108_864] });
  expect(broken).toEqual([]);
}, 180_000);
