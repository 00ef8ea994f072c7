/** A form that really calls the gateway: control sends the request to its own listener, and the answer is shown as it came. */
import { Button, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useSend } from '../api/queries.js';
import type { Operation } from '../contract/documented.js';
import { sampleOf, typeOf } from '../contract/schema-lines.js';
import { curlOf, type Filled, missingOf, requestOf } from '../contract/try-request.js';
import { Code } from '../ui/code.js';
import { CopyButton } from '../ui/copy-button.js';
import { ProblemAlert } from '../ui/problem-alert.js';
import { Source } from '../ui/source.js';
import { State } from '../ui/state.js';
import { showDuration } from '../ui/words.js';
import type { ApiDocsProps } from './api-docs.js';

export interface Tried {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isCut: boolean;
  readonly tookMs: number;
  /** Where the gateway listens. */
  readonly gateway: string;
}

export function TryIt({
  id,
  basePath,
  root,
  operation,
  isOpen,
}: ApiDocsProps & { root: unknown; operation: Operation }) {
  const [filled, setFilled] = useState<Filled>(() => firstValues(operation));
  const [key, setKey] = useState('');
  const [body, setBody] = useState(() => firstBody(root, operation));
  const send = useSend<Tried>();
  const missing = missingOf(operation, filled);
  const request = requestOf(operation, filled, key, body);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate({ method: 'POST', path: '/v1/try', body: { serviceId: id, ...request } });
  };
  const shown = requestOf(operation, filled, key === '' ? '' : 'YOUR_KEY', body);
  return (
    <form onSubmit={submit} aria-label={`Try ${operation.key}`}>
      <Stack gap="sm">
        <Text size="sm" fw={600}>
          Try it
        </Text>
        <div className="pair">
          {operation.parameters.map(({ name, place, isRequired, schema }) => (
            <TextInput
              key={`${place} ${name}`}
              label={`${name} (${place})`}
              description={typeOf(root, schema)}
              required={isRequired}
              value={filled[`${place} ${name}`] ?? ''}
              onChange={(event) => {
                const { value } = event.currentTarget;
                setFilled((before) => ({ ...before, [`${place} ${name}`]: value }));
              }}
            />
          ))}
          {!isOpen && (
            <PasswordInput
              label="Key of a subscribed application"
              autoComplete="off"
              value={key}
              onChange={(event) => setKey(event.currentTarget.value.trim())}
            />
          )}
        </div>
        {operation.body !== null && (
          <Source label={`Body, ${operation.body.mediaType}`} minRows={4} value={body} onChange={setBody} />
        )}
        <Group gap="sm">
          <Button type="submit" loading={send.isPending} disabled={missing.length > 0}>
            Send
          </Button>
          <CopyButton
            label="Copy as curl"
            text={curlOf(`http://${send.data?.gateway ?? 'GATEWAY'}${basePath}`, shown)}
          />
        </Group>
        <WhatCame of={send} />
      </Stack>
    </form>
  );
}

/** What became of a call: the answer, or why there is none. */
export function WhatCame({
  of: { error, data },
}: {
  of: { readonly error: Error | null; readonly data: Tried | undefined };
}) {
  return (
    <div aria-live="polite">
      {error !== null && <ProblemAlert error={error} />}
      {data !== undefined && <Came tried={data} />}
    </div>
  );
}

/** The answer, with its fields. */
function Came({ tried: { status, headers, body, isCut, tookMs } }: { tried: Tried }) {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return (
    <Stack gap="xs">
      <State mood={status < 400 ? 'good' : 'bad'}>
        {status} after {showDuration(tookMs)}
      </State>
      <Code label="Answer" text={`${fields.join('\n')}\n\n${pretty(body, headers['content-type'] ?? '')}`} />
      {isCut && <Text size="sm">The answer goes on; it is cut here.</Text>}
    </Stack>
  );
}

function pretty(body: string, type: string): string {
  if (!/[/+]json/.test(type)) return body;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function firstValues({ parameters }: Operation): Filled {
  return Object.fromEntries(
    parameters.filter(({ example }) => example !== '').map(({ place, name, example }) => [`${place} ${name}`, example]),
  );
}

function firstBody(root: unknown, { body }: Operation): string {
  if (body === null) return '';
  if (body.example !== '') return body.example;
  return /json/.test(body.mediaType) ? JSON.stringify(sampleOf(root, body.schema), null, 2) : '';
}
