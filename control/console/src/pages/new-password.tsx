/** A new password: asked for at the first sign-in, and offered in the settings. */
import { Button, Center, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { send } from '../api/client.js';
import { sessionKey } from '../api/session.js';
import { useNews } from '../ui/news.js';
import { ProblemAlert } from '../ui/problem-alert.js';
import { rememberTyped, typedPassword } from './typed-password.js';

const LENGTH_MIN = 10;

export function NewPassword({ isFirst }: { isFirst: boolean }) {
  if (!isFirst) return <PasswordForm known="" />;
  return (
    <Center component="main" mih="100vh" p="md" className="shell-main">
      <Paper withBorder p="xl" w="100%" maw={400}>
        <Title order={1} size="h3">
          Choose a password
        </Title>
        <Text size="sm" c="dimmed" mt="xs" mb="md">
          The one you signed in with was generated, and is good for this once.
        </Text>
        <PasswordForm known={typedPassword()} />
      </Paper>
    </Center>
  );
}

/** `known`: the one that is in force was typed a moment ago, and is not asked for again; empty: it is not known. */
function PasswordForm({ known }: { known: string }) {
  const client = useQueryClient();
  const tell = useNews();
  const [old, setOld] = useState(known);
  const [chosen, setChosen] = useState('');
  const [again, setAgain] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const isShort = chosen !== '' && chosen.length < LENGTH_MIN;
  const differs = again !== '' && again !== chosen;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await send({ method: 'PUT', path: '/v1/session/password', body: { old, new: chosen } });
      for (const clear of [setOld, setChosen, setAgain, rememberTyped]) clear('');
      tell('Your password is changed. Other sessions of yours have ended.');
      await client.invalidateQueries({ queryKey: sessionKey });
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const password = (label: string, value: string, set: (text: string) => void, complete: string, wrong: string) => (
    <PasswordInput
      label={label}
      required
      autoComplete={complete}
      value={value}
      onChange={(event) => set(event.currentTarget.value)}
      {...(wrong === '' ? {} : { error: wrong })}
    />
  );
  return (
    <form onSubmit={submit}>
      <Stack maw={400}>
        {known === '' && password('Current password', old, setOld, 'current-password', '')}
        {password(
          'New password',
          chosen,
          setChosen,
          'new-password',
          isShort ? `Take ${LENGTH_MIN} characters or more.` : '',
        )}
        {password('New password, again', again, setAgain, 'new-password', differs ? 'This is not the same.' : '')}
        {error !== null && <ProblemAlert error={error} />}
        <Button type="submit" loading={isBusy} disabled={old === '' || chosen.length < LENGTH_MIN || again !== chosen}>
          Change password
        </Button>
      </Stack>
    </form>
  );
}
