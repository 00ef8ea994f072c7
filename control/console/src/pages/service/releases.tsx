/** Releases: what is live with its shares, and the history with what each changed and what it broke. */
import { Anchor, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Service } from '../../../../model/entities.js';
import type { ReleaseSummary } from '../../api/managed.js';
import { useWhole } from '../../api/queries.js';
import { Empty, Panel } from '../../ui/page.js';
import { Answer } from '../../ui/problem-alert.js';
import { type Column, Rows } from '../../ui/rows.js';
import { State } from '../../ui/state.js';
import { showTime } from '../../ui/words.js';
import type { TabProps } from '../service.js';
import { isAtLeast, roleIn } from '../teams-of.js';
import { Live, RollBack } from './live.js';
import { ReleaseChanges } from './release-changes.js';

export default function Releases({ service, session }: TabProps) {
  const list = useWhole<ReleaseSummary>(`/v1/services/${service.id}/releases`);
  const [looked, setLooked] = useState<number | null>(null);
  const mayChange = isAtLeast(roleIn(session, service.teamId), 'developer');
  return (
    <Stack gap="lg">
      <Live service={service} mayChange={mayChange} />
      <Panel title="Releases">
        <Answer of={list} what="releases">
          {() =>
            list.items.length === 0 ? (
              <Empty
                title="Nothing is published yet"
                action={
                  <Anchor component={Link} href={`/services/${service.id}/draft`}>
                    To the draft
                  </Anchor>
                }
              >
                A release is what the draft was when it was published. It is never changed, so callers can rely on it.
              </Empty>
            ) : (
              <Rows
                label="Releases"
                rows={[...list.items].sort((one, other) => other.number - one.number)}
                columns={columnsOf(service, mayChange, setLooked)}
                idOf={({ number }) => String(number)}
              />
            )
          }
        </Answer>
      </Panel>
      {looked !== null && <ReleaseChanges id={service.id} number={looked} />}
    </Stack>
  );
}

function columnsOf(
  service: Service,
  mayChange: boolean,
  look: (number: number) => void,
): readonly Column<ReleaseSummary>[] {
  const liveOf = (number: number) => service.live.find(({ release }) => release === number);
  return [
    { label: 'Release', show: ({ number }) => `Release ${number}` },
    {
      label: 'State',
      show: ({ number }) => {
        const live = liveOf(number);
        return live === undefined ? (
          ''
        ) : (
          <State mood="good">
            live, {live.share} %{live.name === '' ? '' : `, ${live.name}`}
          </State>
        );
      },
    },
    { label: 'When', show: ({ createdWallMs }) => showTime(createdWallMs) },
    {
      label: 'Notes',
      show: ({ notes }) =>
        notes || (
          <Text c="dimmed" size="sm">
            none
          </Text>
        ),
    },
    {
      label: '',
      show: ({ number }) => (
        <Group gap="xs">
          <Anchor component="button" type="button" size="sm" onClick={() => look(number)}>
            What it changed<span className="hidden"> in release {number}</span>
          </Anchor>
          {mayChange && liveOf(number) === undefined && service.stage !== 'retired' && (
            <RollBack service={service} number={number} />
          )}
        </Group>
      ),
    },
  ];
}
