/** All services that one may see, whoever offers them. */
import { Anchor, Badge, Group, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import { type CatalogueEntry, kindWords, stageMoods } from '../api/managed.js';
import { usePages, withQuery } from '../api/queries.js';
import { useSettled } from '../ui/clock.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { type Column, More, Rows } from '../ui/rows.js';
import { State } from '../ui/state.js';
import { showDuration } from '../ui/words.js';

const TYPED_MS = 250;

export default function Catalogue() {
  const [q, setQ] = useState('');
  const [tag, setTag] = useState('');
  const list = usePages<CatalogueEntry>(
    withQuery('/v1/catalogue', { q: useSettled(q, TYPED_MS), tag: useSettled(tag, TYPED_MS) }),
  );
  return (
    <Page title="Catalogue" about="Services to call: read what they do, try them, and subscribe an application.">
      <Panel label="Catalogue">
        <Group mb="sm" align="flex-end" gap="sm">
          <TextInput
            label="Search"
            type="search"
            style={{ flex: '1 1 220px' }}
            value={q}
            onChange={(e) => setQ(e.currentTarget.value)}
          />
          <TextInput label="Tag" type="search" value={tag} onChange={(e) => setTag(e.currentTarget.value)} />
        </Group>
        <Answer of={list} what="catalogue">
          {() =>
            list.items.length === 0 ? (
              <Empty title="Nothing is here to be called">
                Services appear when they are published and their visibility lets you see them.
              </Empty>
            ) : (
              <>
                <Rows label="Catalogue" rows={list.items} columns={columns} idOf={({ id }) => id} />
                <More of={list} />
              </>
            )
          }
        </Answer>
      </Panel>
    </Page>
  );
}

const columns: readonly Column<CatalogueEntry>[] = [
  {
    label: 'Service',
    show: ({ id, name }) => (
      <Anchor component={Link} href={`/catalogue/${id}`} fw={600}>
        {name || id}
      </Anchor>
    ),
  },
  { label: 'About', show: ({ description }) => description.slice(0, 140) || '–' },
  { label: 'Stage', show: ({ stage }) => <State mood={stageMoods[stage]}>{stage}</State> },
  { label: 'Kind', show: ({ kind }) => kindWords[kind] },
  { label: 'Owner', show: ({ team }) => team.name },
  { label: 'p95', show: ({ calls }) => (calls === null ? '–' : showDuration(calls.p95Ms)) },
  {
    label: 'Tags',
    show: ({ tags }) => (
      <Group gap={4}>
        {tags.map((tag) => (
          <Badge key={tag} variant="default" size="sm" tt="none">
            {tag}
          </Badge>
        ))}
      </Group>
    ),
  },
];
