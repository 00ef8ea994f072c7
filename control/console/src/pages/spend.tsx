/** What requests to models took and cost, and what budgets have left: of all, or of one team. */
import { Group, NativeSelect, Text } from '@mantine/core';
import { useState } from 'react';
import type { BudgetLeft } from '../../../insight/budgets-left.js';
import type { SpendAnswer, SpentBy } from '../../../insight/spend-report.js';
import { useGet, withQuery } from '../api/queries.js';
import { Empty, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { type Column, Rows } from '../ui/rows.js';
import { showCount, showMoney, showTime } from '../ui/words.js';

const KINDS = ['team', 'consumer', 'model', 'provider', 'route'] as const;
const LENGTHS = [
  { value: '1h', label: 'the last hour' },
  { value: '24h', label: 'the last 24 hours' },
  { value: '7d', label: 'the last 7 days' },
  { value: '31d', label: 'the last 31 days' },
];
const EVERY_MS = 15_000;

/** `teamId`: empty for all that may be seen. */
export function Spend({ teamId = '' }: { teamId?: string }) {
  const kinds = KINDS.filter((kind) => teamId === '' || kind !== 'team');
  const [by, setBy] = useState<string>(kinds[0] ?? 'team');
  const [since, setSince] = useState('24h');
  const asked = useGet<SpendAnswer>(withQuery('/v1/insight/spend', { by, since, team: teamId }), { everyMs: EVERY_MS });
  return (
    <Panel title="Spend">
      <Group align="flex-end" gap="sm" mb="sm">
        <NativeSelect label="spent by" value={by} data={kinds} onChange={(event) => setBy(event.currentTarget.value)} />
        <NativeSelect
          label="in"
          value={since}
          data={LENGTHS}
          onChange={(event) => setSince(event.currentTarget.value)}
        />
      </Group>
      <Answer of={asked} what="spend">
        {(spend) => (
          <>
            <Spent {...spend} />
            <Left budgets={spend.budgets} />
          </>
        )}
      </Answer>
    </Panel>
  );
}

function Spent({ by, from, items, total }: SpendAnswer) {
  if (items.length === 0) {
    return (
      <Empty title="Nothing, yet">
        No request to a model was heard of since {showTime(from)}. Requests to AI routes count here as they end.
      </Empty>
    );
  }
  const columns: readonly Column<SpentBy>[] = [
    { label: by, show: ({ name }) => name || 'unknown' },
    { label: 'Cost', show: ({ costMicros }) => showMoney(costMicros) },
    { label: 'Requests', show: ({ requests }) => showCount(requests) },
    { label: 'Tokens in', show: ({ inputTokens }) => showCount(inputTokens) },
    { label: 'Tokens out', show: ({ outputTokens }) => showCount(outputTokens) },
    { label: 'Cached by providers', show: ({ cachedTokens }) => showCount(cachedTokens) },
    { label: 'Saved by the cache here', show: ({ savedTokens }) => showCount(savedTokens) },
  ];
  const { costMicros, requests, unpriced, estimated } = total;
  return (
    <>
      <Rows label={`Spend by ${by}`} rows={items} idOf={({ name }) => name} columns={columns} />
      <Text size="sm" mt="sm">
        {showMoney(costMicros)} for {showCount(requests)} requests since {showTime(from)}, as this control has heard.
        {unpriced > 0 && ` The price of ${showCount(unpriced)} of them nobody knows: ai.prices can say it.`}
        {estimated > 0 && ` Of ${showCount(estimated)} the tokens were counted here.`}
      </Text>
    </>
  );
}

function Left({ budgets }: Pick<SpendAnswer, 'budgets'>) {
  if (budgets.length === 0) return null;
  const amount = (unit: string, n: number): string => (unit === 'cost' ? showMoney(n) : `${showCount(n)} ${unit}`);
  const columns: readonly Column<BudgetLeft>[] = [
    { label: 'Budget', show: ({ route, name }) => <code>{route === '' ? name : `${name} of ${route}`}</code> },
    { label: 'For', show: ({ of }) => of.map((one) => one.trim() || 'unknown').join(', ') || 'all' },
    { label: 'Left', show: ({ unit, left }) => amount(unit, left) },
    { label: 'Of', show: ({ unit, limit, period }) => `${amount(unit, limit)} a ${period}` },
    { label: 'Until', show: ({ untilMs, node }) => `${showTime(untilMs)}${node === '' ? '' : `, on ${node}`}` },
  ];
  const idOf = ({ route, name, of, node }: BudgetLeft) => JSON.stringify([route, name, of, node]);
  return (
    <>
      <Text fw={600} mt="md" mb="xs">
        What budgets have left
      </Text>
      <Rows label="What budgets have left" rows={budgets} idOf={idOf} columns={columns} />
    </>
  );
}
