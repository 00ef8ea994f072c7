/** Sign-in: a name and a password, or the organisation's own accounts where control knows them. */
import { Button, Center, Divider, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { send } from '../api/client.js';
import { type SessionAnswer, sessionKey } from '../api/session.js';
import { Logo } from '../ui/icons.js';
import { ProblemAlert } from '../ui/problem-alert.js';
import { rememberTyped } from './typed-password.js';

interface SignInProps {
  readonly isFirstRun: boolean;
  readonly oidc: SessionAnswer['oidc'];
}

export function SignIn({ isFirstRun, oidc }: SignInProps) {
  useDocumentTitle('Sign in · Weir');
  const client = useQueryClient();
  const [login, setLogin] = useState(isFirstRun ? 'admin' : '');
  const [password, setPassword] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await send({ method: 'POST', path: '/v1/session', body: { login: login.trim(), password } });
      rememberTyped(password);
      await client.invalidateQueries({ queryKey: sessionKey });
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Center component="main" mih="100vh" p="md" className="shell-main">
      <Paper withBorder p="xl" w="100%" maw={400}>
        <Logo />
        <Title order={1} size="h3" mt="md">
          Sign in
        </Title>
        {isFirstRun && (
          <Text size="sm" c="dimmed" mt="xs">
            This is the first run. The operator is called admin; its password was written to the terminal that started
            weir.
          </Text>
        )}
        <form onSubmit={submit}>
          <Stack mt="md">
            <TextInput
              label="Name"
              autoComplete="username"
              required
              value={login}
              onChange={(e) => setLogin(e.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(e) => setPassword(e.currentTarget.value)}
            />
            {error !== null && <ProblemAlert error={error} />}
            <Button type="submit" loading={isBusy}>
              Sign in
            </Button>
          </Stack>
        </form>
        {oidc !== null && <Elsewhere name={oidc.name} />}
        <Text size="xs" c="dimmed" mt="md">
          No password? An operator gives you a new one.
        </Text>
      </Paper>
    </Center>
  );
}

/** By the accounts of the organisation (OIDC). */
function Elsewhere({ name }: { name: string }) {
  return (
    <>
      <Divider my="md" label="or" />
      <Button component="a" href="/v1/session/oidc/start?to=/" variant="default" fullWidth>
        Sign in with {name}
      </Button>
    </>
  );
}
