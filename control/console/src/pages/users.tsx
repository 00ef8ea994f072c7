/** Users, for operators: made with a password that is shown once, made operators, disabled. */
import { Checkbox, Group, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { UserView, UserWithPassword } from '../api/people.js';
import { useSend } from '../api/queries.js';
import { AskButton } from '../ui/ask.js';
import { Listing } from '../ui/listing.js';
import { useNews } from '../ui/news.js';
import { Empty, Page } from '../ui/page.js';
import type { Column } from '../ui/rows.js';
import { State } from '../ui/state.js';
import { ShownOnce } from './application-keys.js';

export default function Users() {
  const [password, setPassword] = useState('');
  return (
    <Page
      title="Users"
      about="Who may sign in. What they may do in a team, the team says."
      actions={<NewUser onPassword={setPassword} />}
    >
      <Listing<UserView>
        {...{ label: 'Users', what: 'users', path: '/v1/users', columns: columnsOf(setPassword) }}
        idOf={({ id }) => id}
        looksInto="login, name"
        none={<Empty title="Nobody yet">Make the first user; whoever signs in by OIDC becomes one.</Empty>}
      />
      <ShownOnce what="password" secret={password} onClose={() => setPassword('')} />
    </Page>
  );
}

function columnsOf(onPassword: (password: string) => void): readonly Column<UserView>[] {
  return [
    { label: 'Login', show: ({ login }) => login },
    { label: 'Name', show: ({ name }) => name || '–' },
    { label: 'Is', show: ({ isOperator }) => (isOperator ? 'operator' : 'user') },
    {
      label: 'State',
      show: ({ isDisabled, mustChangePassword }) =>
        isDisabled ? (
          <State mood="bad">disabled</State>
        ) : (
          <State mood={mustChangePassword ? 'warn' : 'good'}>
            {mustChangePassword ? 'has to choose a password' : 'may sign in'}
          </State>
        ),
    },
    { label: '', show: (user) => <UserOrders user={user} onPassword={onPassword} /> },
  ];
}

function UserOrders({ user, onPassword }: { user: UserView; onPassword: (password: string) => void }) {
  const send = useSend<UserWithPassword>();
  const tell = useNews();
  const { id, login, isDisabled, isOperator, version } = user;
  const change = async (body: object, news: string) => {
    await send.mutateAsync({ method: 'PATCH', path: `/v1/users/${id}`, body, version });
    tell(news);
  };
  const reset = async () => {
    const { password } = await send.mutateAsync({ method: 'POST', path: `/v1/users/${id}/password` });
    onPassword(password ?? '');
  };
  return (
    <Group gap="xs">
      <AskButton label="New password" title={`A new password for ${login}?`} verb="Make it" onDo={reset}>
        <Text size="sm">It is shown once. All their sessions and tokens end.</Text>
      </AskButton>
      <AskButton
        label={isOperator ? 'No operator' : 'Operator'}
        title={`${login}: ${isOperator ? 'no operator any more' : 'operator'}?`}
        verb="Do it"
        onDo={() =>
          change({ isOperator: !isOperator }, `${login} is ${isOperator ? 'no operator any more' : 'an operator'}.`)
        }
      >
        <Text size="sm">Operators may do everything, in all teams.</Text>
      </AskButton>
      <AskButton
        label={isDisabled ? 'Enable' : 'Disable'}
        title={`${isDisabled ? 'Enable' : 'Disable'} ${login}?`}
        verb={isDisabled ? 'Enable' : 'Disable'}
        isGrave={!isDisabled}
        onDo={() => change({ isDisabled: !isDisabled }, `${login} is ${isDisabled ? 'enabled' : 'disabled'}.`)}
      >
        <Text size="sm">
          {isDisabled ? 'They may sign in again.' : 'Their sessions and tokens end at once, and they can’t sign in.'}
        </Text>
      </AskButton>
    </Group>
  );
}

function NewUser({ onPassword }: { onPassword: (password: string) => void }) {
  const [login, setLogin] = useState('');
  const [name, setName] = useState('');
  const [isOperator, setOperator] = useState(false);
  const send = useSend<UserWithPassword>();
  const create = async () => {
    const { password } = await send.mutateAsync({
      method: 'POST',
      path: '/v1/users',
      body: { login, name, isOperator },
    });
    setLogin('');
    setName('');
    onPassword(password ?? '');
  };
  return (
    <AskButton
      isMain
      label="New user"
      title="New user"
      verb="Make it"
      isReady={login !== '' && name !== ''}
      onDo={create}
    >
      <Stack gap="sm">
        <TextInput
          label="Login"
          description="Lower case: a name or a mail address."
          required
          value={login}
          onChange={(e) => setLogin(e.currentTarget.value)}
        />
        <TextInput label="Name" required value={name} onChange={(e) => setName(e.currentTarget.value)} />
        <Checkbox
          label="Operator: may do everything"
          checked={isOperator}
          onChange={(e) => setOperator(e.currentTarget.checked)}
        />
        <Text size="sm">A password is made, and shown once.</Text>
      </Stack>
    </AskButton>
  );
}
