/** What is shown: the sign-in, or the shell with the page that the address names. Pages are loaded when they are opened. */
import { Center, Container } from '@mantine/core';
import { Route, Router, Switch } from 'wouter';
import { useHashLocation } from 'wouter/use-hash-location';
import { useSession } from './api/session.js';
import { NewPassword } from './pages/new-password.js';
import { NotFound } from './pages/not-found.js';
import { SignIn } from './pages/sign-in.js';
import { pages } from './pages.js';
import { Shell } from './shell/shell.js';
import { Waiting } from './ui/page.js';
import { ProblemAlert } from './ui/problem-alert.js';

export function App() {
  const session = useSession();
  if (session.data === undefined) {
    return (
      <Center component="main" mih="100vh">
        {session.error === null ? (
          <Waiting what="Asking who is here" />
        ) : (
          <Container size="xs">
            <ProblemAlert error={session.error} onRetry={() => void session.refetch()} />
          </Container>
        )}
      </Center>
    );
  }
  const who = session.data;
  if (who.kind === 'out') return <SignIn {...who} />;
  if (who.kind === 'in' && who.user.mustChangePassword) return <NewPassword isFirst />;
  // Addresses behind `#`: the paths of this server belong to its API.
  return (
    <Router hook={useHashLocation}>
      <Shell session={who}>
        <Switch>
          {pages.map(({ path, Page }) => (
            <Route key={path} path={path}>
              {(params) => <Page session={who} params={params} />}
            </Route>
          ))}
          <Route>
            <NotFound />
          </Route>
        </Switch>
      </Shell>
    </Router>
  );
}
