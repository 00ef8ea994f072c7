import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { nodeFlagsOn } from './node-flags.js';

describe('flags of a node', () => {
  it.each([1, 2])('Node takes them, on %d cores', (cores) => {
    const args = [...nodeFlagsOn(cores), '--eval', 'process.stdout.write(typeof gc)'];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('function');
  });

  it('leave the collector to the main thread where there is no core for another', () => {
    expect(nodeFlagsOn(1)).toContain('--single-threaded-gc');
    expect(nodeFlagsOn(2)).not.toContain('--single-threaded-gc');
  });
});
