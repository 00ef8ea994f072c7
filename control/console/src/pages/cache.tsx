/** What is stored: a look at the answer to one request, and purges that are done when they say so. */
import { Button, Checkbox, Group, List, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { InspectOutcome, PurgeOutcome } from '../../../api/cache-api.js';
import { useSend } from '../api/queries.js';
import { Page, Panel } from '../ui/page.js';
import { ProblemAlert } from '../ui/problem-alert.js';
import { State } from '../ui/state.js';
import { several, showDuration } from '../ui/words.js';
import { Inspected } from './cache-inspected.js';

export default function Cache() {
  return (
    <Page
      title="Cache"
      about="What nodes have stored, node by node. A purge that is acknowledged has been obeyed: nothing that it means is served any more."
    >
      <Inspect />
      <Purge />
    </Page>
  );
}

function Inspect() {
  const [url, setUrl] = useState('');
  const [method, setMethod] = useState('GET');
  const [consumer, setConsumer] = useState('');
  const send = useSend<InspectOutcome>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body = { url, method, ...(consumer === '' ? {} : { consumer }) };
    send.mutate({ method: 'POST', path: '/cache/inspect', body });
  };
  return (
    <Panel title="Inspect">
      <form onSubmit={submit}>
        <Group align="flex-end" gap="sm">
          <NativeSelect
            label="Method"
            data={['GET', 'HEAD']}
            value={method}
            onChange={(e) => setMethod(e.currentTarget.value)}
          />
          <TextInput
            label="Address, as a client would ask for it"
            placeholder="http://example.com/path"
            required
            style={{ flex: '1 1 280px' }}
            value={url}
            onChange={(e) => setUrl(e.currentTarget.value)}
          />
          <TextInput
            label="As consumer (optional)"
            value={consumer}
            onChange={(e) => setConsumer(e.currentTarget.value)}
          />
          <Button type="submit" loading={send.isPending}>
            Inspect
          </Button>
        </Group>
      </form>
      <Stack mt="md" gap="sm" aria-live="polite">
        {send.error !== null && <ProblemAlert error={send.error} />}
        {send.data?.nodes.map(({ node, inspection }) => (
          <Inspected key={node} node={node} inspection={inspection} />
        ))}
      </Stack>
    </Panel>
  );
}

const kinds = [
  { value: 'url', label: 'one address', example: 'http://example.com/path' },
  { value: 'prefix', label: 'all addresses that begin so', example: 'http://example.com/shop/' },
  { value: 'tag', label: 'all with a tag', example: 'product-42' },
  { value: 'host', label: 'a whole host', example: 'example.com' },
  { value: 'all', label: 'everything', example: '' },
] as const;

function Purge() {
  const [kind, setKind] = useState<string>('url');
  const [what, setWhat] = useState('');
  const [isSoft, setSoft] = useState(false);
  const send = useSend<PurgeOutcome>();
  const example = kinds.find(({ value }) => value === kind)?.example ?? '';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body = { ...(kind === 'all' ? { all: true } : { [kind]: what }), soft: isSoft };
    send.mutate({ method: 'POST', path: '/cache/purge', body });
  };
  return (
    <Panel title="Purge">
      <form onSubmit={submit}>
        <Group align="flex-end" gap="sm">
          <NativeSelect
            label="What"
            data={kinds.map(({ value, label }) => ({ value, label }))}
            value={kind}
            onChange={(e) => setKind(e.currentTarget.value)}
          />
          {kind !== 'all' && (
            <TextInput
              label="Which"
              placeholder={example}
              required
              style={{ flex: '1 1 280px' }}
              value={what}
              onChange={(e) => setWhat(e.currentTarget.value)}
            />
          )}
          <Button type="submit" loading={send.isPending} color="red.9">
            Purge
          </Button>
        </Group>
        <Checkbox
          mt="sm"
          label="Softly: what is stored may still stand in while its server fails or is slow"
          checked={isSoft}
          onChange={(e) => setSoft(e.currentTarget.checked)}
        />
      </form>
      <Stack mt="md" gap="xs" role="status">
        {send.error !== null && <ProblemAlert error={send.error} />}
        {send.data !== undefined && <Purged outcome={send.data} />}
      </Stack>
    </Panel>
  );
}

function Purged({ outcome: { obeyed, lapsed = [], later = '' } }: { outcome: PurgeOutcome }) {
  return (
    <>
      <State mood="good">purged on {several(obeyed.length, 'node')}</State>
      <List size="sm">
        {obeyed.map(({ node, ms }) => (
          <List.Item key={node}>
            {node}, after {showDuration(ms)}
          </List.Item>
        ))}
        {lapsed.map(({ node }) => (
          <List.Item key={node}>{node} did not answer, and serves nothing of what it had stored</List.Item>
        ))}
      </List>
      {later !== '' && <Text size="sm">{later}</Text>}
    </>
  );
}
