import { expect, it } from 'vitest';
import { writeFamilies } from './exposition.js';
import { sightFamilies } from './sight-families.js';
import { textOf } from './testing/text-of.js';

const linesOf = async (sight: Parameters<typeof sightFamilies>[0]['sight']): Promise<string[]> =>
  (await textOf(writeFamilies(sightFamilies({ sight }), async () => {})))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

it('shows what a node shares with others, each number under its name, and nothing where it is by itself', async () => {
  expect(await linesOf(() => null)).toEqual([]);
  const health = {
    ...{ told: 1, untold: 2, heard: 3, missed: 4, asked: 90, answered: 91 },
    ...{ confirmed: 5, refuted: 6, lapsed: 7, majorities: 8, failuresSpared: 9 },
  };
  const latency = { told: 10, heard: 11, malformed: 12 };
  const counts = { health, latency, droppedReports: 13, probesLeft: 14, sketchBytes: 15 };
  expect(await linesOf(() => counts)).toEqual([
    'weir_cluster_opinions_total{what="told"} 1',
    'weir_cluster_opinions_total{what="heard"} 3',
    'weir_cluster_opinions_total{what="missed"} 4',
    'weir_cluster_opinions_total{what="untold"} 2',
    'weir_cluster_opinions_total{what="dropped"} 13',
    'weir_cluster_doubts_total{result="confirmed"} 5',
    'weir_cluster_doubts_total{result="refuted"} 6',
    'weir_cluster_doubts_total{result="lapsed"} 7',
    'weir_cluster_majority_ejections_total 8',
    'weir_cluster_failures_spared_total 9',
    'weir_cluster_probes_spared 14',
    'weir_cluster_latency_told_total 10',
    'weir_cluster_latency_heard_total 11',
    'weir_cluster_latency_malformed_total 12',
    'weir_cluster_latency_bytes 15',
  ]);
});
