/** The frame around all pages: skip link, header with theme and account, navigation, and the place of the page. */
import {
  ActionIcon,
  AppShell,
  Burger,
  Button,
  Group,
  Menu,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { send } from '../api/client.js';
import { problemIn } from '../api/problem.js';
import type { Session } from '../api/session.js';
import { Logo, Moon, Sun } from '../ui/icons.js';
import { useNews } from '../ui/news.js';
import { Navigation } from './navigation.js';

const HEADER_PX = 56;

export function Shell({ session, children }: { session: Session; children: ReactNode }) {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const main = useRef<HTMLElement>(null);
  const [place] = useLocation();
  const isFirst = useRef(true);
  // A page that was asked for is read from its beginning; the first one is, without that.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the place is what it waits for
  useEffect(() => {
    close();
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [place]);
  return (
    <AppShell
      header={{ height: HEADER_PX }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding={{ base: 'sm', sm: 'lg' }}
    >
      <Button className="skip" onClick={() => main.current?.focus()}>
        Skip to the page
      </Button>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={isOpen}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label="Navigation"
              aria-expanded={isOpen}
            />
            <Link href="/" className="home" aria-label="Weir, overview">
              <Logo />
            </Link>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ThemeSwitch />
            <Account session={session} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label="Pages">
        <Navigation session={session} place={place} />
      </AppShell.Navbar>
      <AppShell.Main ref={main} tabIndex={-1} className="shell-main">
        {children}
      </AppShell.Main>
    </AppShell>
  );
}

function ThemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme('light') === 'dark';
  return (
    <ActionIcon
      variant="default"
      size="lg"
      aria-label={isDark ? 'Light colours' : 'Dark colours'}
      onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
    >
      {isDark ? <Sun /> : <Moon />}
    </ActionIcon>
  );
}

function Account({ session }: { session: Session }) {
  const client = useQueryClient();
  const tell = useNews();
  const [, go] = useLocation();
  if (session.kind !== 'in') {
    return (
      <Text size="sm" c="dimmed" visibleFrom="xs">
        no sign-in
      </Text>
    );
  }
  const signOut = async () => {
    try {
      await send({ method: 'DELETE', path: '/v1/session' });
      client.clear();
      window.location.reload();
    } catch (error) {
      tell(`You are still signed in: ${problemIn(error).detail}`);
    }
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button variant="default" size="sm" maw={180}>
          {session.user.name || session.user.login}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{session.user.isOperator ? 'operator' : session.user.login}</Menu.Label>
        <Menu.Item onClick={() => go('/settings')}>Settings</Menu.Item>
        <Menu.Item onClick={() => void signOut()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
