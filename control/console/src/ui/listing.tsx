/**
 * A list that is searched, narrowed and read page by page: of services, applications, users and whatever else there may be thousands of. Control
 * does the searching; the page has what was asked for, and no more.
 */
import { Group, NativeSelect, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { usePages, withQuery } from '../api/queries.js';
import { useSettled } from './clock.js';
import { Empty, Panel, type PanelProps } from './page.js';
import { Answer } from './problem-alert.js';
import { type Column, More, Rows } from './rows.js';

const TYPED_MS = 250;

type Word = string | { readonly value: string; readonly label: string };

/** By what a list is narrowed: one of some words, or a text where they are left out. */
export interface Filter {
  /** Of the query. */
  readonly name: string;
  readonly label: string;
  readonly words?: readonly Word[];
}

interface ListingProps<T> extends Pick<PanelProps, 'title' | 'actions'> {
  /** What the rows are, for screen readers. */
  readonly label: string;
  /** What is asked for, in the words of the line that says so. */
  readonly what: string;
  /** Of the API, with what of its query is always asked for. */
  readonly path: string;
  readonly columns: readonly Column<T>[];
  readonly idOf: (row: T) => string;
  /** Where others change it while it is looked at: asked again that often. */
  readonly everyMs?: number;
  /** What a search looks into; null: this list has none. */
  readonly looksInto: string | null;
  readonly filters?: readonly Filter[];
  /** Shown where there is nothing, and everything was asked for. */
  readonly none: ReactNode;
}

export function Listing<T>({
  label,
  what,
  path,
  columns,
  idOf,
  everyMs = 0,
  looksInto,
  filters = [],
  none,
  ...panel
}: ListingProps<T>) {
  const [wanted, setWanted] = useState<Readonly<Record<string, string>>>({});
  const settled = useSettled(wanted, TYPED_MS);
  const list = usePages<T>(withQuery(path, settled), true, everyMs);
  const set = (name: string, value: string) => setWanted((before) => ({ ...before, [name]: value }));
  const isNarrowed = Object.values(settled).some((value) => value !== '');
  return (
    <Panel {...panel} {...(panel.title === undefined ? { label } : {})}>
      <Group mb="sm" align="flex-end" gap="sm">
        {looksInto !== null && (
          <TextInput
            label="Search"
            placeholder={looksInto}
            type="search"
            style={{ flex: '1 1 220px' }}
            value={wanted['q'] ?? ''}
            onChange={(event) => set('q', event.currentTarget.value)}
          />
        )}
        {filters.map((filter) => (
          <Narrow key={filter.name} filter={filter} value={wanted[filter.name] ?? ''} onChange={set} />
        ))}
      </Group>
      <Answer of={list} what={what}>
        {() =>
          list.items.length === 0 ? (
            isNarrowed ? (
              <Empty title="Nothing fits">Take a word away, or something else of what is asked for.</Empty>
            ) : (
              none
            )
          ) : (
            <>
              <Rows label={label} rows={list.items} columns={columns} idOf={idOf} />
              <More of={list} />
            </>
          )
        }
      </Answer>
    </Panel>
  );
}

interface NarrowProps {
  readonly filter: Filter;
  readonly value: string;
  readonly onChange: (name: string, value: string) => void;
}

function Narrow({ filter: { name, label, words }, value, onChange }: NarrowProps) {
  if (words === undefined)
    return (
      <TextInput
        label={label}
        type="search"
        value={value}
        onChange={(event) => onChange(name, event.currentTarget.value)}
      />
    );
  return (
    <NativeSelect
      label={label}
      value={value}
      onChange={(event) => onChange(name, event.currentTarget.value)}
      data={[{ value: '', label: 'any' }, ...words]}
    />
  );
}
