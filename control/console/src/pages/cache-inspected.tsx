/** What one node has stored for a request, and what it would do with it now. */
import { Stack, Text } from '@mantine/core';
import type { InspectOutcome } from '../../../api/cache-api.js';
import { Rows } from '../ui/rows.js';
import { type Mood, State } from '../ui/state.js';
import { showBytes, showDuration } from '../ui/words.js';

type Inspection = InspectOutcome['nodes'][number]['inspection'];

export function Inspected({ node, inspection }: { node: string; inspection: Inspection }) {
  const { variants, notStored, isComplete } = inspection;
  const [mood, words] = foretold(inspection.foretold);
  return (
    <Stack gap="xs" component="section" aria-label={`Node ${node}`}>
      <Text size="sm">
        <strong>{node}</strong> <State mood={mood}>{words}</State>
      </Text>
      {variants.length > 0 && (
        <Rows
          label={`Stored at ${node}`}
          rows={variants.map((variant, index) => ({ ...variant, key: `${variant.url} ${index}` }))}
          idOf={({ key }) => key}
          columns={[
            { label: 'Status', show: ({ status }) => status },
            { label: 'Fresh', show: (variant) => freshness(variant) },
            { label: 'Age', show: ({ ageS }) => showDuration(ageS * 1_000) },
            { label: 'Size', show: ({ bodyBytes }) => showBytes(bodyBytes) },
            { label: 'Varies by', show: ({ vary }) => vary.join(', ') || '–' },
            { label: 'Tags', show: ({ tags }) => tags.join(', ') || '–' },
            { label: 'Route', show: ({ route }) => route },
          ]}
        />
      )}
      {!isComplete && <Text size="sm">There may be more than was looked at.</Text>}
      {notStored !== null && (
        <Text size="sm">
          The latest answer that was not stored ({notStored.status}): {notStored.why}
        </Text>
      )}
    </Stack>
  );
}

function freshness({ freshS, freshBy, purged }: Inspection['variants'][number]): string {
  if (purged !== 'no') return purged === 'soft' ? 'purged softly' : 'purged';
  return freshS >= 0
    ? `for ${showDuration(freshS * 1_000)}, by ${freshBy}`
    : `no, since ${showDuration(-freshS * 1_000)} (${freshBy})`;
}

function foretold(told: Inspection['foretold']): [Mood, string] {
  switch (told.kind) {
    case 'no-route':
      return ['plain', 'no route takes this request'];
    case 'no-cache':
      return ['plain', `route ${told.route} keeps nothing`];
    case 'bypass':
      return ['plain', `goes past the cache: ${told.reason}`];
    case 'ask':
      return ['warn', `the upstream would be asked: ${told.reason}`];
    case 'unavailable':
      return ['bad', 'would be 504: the client wants nothing but what is stored'];
    case 'hit':
      return [
        'good',
        `would be answered from here${told.isStale ? ', stale' : ''}${told.refreshes ? ', and renewed behind it' : ''}`,
      ];
  }
}
