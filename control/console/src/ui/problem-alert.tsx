/** A problem as people see it: what, why, where, and what to do about it. Told at once to screen readers. */
import { Alert, Button, List, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { cureOf, isNotOffered, problemIn } from '../api/problem.js';
import { Empty, Waiting } from './page.js';

export function ProblemAlert({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const problem = problemIn(error);
  const cure = cureOf(problem);
  return (
    <Alert color="red" variant="outline" title={problem.title} role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{problem.detail}</Text>
        {problem.faults.length > 0 && (
          <List size="sm">
            {problem.faults.map(({ path, message, cure: remedy }) => (
              <List.Item key={`${path} ${message}`}>
                {path !== '' && <strong>{path}: </strong>}
                {message}
                {remedy !== '' && ` → ${remedy}`}
              </List.Item>
            ))}
          </List>
        )}
        {cure !== '' && <Text size="sm">{cure}</Text>}
        {onRetry !== undefined && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

interface Asked<T> {
  readonly data: T | undefined;
  readonly error: Error | null;
  readonly refetch: () => unknown;
}

interface AnswerProps<T> {
  readonly of: Asked<T>;
  readonly what: string;
  /** Shown where this control does not have the route at all; left out: that it does not. */
  readonly notOffered?: ReactNode;
  readonly children: (value: T) => ReactNode;
}

/** What was asked for, once it is there; until then that it is waited for, or why it does not come. */
export function Answer<T>({ of, what, notOffered, children }: AnswerProps<T>) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error === null) return <Waiting what={`Asking for ${what}`} />;
  if (isNotOffered(of.error)) {
    return (
      notOffered ?? (
        <Empty title={`No ${what} here`}>This control does not offer it. A later release of Weir may.</Empty>
      )
    );
  }
  return <ProblemAlert error={of.error} onRetry={() => void of.refetch()} />;
}
