import { expect, it } from 'vitest';
import { quietMetrics } from './testing/quiet-metrics.js';

const INTRODUCTION = `# Metrics

What a node tells Prometheus at \`/metrics\` (port 9090, \`--metrics\`). \`deploy/grafana/weir.json\` is a dashboard of it, to be imported
into Grafana, and \`deploy/prometheus/alerts.yaml\` has alerts. Besides these there is what prom-client tells of the process (\`process_*\`) and of Node.js (\`nodejs_*\`).

Labels: \`route\` is a route's id, empty where none matched; \`upstream\` is an upstream's id; \`target\` is \`host:port\`. A counter of
something that has not happened yet is left out. A histogram has \`_bucket\`, \`_sum\` and \`_count\`.

\`gen_ai_*\` are those of OpenTelemetry's conventions for generative AI, by operation, provider and the operator's name for the model.

This page is made by \`npx vitest run node/observe/metrics-page.test.ts -u\`, and the same test fails when it is out of date.

| metric | type | meaning |
|---|---|---|
`;

it('docs/metrics.md lists every metric of a node, with its type and meaning', async () => {
  const text = await quietMetrics();
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));
  const rows = [...text.matchAll(/^# HELP ((?:weir|gen_ai)_\S+) (.*)$/gm)].map(
    ([, name, help]) => `| \`${name}\` | ${types.get(name)} | ${help} |`,
  );
  expect(rows.length).toBeGreaterThan(30);
  await expect(`${INTRODUCTION}${rows.join('\n')}\n`).toMatchFileSnapshot('../../docs/metrics.md');
});
