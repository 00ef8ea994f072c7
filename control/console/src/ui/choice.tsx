/** One of what there may be thousands of: the first of them to choose from, and a search where there are more. */
import { NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { usePages, withQuery } from '../api/queries.js';
import { useSettled } from './clock.js';

const TYPED_MS = 250;

interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Choice {
  readonly options: readonly { readonly value: string; readonly label: string }[];
  /** The first, until another one is chosen; empty: there is none. */
  readonly value: string;
  readonly choose: (id: string) => void;
  /** What is looked for among all; null: all are here. */
  readonly q: string | null;
  readonly search: (q: string) => void;
}

/** `known`: all that there are; null: control is asked, once `isOn`. */
export function useChoice(path: string, known: readonly Named[] | null = null, isOn = true): Choice {
  const [q, setQ] = useState('');
  const [chosen, choose] = useState('');
  const list = usePages<Named>(withQuery(path, { q: useSettled(q, TYPED_MS) }), isOn && known === null);
  const items = known ?? list.items;
  const isLong = known === null && (q !== '' || list.hasNextPage);
  return {
    options: items.map(({ id, name }) => ({ value: id, label: name || id })),
    value: chosen || (items[0]?.id ?? ''),
    choose,
    q: isLong ? q : null,
    search(text) {
      setQ(text);
      // What was chosen may not be among what is found.
      choose('');
    },
  };
}

interface ChoiceFieldProps {
  readonly of: Choice;
  readonly label: string;
  /** `teams`: what is looked for, where there are many. */
  readonly among: string;
  /** What is wrong where there is nothing to choose. */
  readonly none?: string;
}

export function ChoiceField({ of: { options, value, choose, q, search }, label, among, none }: ChoiceFieldProps) {
  return (
    <>
      {q !== null && (
        <TextInput
          label={`Find among all ${among}`}
          type="search"
          value={q}
          onChange={(event) => search(event.currentTarget.value)}
        />
      )}
      <NativeSelect
        label={label}
        required
        value={value}
        onChange={(event) => choose(event.currentTarget.value)}
        data={[...options]}
        {...(options.length === 0 && none !== undefined && (q ?? '') === '' ? { error: none } : {})}
      />
    </>
  );
}
