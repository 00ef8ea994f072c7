/** One's own tokens for programs: made with scopes and an end, shown once, revoked. */
import { MultiSelect, NativeSelect, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { TokenView } from '../api/people.js';
import { usePages, useSend } from '../api/queries.js';
import { AskButton } from '../ui/ask.js';
import { useNow } from '../ui/clock.js';
import { useNews } from '../ui/news.js';
import { Empty, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { More, Rows } from '../ui/rows.js';
import { showTime } from '../ui/words.js';
import { ShownOnce } from './application-keys.js';

const DAY_MS = 86_400_000;
const AREAS = [
  'services',
  'catalogue',
  'applications',
  'subscriptions',
  'teams',
  'users',
  'secrets',
  'insight',
  'audit',
];
const SCOPES = ['read', 'write', ...AREAS.flatMap((area) => [`${area}:read`, `${area}:write`])];

export function Tokens() {
  const list = usePages<TokenView>('/v1/tokens');
  const [secret, setSecret] = useState('');
  return (
    <Panel title="Tokens for programs" actions={<NewToken onMade={setSecret} />}>
      <Answer of={list} what="tokens">
        {() =>
          list.items.length === 0 ? (
            <Empty title="None">
              The command line and scripts sign in with one: WEIR_TOKEN, or Authorization: Bearer.
            </Empty>
          ) : (
            <>
              <Rows
                label="Tokens"
                rows={list.items}
                idOf={({ id }) => id}
                columns={[
                  { label: 'Name', show: ({ name }) => name },
                  { label: 'Reaches', show: ({ scopes }) => scopes.join(', ') },
                  { label: 'Until', show: ({ expiresWallMs }) => showTime(expiresWallMs) },
                  { label: '', show: (token) => <Revoke token={token} /> },
                ]}
              />
              <More of={list} />
            </>
          )
        }
      </Answer>
      <ShownOnce what="token" secret={secret} onClose={() => setSecret('')} />
    </Panel>
  );
}

function Revoke({ token: { id, name } }: { token: TokenView }) {
  const send = useSend();
  const tell = useNews();
  const revoke = async () => {
    await send.mutateAsync({ method: 'DELETE', path: `/v1/tokens/${id}` });
    tell(`Token ${name} is revoked.`);
  };
  return (
    <AskButton label="Revoke" title={`Revoke ${name}?`} verb="Revoke" isGrave onDo={revoke}>
      <Text size="sm">Programs that use it are refused from now on.</Text>
    </AskButton>
  );
}

function NewToken({ onMade }: { onMade: (secret: string) => void }) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>(['read']);
  const [days, setDays] = useState('90');
  const now = useNow(60_000);
  const send = useSend<{ readonly token: string | null }>();
  const make = async () => {
    const body = { name, scopes, expiresWallMs: now + Number(days) * DAY_MS };
    const { token } = await send.mutateAsync({ method: 'POST', path: '/v1/tokens', body });
    setName('');
    onMade(token ?? '');
  };
  return (
    <AskButton
      label="New token"
      title="New token"
      verb="Make it"
      isReady={name !== '' && scopes.length > 0}
      onDo={make}
    >
      <TextInput
        label="Name: what uses it"
        required
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <MultiSelect
        label="How far it reaches"
        data={SCOPES}
        value={scopes}
        onChange={setScopes}
        comboboxProps={{ withinPortal: false }}
      />
      <NativeSelect
        label="For how long"
        value={days}
        onChange={(event) => setDays(event.currentTarget.value)}
        data={[
          { value: '7', label: 'a week' },
          { value: '90', label: '90 days' },
          { value: '365', label: 'a year' },
        ]}
      />
    </AskButton>
  );
}
