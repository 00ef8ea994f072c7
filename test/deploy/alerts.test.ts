import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { controlMetrics } from '@weir/control/api/control-metrics.js';
import { hostSeries } from '@weir/deploy/cluster/host-pages.js';
import { hearings } from '@weir/deploy/cluster/open-announced.js';
import { skipReasons } from '@weir/node/cache/l2/l2.js';
import { failureCodes } from '@weir/node/observe/cells.js';
import { decisions } from '@weir/node/observe/decisions.js';
import { quietMetrics } from '@weir/node/observe/testing/quiet-metrics.js';
import { memberStandings } from '@weir/proto/events/cluster-status.js';
import { reportStates } from '@weir/proto/events/snapshot-report.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { programPath } from '../support/programs.js';

const folder = fileURLToPath(new URL('../../deploy/', import.meta.url));
const rulesFile = `${folder}prometheus/alerts.yaml`;

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly action: string };
}
const rules = (parse(readFileSync(rulesFile, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules, // As Prometheus has it; promtool checks that below.
);

const nothing = Object.fromEntries(hearings.map((hearing) => [hearing, 0])) as Parameters<
  typeof hostSeries
>[0]['counts']; // Its keys are these.
const bus = { isConnected: true, sinceMs: 0, trouble: '' };
const ofHost = hostSeries({
  ...{ cluster: 'c1', id: 'n1', bus, nowMs: 0, inForce: null, report: null, counts: nothing },
  fetches: { whole: 0, delta: 0 },
  ...{ secrets: { held: 0, outdated: 0 }, isKept: true },
});

/** What scrapes of a host and of a control have, by the code that writes it: metrics of workers, of each itself, and Prometheus' word of the scrape. */
async function known(): Promise<ReadonlySet<string>> {
  const ofControl = controlMetrics({ made: 0, refused: { user: 0, team: 0, queue: 0, log: 0 } });
  const text = `${await quietMetrics()}\n${ofHost}\n${ofControl}`;
  const named = [...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name],
  );
  return new Set([...named, 'weir_worker_up', 'up']);
}

/** Values that the code gives to labels of which the rules name values. */
const values: Readonly<Record<string, readonly string[]>> = {
  code: failureCodes,
  decision: decisions,
  standing: memberStandings,
  state: reportStates,
  result: hearings,
  quantile: ['0.5', '0.99', '1'],
  job: ['weir'],
  // Of messages to the bus, and of look-ups in Redis.
  reason: ['away', 'full', 'refused', ...skipReasons],
};

const metricsIn = (expression: string): readonly string[] => [
  ...new Set([...expression.matchAll(/\b(?:weir|process|nodejs)_[a-z0-9_]+|\bup\b/g)].map(([name]) => name)),
];

describe('alerts', () => {
  it.each(rules)('$alert asks for metrics that nodes have, and values that their labels can have', async (rule) => {
    const names = await known();
    const asked = metricsIn(rule.expr);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((name) => !names.has(name))).toEqual([]);
    for (const [, label = '', value = ''] of rule.expr.matchAll(/\b([a-z_]+)(?:=~|=|!=|!~)"([^"]*)"/g))
      for (const one of value.split('|')) expect(values[label], `${label}="${one}"`).toContain(one);
  });

  it.each(rules)('$alert says what it means and what to do, to somebody', ({ labels, annotations }) => {
    expect(['page', 'ticket']).toContain(labels.severity);
    expect(annotations.summary.length).toBeGreaterThan(20);
    expect(annotations.action.length).toBeGreaterThan(20);
  });

  it('are all told of in docs/deploy.md, and no others', () => {
    const text = readFileSync(`${folder}../docs/deploy.md`, 'utf8');
    const told = [...text.matchAll(/`(Weir[A-Z]\w+)`/g)].map(([, name]) => name);
    expect(told.sort()).toEqual(rules.map(({ alert }) => alert).sort());
  });

  it('are understood by Prometheus, and rise and rest when they must', () => {
    const promtool = programPath('promtool');
    execFileSync(promtool, ['check', 'rules', rulesFile], { stdio: 'pipe' });
    const cases = fileURLToPath(new URL('alerts-cases.yaml', import.meta.url));
    execFileSync(promtool, ['test', 'rules', cases], { stdio: 'pipe' });
  });
});

it('the Grafana dashboard asks for nothing that neither nodes nor hosts have', async () => {
  const names = await known();
  const dashboard = readFileSync(`${folder}grafana/weir.json`, 'utf8');
  const { panels } = JSON.parse(dashboard) as { panels: { targets?: { expr: string }[] }[] }; // As Grafana has it.
  const asked = new Set(panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => metricsIn(expr))));
  expect(asked.size).toBeGreaterThan(30);
  expect([...asked].filter((name) => !names.has(name))).toEqual([]);
});

it('panels of the dashboard stand beside each other, not upon each other', () => {
  const { panels } = JSON.parse(readFileSync(`${folder}grafana/weir.json`, 'utf8')) as {
    panels: { id: number; gridPos: { x: number; y: number; w: number; h: number } }[];
  }; // As Grafana has it.
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
});
