/**
 * What has just happened, told once: seen at the lower edge of the window and heard by screen readers (a polite live region). The
 * latest word replaces the one before it, and goes away by itself.
 */
import { CloseButton, Group, Paper, Text } from '@mantine/core';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import { useLater } from './clock.js';

const Tell = createContext<(text: string) => void>(() => {});

/** Tells people something, in a sentence. */
export function useNews(): (text: string) => void {
  return useContext(Tell);
}

const SHOWN_MS = 8_000;

export function NewsProvider({ children }: { children: ReactNode }) {
  const [text, setText] = useState('');
  const later = useLater();
  const clear = useCallback(() => setText(''), []);
  const tell = useMemo(
    () => (news: string) => {
      setText(news);
      later(clear, SHOWN_MS);
    },
    [later, clear],
  );
  return (
    <Tell.Provider value={tell}>
      {children}
      <div className="news" role="status" aria-live="polite">
        {text !== '' && (
          <Paper withBorder shadow="md" p="sm">
            <Group justify="space-between" wrap="nowrap">
              <Text size="sm">{text}</Text>
              <CloseButton aria-label="Dismiss" onClick={clear} />
            </Group>
          </Paper>
        )}
      </div>
    </Tell.Provider>
  );
}
