/** All services that one may see, whoever offers them. */
import { type CatalogueEntry, kindWords, stageMoods } from '../api/managed.js';
import { Listing } from '../ui/listing.js';
import { Empty, Page } from '../ui/page.js';
import type { Column } from '../ui/rows.js';
import { State } from '../ui/state.js';
import { Tags } from '../ui/tags.js';
import { To } from '../ui/to.js';
import { showDuration } from '../ui/words.js';

export default function Catalogue() {
  return (
    <Page title="Catalogue" about="Services to call: read what they do, try them, and subscribe an application.">
      <Listing<CatalogueEntry>
        {...{ label: 'Catalogue', what: 'catalogue', path: '/v1/catalogue', columns }}
        idOf={({ id }) => id}
        looksInto="name, tag, path"
        filters={[{ name: 'tag', label: 'Tag' }]}
        none={
          <Empty title="Nothing is here to be called">
            Services appear when they are published and their visibility lets you see them.
          </Empty>
        }
      />
    </Page>
  );
}

const columns: readonly Column<CatalogueEntry>[] = [
  {
    label: 'Service',
    show: ({ id, name }) => (
      <To href={`/catalogue/${id}`} isMain>
        {name || id}
      </To>
    ),
  },
  { label: 'About', show: ({ description }) => description.slice(0, 140) || '–' },
  { label: 'Stage', show: ({ stage }) => <State mood={stageMoods[stage]}>{stage}</State> },
  { label: 'Kind', show: ({ kind }) => kindWords[kind] },
  { label: 'Owner', show: ({ team }) => team.name },
  { label: 'p95', show: ({ calls }) => (calls === null ? '–' : showDuration(calls.p95Ms)) },
  { label: 'Tags', show: ({ tags }) => <Tags tags={tags} /> },
];
