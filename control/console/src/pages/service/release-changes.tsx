/** What a release changed against the one before it, and what of that breaks callers. */
import { List, Stack, Text } from '@mantine/core';
import type { Breaking, ReleaseDiff } from '../../api/managed.js';
import { useGet } from '../../api/queries.js';
import { DiffLines } from '../../ui/code.js';
import { Panel } from '../../ui/page.js';
import { Answer } from '../../ui/problem-alert.js';
import { State } from '../../ui/state.js';
import { several } from '../../ui/words.js';

export function ReleaseChanges({ id, number }: { id: string; number: number }) {
  const asked = useGet<ReleaseDiff>(`/v1/services/${id}/releases/${number - 1}/diff/${number}`, { isOn: number > 1 });
  return (
    <Panel title={`What release ${number} changed`}>
      {number === 1 ? (
        <Text size="sm">It was the first one.</Text>
      ) : (
        <Answer of={asked} what="difference">
          {({ changes, breaking }) => (
            <Stack gap="sm">
              <BreakingChanges breaking={breaking} />
              {changes.length === 0 ? (
                <Text size="sm">The design is the same.</Text>
              ) : (
                <DiffLines lines={changes} label={`release ${number}`} />
              )}
            </Stack>
          )}
        </Answer>
      )}
    </Panel>
  );
}

function BreakingChanges({ breaking }: { breaking: readonly Breaking[] }) {
  if (breaking.length === 0) return <State mood="good">nothing in it breaks callers</State>;
  return (
    <div>
      <State mood="warn">{several(breaking.length, 'change')} of the contract to look at</State>
      <List size="sm">
        {breaking.map(({ severity, where, what, cure }) => (
          <List.Item key={`${where} ${what}`}>
            {severity}: <code>{where}</code> {what}
            {cure !== '' && ` → ${cure}`}
          </List.Item>
        ))}
      </List>
    </div>
  );
}
