/** One team: who is in it with which role, the secrets that its designs may name, and what it spends on models. */
import { Group, NativeSelect, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { get } from '../api/client.js';
import { type Member, roleOf, roles, type SecretView, type TeamView } from '../api/people.js';
import { type Page as ListPage, useGet, useSend, useWhole, withQuery } from '../api/queries.js';
import type { PageProps } from '../pages.js';
import { AskButton } from '../ui/ask.js';
import { useNews } from '../ui/news.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { Rows } from '../ui/rows.js';
import { showTime } from '../ui/words.js';
import { Spend } from './spend.js';
import { isAtLeast, roleIn } from './teams-of.js';

export default function Team({ params, session }: PageProps) {
  const id = params['id'] ?? '';
  const asked = useGet<TeamView>(`/v1/teams/${id}`);
  const isOwner = isAtLeast(roleIn(session, id), 'owner');
  return (
    <Page title={asked.data?.name || id} about={asked.data?.description}>
      <Answer of={asked} what="team">
        {(team) => (
          <Stack gap="lg">
            <Members team={team} isOwner={isOwner} />
            <Secrets teamId={id} isOwner={isOwner} />
            <Spend teamId={id} />
          </Stack>
        )}
      </Answer>
    </Page>
  );
}

const roleWords = 'Owners manage members, secrets and subscribers; developers design and publish; viewers look.';

function Members({ team, isOwner }: { team: TeamView; isOwner: boolean }) {
  return (
    <Panel title="Members" actions={isOwner ? <AddMember teamId={team.id} /> : undefined}>
      <Text size="sm" c="dimmed" mb="sm">
        {roleWords}
      </Text>
      {team.members.length === 0 ? (
        <Empty title="Nobody, yet">Add whoever is to work here by their login.</Empty>
      ) : (
        <Rows
          label="Members"
          rows={team.members}
          idOf={({ userId }) => userId}
          columns={[
            { label: 'Login', show: ({ login }) => login },
            { label: 'Name', show: ({ name }) => name || '–' },
            {
              label: 'Role',
              show: (member) => (isOwner ? <RoleChoice teamId={team.id} member={member} /> : member.role),
            },
            ...(isOwner
              ? [{ label: '', show: (member: Member) => <RemoveMember teamId={team.id} member={member} /> }]
              : []),
          ]}
        />
      )}
    </Panel>
  );
}

function RoleChoice({ teamId, member }: { teamId: string; member: Member }) {
  const send = useSend();
  const tell = useNews();
  return (
    <NativeSelect
      aria-label={`Role of ${member.login}`}
      size="xs"
      value={member.role}
      data={[...roles]}
      onChange={(event) => {
        const role = roleOf(event.currentTarget.value);
        send.mutate(
          { method: 'PUT', path: `/v1/teams/${teamId}/members/${member.userId}`, body: { role } },
          {
            onSuccess: () => tell(`${member.login} is ${role} now.`),
            onError: (error) => tell(`${member.login} is still ${member.role}: ${error.message}`),
          },
        );
      }}
    />
  );
}

function RemoveMember({ teamId, member: { userId, login } }: { teamId: string; member: Member }) {
  const send = useSend();
  return (
    <AskButton
      label="Take out"
      title={`Take ${login} out of the team?`}
      verb="Take out"
      isGrave
      onDo={() => send.mutateAsync({ method: 'DELETE', path: `/v1/teams/${teamId}/members/${userId}` })}
    >
      <Text size="sm">They no longer see what belongs to the team.</Text>
    </AskButton>
  );
}

function AddMember({ teamId }: { teamId: string }) {
  const [login, setLogin] = useState('');
  const [role, setRole] = useState('developer');
  const send = useSend();
  const tell = useNews();
  const add = async () => {
    const { items } = await get<ListPage<{ readonly id: string }>>(withQuery('/v1/people', { login }));
    const [person] = items;
    if (person === undefined) throw new Error(`Nobody has the login ${login}. An operator makes users.`);
    await send.mutateAsync({ method: 'PUT', path: `/v1/teams/${teamId}/members/${person.id}`, body: { role } });
    tell(`${login} is in the team.`);
    setLogin('');
  };
  return (
    <AskButton label="Add a member" title="Add a member" verb="Add" isReady={login !== ''} onDo={add}>
      <TextInput label="Login" required value={login} onChange={(e) => setLogin(e.currentTarget.value)} />
      <NativeSelect label="Role" value={role} data={[...roles]} onChange={(e) => setRole(e.currentTarget.value)} />
    </AskButton>
  );
}

function Secrets({ teamId, isOwner }: { teamId: string; isOwner: boolean }) {
  const list = useWhole<SecretView>(`/v1/teams/${teamId}/secrets`);
  return (
    <Panel title="Secrets" actions={isOwner ? <SetSecret teamId={teamId} /> : undefined}>
      <Answer of={list} what="secrets">
        {() =>
          list.items.length === 0 ? (
            <Empty title="No secret yet">
              Designs name one as {'$'}
              {'{secret:NAME}'} where a header’s value stands. It goes in, and never comes out again.
            </Empty>
          ) : (
            <Rows
              label="Secrets"
              rows={list.items}
              idOf={({ name }) => name}
              columns={[
                { label: 'Name', show: ({ name }) => <code>{name}</code> },
                { label: 'Set', show: ({ changedWallMs }) => showTime(changedWallMs) },
                ...(isOwner
                  ? [{ label: '', show: ({ name }: SecretView) => <SecretOrders teamId={teamId} name={name} /> }]
                  : []),
              ]}
            />
          )
        }
      </Answer>
    </Panel>
  );
}

function SecretOrders({ teamId, name }: { teamId: string; name: string }) {
  const send = useSend();
  return (
    <Group gap="xs">
      <SetSecret teamId={teamId} known={name} />
      <AskButton
        label="Delete"
        title={`Delete ${name}?`}
        verb="Delete"
        isGrave
        onDo={() => send.mutateAsync({ method: 'DELETE', path: `/v1/teams/${teamId}/secrets/${name}` })}
      >
        <Text size="sm">What is served and names it can’t be published again.</Text>
      </AskButton>
    </Group>
  );
}

function SetSecret({ teamId, known = '' }: { teamId: string; known?: string }) {
  const [name, setName] = useState(known);
  const [value, setValue] = useState('');
  const send = useSend();
  const set = async () => {
    await send.mutateAsync({ method: 'PUT', path: `/v1/teams/${teamId}/secrets/${name}`, body: { value } });
    setValue('');
  };
  return (
    <AskButton
      label={known === '' ? 'Set a secret' : 'Replace'}
      title={known === '' ? 'Set a secret' : `Another value for ${known}`}
      verb="Set it"
      isReady={name !== '' && value !== ''}
      onDo={set}
    >
      {known === '' && (
        <TextInput
          label="Name"
          placeholder="API_KEY"
          required
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
        />
      )}
      <PasswordInput
        label="Value"
        autoComplete="off"
        required
        value={value}
        onChange={(e) => setValue(e.currentTarget.value)}
      />
    </AskButton>
  );
}
