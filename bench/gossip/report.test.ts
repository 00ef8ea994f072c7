import { expect, it } from 'vitest';
import { tableOf } from './report.js';

it('says for each number of nodes what is heard, and what it takes of a core and for a message', () => {
  const one = { nodes: 64, kind: 'latency', perS: 50, bytesPerS: 12_340, cpuShare: 0.0051 } as const;
  const [head, , ...rows] = tableOf([one, { ...one, kind: 'heartbeats', nodes: 4, perS: 0.5 }]).split('\n');
  expect(head).toContain('% of a core');
  expect(rows.map((row) => row.split('|').map((cell) => cell.trim()))).toEqual([
    ['', '… and latency', '64', '50.0', '12.3', '0.51', '102', ''],
    ['', 'heartbeats', '4', '0.5', '12.3', '0.51', '', ''],
  ]);
});
