/** How something is, in a word with a sign and a colour: the colour alone says nothing. */
import type { ReactNode } from 'react';

export type Mood = 'good' | 'warn' | 'bad' | 'plain';

const signs: Readonly<Record<Mood, string>> = { good: '●', warn: '▲', bad: '■', plain: '○' };

export function State({ mood, children }: { mood: Mood; children: ReactNode }) {
  return (
    <span className={`state ${mood}`}>
      <span aria-hidden="true">{signs[mood]}</span>
      {children}
    </span>
  );
}
