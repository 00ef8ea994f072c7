/** The figures of all policies as tables: for each share of the bytes that fits, a line for each trace. Pure. */
import { median } from '../measure/statistics.js';
import { markdownTable } from '../table.js';
import { type PolicyName, policyNames } from './policies.js';
import type { Replayed } from './replay.js';

/** Of the bytes of all objects: so much fits. */
export const shares: readonly number[] = [0.001, 0.01, 0.1];

export interface Measured extends Replayed {
  readonly policy: PolicyName;
  readonly trace: string;
  readonly share: number;
  /** Of a request, found or not: user and system. */
  readonly cpuNs: number;
}

const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)}`;

export function tablesOf(measured: readonly Measured[]): string {
  const names = policyNames.filter((name) => measured.some((one) => one.policy === name));
  const tables = shares.flatMap((share) => [
    `### ${100 * share} % of the bytes fit: hits in % of requests (in % of bytes)`,
    tableOf(
      names,
      measured.filter((one) => one.share === share),
    ),
  ]);
  return [...tables, '### CPU ns per request, median of all of the above', cpuTable(names, measured)].join('\n\n');
}

function tableOf(names: readonly PolicyName[], measured: readonly Measured[]): string {
  const traces = [...new Set(measured.map((one) => one.trace))];
  const rows = traces.map((trace) => {
    const ofTrace = names.map((name) => measured.find((one) => one.trace === trace && one.policy === name));
    const best = Math.max(...ofTrace.map((one) => one?.hitRatio ?? 0));
    const cells = ofTrace.map((one) => {
      if (one === undefined) return '';
      const hits = percent(one.hitRatio);
      return `${one.hitRatio === best ? `**${hits}**` : hits} (${percent(one.byteHitRatio)})`;
    });
    return [trace, ...cells];
  });
  const means = names.map((name) => {
    const own = measured.filter((one) => one.policy === name);
    const mean = (of: (one: Measured) => number): string =>
      percent(own.reduce((sum, one) => sum + of(one), 0) / own.length);
    return `${mean((one) => one.hitRatio)} (${mean((one) => one.byteHitRatio)})`;
  });
  return markdownTable(['trace', ...names], [...rows, ['mean', ...means]], 1);
}

function cpuTable(names: readonly PolicyName[], measured: readonly Measured[]): string {
  const cells = names.map((name) =>
    median(measured.filter((one) => one.policy === name).map((one) => one.cpuNs)).toFixed(0),
  );
  return markdownTable([...names], [cells], 0);
}
