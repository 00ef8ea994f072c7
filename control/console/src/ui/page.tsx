/** The frame of every page: its title (which takes the focus when the page is opened), what can be done there, and what it holds. */
import { Box, Group, Loader, Paper, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';

interface PageProps {
  readonly title: string;
  /** One sentence: what is to be seen here. */
  readonly about?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, about, actions, children }: PageProps) {
  useDocumentTitle(`${title} · Weir`);
  return (
    <Stack gap="lg" className="page">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Box maw={720}>
          <Title order={1} size="h2">
            {title}
          </Title>
          {about !== undefined && (
            <Text c="dimmed" mt={4}>
              {about}
            </Text>
          )}
        </Box>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

/** A part of a page. */
export interface PanelProps {
  readonly title?: string;
  /** Where it has no title. */
  readonly label?: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Panel({ title, label, actions, children }: PanelProps) {
  return (
    <Paper withBorder p={{ base: 'sm', sm: 'md' }} component="section" aria-label={title ?? label ?? 'Contents'}>
      {title !== undefined && (
        <Group justify="space-between" mb="sm" gap="xs">
          <Title order={2} size="h4">
            {title}
          </Title>
          {actions}
        </Group>
      )}
      {children}
    </Paper>
  );
}

/** Nothing is here yet, and what to do next. */
export function Empty({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <Stack gap="xs" align="flex-start" py="md">
      <Text fw={600}>{title}</Text>
      <Text c="dimmed" maw={640}>
        {children}
      </Text>
      {action}
    </Stack>
  );
}

export function Waiting({ what }: { what: string }) {
  return (
    <Group role="status" gap="sm" py="md">
      <Loader size="sm" aria-hidden="true" />
      <Text c="dimmed">{what} …</Text>
    </Group>
  );
}
