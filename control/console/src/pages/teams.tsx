/** Teams: one's own; all, for operators. */
import { Stack, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { TeamView } from '../api/people.js';
import { useSend } from '../api/queries.js';
import { mayOperate } from '../api/session.js';
import type { PageProps } from '../pages.js';
import { AskButton } from '../ui/ask.js';
import { Listing } from '../ui/listing.js';
import { useNews } from '../ui/news.js';
import { Empty, Page } from '../ui/page.js';
import type { Column } from '../ui/rows.js';
import { To } from '../ui/to.js';
import { several } from '../ui/words.js';
import { idOf } from './id-of.js';

export default function Teams({ session }: PageProps) {
  return (
    <Page
      title="Teams"
      about="Services, applications and secrets belong to teams; who may do what with them is said there."
      actions={mayOperate(session) ? <NewTeam ownerId={session.kind === 'in' ? session.user.id : ''} /> : undefined}
    >
      <Listing<TeamView>
        {...{ label: 'Teams', what: 'teams', path: '/v1/teams', columns }}
        idOf={({ id }) => id}
        looksInto="id, name"
        none={
          <Empty title="No team yet">
            {mayOperate(session)
              ? 'Make the first one: a service needs a team to belong to.'
              : 'An operator makes teams, and adds you to them.'}
          </Empty>
        }
      />
    </Page>
  );
}

const columns: readonly Column<TeamView>[] = [
  {
    label: 'Team',
    show: ({ id, name }) => (
      <To href={`/teams/${id}`} isMain>
        {name || id}
      </To>
    ),
  },
  { label: 'About', show: ({ description }) => description || '–' },
  { label: 'Members', show: ({ members }) => several(members.length, 'member') },
  { label: 'You are', show: ({ role }) => role ?? 'no member' },
];

function NewTeam({ ownerId }: { ownerId: string }) {
  const [name, setName] = useState('');
  const [id, setId] = useState<string | null>(null);
  const [description, setDescription] = useState('');
  const send = useSend();
  const tell = useNews();
  const [, go] = useLocation();
  const chosen = id ?? idOf(name);
  const create = async () => {
    await send.mutateAsync({ method: 'POST', path: '/v1/teams', body: { id: chosen, name, description, ownerId } });
    tell(`Team ${name} is there.`);
    go(`/teams/${chosen}`);
  };
  return (
    <AskButton
      isMain
      label="New team"
      title="New team"
      verb="Make it"
      isReady={name !== '' && chosen !== ''}
      onDo={create}
    >
      <Stack gap="sm">
        <TextInput label="Name" required value={name} onChange={(e) => setName(e.currentTarget.value)} />
        <TextInput label="Id" required value={chosen} onChange={(e) => setId(e.currentTarget.value)} />
        <Textarea
          label="What it is for (optional)"
          value={description}
          onChange={(e) => setDescription(e.currentTarget.value)}
        />
      </Stack>
    </AskButton>
  );
}
