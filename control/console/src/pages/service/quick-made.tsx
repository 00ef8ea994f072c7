/** What a service that was made in one step has: its key, shown this once, a command that calls it, and a button that does. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { Link } from 'wouter';
import { useSend } from '../../api/queries.js';
import { CopyButton } from '../../ui/copy-button.js';
import { OnceOnly } from '../../ui/once-only.js';
import { Panel } from '../../ui/page.js';
import { type Tried, WhatCame } from '../try-it.js';

export interface QuickMade {
  readonly service: { readonly id: string; readonly basePath: string };
  /** What to call first. */
  readonly path: string;
  /** Null: no gateway is known on control's machine. */
  readonly url: string | null;
  readonly application: string | null;
  readonly subscription: string | null;
  readonly key: { readonly key: string } | null;
}

export function QuickMadePanel({ made: { service, path, url, application, subscription, key } }: { made: QuickMade }) {
  const send = useSend<Tried>();
  const secret = key?.key ?? '';
  const call = () =>
    send.mutate({
      ...{ method: 'POST', path: '/v1/try' },
      body: {
        ...{ serviceId: service.id, method: 'GET', path: path.slice(service.basePath.length) },
        headers: secret === '' ? {} : { 'x-api-key': secret },
      },
    });
  const field = secret === '' ? '' : `-H 'x-api-key: ${secret}' `;
  return (
    <Panel label="It is published">
      <Stack maw={720}>
        {secret !== '' && (
          <>
            <OnceOnly title="The key is shown this once">
              {`It is that of the application ${application}. Only its hash is stored here.`}
            </OnceOnly>
            <TextInput
              readOnly
              label="The key"
              value={secret}
              ff="monospace"
              onFocus={(event) => event.currentTarget.select()}
            />
          </>
        )}
        {subscription === 'pending' && (
          <Text>An owner of the team has to approve the subscription first: see its subscribers.</Text>
        )}
        <Group gap="sm">
          <Button onClick={call} loading={send.isPending}>
            Call it now
          </Button>
          <CopyButton label="Copy as curl" text={`curl ${field}${url ?? `http://GATEWAY${path}`}`} />
          <Button component={Link} href={`/services/${service.id}/draft`} variant="default">
            Open the service
          </Button>
        </Group>
        <WhatCame of={send} />
      </Stack>
    </Panel>
  );
}
