/** Applications: who calls, with keys and subscriptions. */
import { Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { Application } from '../../../model/entities.js';
import { useSend } from '../api/queries.js';
import type { PageProps } from '../pages.js';
import { AskButton } from '../ui/ask.js';
import { ChoiceField } from '../ui/choice.js';
import { Listing } from '../ui/listing.js';
import { useNews } from '../ui/news.js';
import { Empty, Page } from '../ui/page.js';
import type { Column } from '../ui/rows.js';
import { State } from '../ui/state.js';
import { To } from '../ui/to.js';
import { idOf } from './id-of.js';
import { useTeamChoice } from './teams-of.js';

export default function Applications({ session }: PageProps) {
  return (
    <Page
      title="Applications"
      about="What calls services: each with its keys, and with what it is subscribed to."
      actions={<NewApplication session={session} />}
    >
      <Listing<Application>
        {...{ label: 'Applications', what: 'applications', path: '/v1/applications', columns }}
        idOf={({ id }) => id}
        looksInto="id, name"
        none={
          <Empty title="No application yet">
            Make one for each program that calls: then its traffic, its limits and its keys are its own.
          </Empty>
        }
      />
    </Page>
  );
}

const columns: readonly Column<Application>[] = [
  {
    label: 'Application',
    show: ({ id, name }) => (
      <To href={`/applications/${id}`} isMain>
        {name || id}
      </To>
    ),
  },
  { label: 'Team', show: ({ teamId }) => teamId },
  {
    label: 'State',
    show: ({ isDisabled }) => <State mood={isDisabled ? 'bad' : 'good'}>{isDisabled ? 'disabled' : 'in use'}</State>,
  },
  { label: 'About', show: ({ description }) => description || '–' },
];

function NewApplication({ session }: Pick<PageProps, 'session'>) {
  const [isAsked, setAsked] = useState(false);
  const team = useTeamChoice(session, 'developer', isAsked);
  const [name, setName] = useState('');
  const [id, setId] = useState<string | null>(null);
  const send = useSend();
  const tell = useNews();
  const [, go] = useLocation();
  const chosen = { id: id ?? idOf(name), teamId: team.value };
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
      onOpen={() => setAsked(true)}
      onDo={create}
    >
      <Stack gap="sm">
        {team.value === '' && team.q === null && (
          <Text size="sm">You are a developer in no team yet: an operator makes teams, and adds you.</Text>
        )}
        <ChoiceField of={team} label="Team" among="teams" />
        <TextInput label="Name" required value={name} onChange={(e) => setName(e.currentTarget.value)} />
        <TextInput label="Id" required value={chosen.id} onChange={(e) => setId(e.currentTarget.value)} />
      </Stack>
    </AskButton>
  );
}
