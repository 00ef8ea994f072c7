/** The services of one's teams (of all, for operators): found by words, stage and kind. */
import { Button } from '@mantine/core';
import { Link } from 'wouter';
import { kindWords, type ServiceSummary, stageMoods } from '../api/managed.js';
import { type Filter, Listing } from '../ui/listing.js';
import { Empty, Page } from '../ui/page.js';
import type { Column } from '../ui/rows.js';
import { State } from '../ui/state.js';
import { Tags } from '../ui/tags.js';
import { To } from '../ui/to.js';

const filters: readonly Filter[] = [
  { name: 'stage', label: 'Stage', words: ['draft', 'published', 'deprecated', 'retired'] },
  { name: 'kind', label: 'Kind', words: [{ value: 'rest', label: 'REST' }, { value: 'ai', label: 'AI' }, 'prompt'] },
];

export default function Services() {
  return (
    <Page
      title="Services"
      about="What your teams offer: each with its releases, its plans, and who uses it."
      actions={
        <Button component={Link} href="/services/new">
          New service
        </Button>
      }
    >
      <Listing<ServiceSummary>
        {...{ label: 'Services', what: 'services', path: '/v1/services', columns, filters }}
        idOf={({ id }) => id}
        looksInto="name, tag, path"
        none={<None />}
      />
    </Page>
  );
}

function None() {
  return (
    <Empty
      title="No service yet"
      action={
        <Button component={Link} href="/services/new">
          Make the first one
        </Button>
      }
    >
      An OpenAPI document is the quickest way: it gives routes, validation and documentation in one step.
    </Empty>
  );
}

const columns: readonly Column<ServiceSummary>[] = [
  {
    label: 'Service',
    show: ({ id, name }) => (
      <To href={`/services/${id}`} isMain>
        {name || id}
      </To>
    ),
  },
  { label: 'Stage', show: ({ stage }) => <State mood={stageMoods[stage]}>{stage}</State> },
  { label: 'Kind', show: ({ kind }) => kindWords[kind] },
  { label: 'Path', show: ({ basePath }) => <code>{basePath}</code> },
  { label: 'Team', show: ({ teamId }) => teamId },
  {
    label: 'Live',
    show: ({ live }) => live.map(({ release, share }) => `${release} (${share} %)`).join(', ') || 'none',
  },
  { label: 'Tags', show: ({ tags }) => <Tags tags={tags} /> },
];
