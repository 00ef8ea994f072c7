/** Applications: who calls, with keys and subscriptions. */
import { Anchor, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { Application } from '../../../model/entities.js';
import { usePages, useSend, withQuery } from '../api/queries.js';
import type { PageProps } from '../pages.js';
import { AskButton } from '../ui/ask.js';
import { useSettled } from '../ui/clock.js';
import { useNews } from '../ui/news.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { More, Rows } from '../ui/rows.js';
import { State } from '../ui/state.js';
import { idOf } from './new-service-orders.js';
import { useTeams } from './teams-of.js';

const TYPED_MS = 250;

export default function Applications({ session }: PageProps) {
  const [q, setQ] = useState('');
  const list = usePages<Application>(withQuery('/v1/applications', { q: useSettled(q, TYPED_MS) }));
  return (
    <Page
      title="Applications"
      about="What calls services: each with its keys, and with what it is subscribed to."
      actions={<NewApplication session={session} />}
    >
      <Panel label="Applications">
        <TextInput
          label="Search"
          type="search"
          mb="sm"
          value={q}
          onChange={(event) => setQ(event.currentTarget.value)}
        />
        <Answer of={list} what="applications">
          {() =>
            list.items.length === 0 ? (
              <Empty title={q === '' ? 'No application yet' : 'Nothing fits'}>
                Make one for each program that calls: then its traffic, its limits and its keys are its own.
              </Empty>
            ) : (
              <>
                <Rows
                  label="Applications"
                  rows={list.items}
                  idOf={({ id }) => id}
                  columns={[
                    {
                      label: 'Application',
                      show: ({ id, name }) => (
                        <Anchor component={Link} href={`/applications/${id}`} fw={600}>
                          {name || id}
                        </Anchor>
                      ),
                    },
                    { label: 'Team', show: ({ teamId }) => teamId },
                    {
                      label: 'State',
                      show: ({ isDisabled }) => (
                        <State mood={isDisabled ? 'bad' : 'good'}>{isDisabled ? 'disabled' : 'in use'}</State>
                      ),
                    },
                    { label: 'About', show: ({ description }) => description || '–' },
                  ]}
                />
                <More of={list} />
              </>
            )
          }
        </Answer>
      </Panel>
    </Page>
  );
}

function NewApplication({ session }: Pick<PageProps, 'session'>) {
  const teams = useTeams(session, 'developer');
  const [name, setName] = useState('');
  const [id, setId] = useState<string | null>(null);
  const [team, setTeam] = useState('');
  const send = useSend();
  const tell = useNews();
  const [, go] = useLocation();
  const chosen = { id: id ?? idOf(name), teamId: team || (teams[0]?.id ?? '') };
  const create = async () => {
    await send.mutateAsync({ method: 'POST', path: '/v1/applications', body: { ...chosen, name } });
    tell(`${name} is there; it needs a key, and a subscription.`);
    go(`/applications/${chosen.id}`);
  };
  return (
    <AskButton
      isMain
      label="New application"
      title="New application"
      verb="Make it"
      isReady={name !== '' && chosen.teamId !== ''}
      onDo={create}
    >
      <Stack gap="sm">
        {teams.length === 0 && (
          <Text size="sm">You are a developer in no team yet: an operator makes teams, and adds you.</Text>
        )}
        <NativeSelect
          label="Team"
          value={chosen.teamId}
          onChange={(e) => setTeam(e.currentTarget.value)}
          data={teams.map((one) => ({ value: one.id, label: one.name || one.id }))}
        />
        <TextInput label="Name" required value={name} onChange={(e) => setName(e.currentTarget.value)} />
        <TextInput label="Id" required value={chosen.id} onChange={(e) => setId(e.currentTarget.value)} />
      </Stack>
    </AskButton>
  );
}
