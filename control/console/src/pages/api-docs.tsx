/** Rendered documentation of a published contract: its operations, each with its fields, its answers, and a form that calls it. */
import { Accordion, Anchor, Badge, Group, Stack, Text, TextInput } from '@mantine/core';
import { useMemo, useState } from 'react';
import { problemIn } from '../api/problem.js';
import { useGet } from '../api/queries.js';
import { type Documented, type Operation, readDocument } from '../contract/documented.js';
import { schemaLines } from '../contract/schema-lines.js';
import { Empty, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { Rows } from '../ui/rows.js';
import { several } from '../ui/words.js';
import { TryIt } from './try-it.js';

export interface ApiDocsProps {
  readonly id: string;
  readonly basePath: string;
  readonly hosts: readonly string[];
  /** No key is needed. */
  readonly isOpen: boolean;
}

/** More are found by searching. */
const SHOWN_MAX = 60;

export function ApiDocs(props: ApiDocsProps) {
  const contract = useGet<unknown>(`/v1/services/${props.id}/contract?format=json`);
  return (
    <Panel title="Documentation">
      {problemIn(contract.error).status === 404 ? (
        <Empty title="Nothing is documented">
          What is served has no OpenAPI document, or nothing is served yet. Developers of its team add one in the draft.
        </Empty>
      ) : (
        <Answer of={contract} what="contract">
          {(root) => <Rendered root={root} {...props} />}
        </Answer>
      )}
    </Panel>
  );
}

function Rendered({ root, ...props }: ApiDocsProps & { root: unknown }) {
  const document = useMemo(() => readDocument(typeof root === 'string' ? JSON.parse(root) : root), [root]);
  const [q, setQ] = useState('');
  if (document === null || document.operations.length === 0) {
    return (
      <Empty title="Nothing is documented">
        The service has no OpenAPI document, or it names no operation. Its developers add one in the draft.
      </Empty>
    );
  }
  const words = q.toLowerCase().split(/\s+/);
  const found = document.operations.filter((operation) =>
    words.every((word) => `${operation.key} ${operation.summary}`.toLowerCase().includes(word)),
  );
  return (
    <Stack gap="md">
      <Heading id={props.id} document={document} />
      {document.operations.length > 5 && (
        <TextInput
          label="Search operations"
          type="search"
          value={q}
          onChange={(event) => setQ(event.currentTarget.value)}
        />
      )}
      <Text size="sm" c="dimmed" role="status">
        {several(found.length, 'operation')}
      </Text>
      <Accordion variant="separated" chevronPosition="left" order={3}>
        {found.slice(0, SHOWN_MAX).map((operation, index) => (
          <Accordion.Item key={operation.key} value={`operation-${index}`}>
            <Accordion.Control>
              <Group gap="sm">
                <Badge variant="default" radius="sm" w={74}>
                  {operation.method}
                </Badge>
                <Text span size="sm" ff="monospace" className="prose">
                  {operation.path}
                </Text>
                <Text span size="sm" c="dimmed">
                  {operation.summary}
                  {operation.isDeprecated && ' (deprecated)'}
                </Text>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>
              <OperationDocs root={root} operation={operation} {...props} />
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Stack>
  );
}

function Heading({ id, document }: { id: string; document: Documented }) {
  return (
    <div>
      <Text fw={600}>
        {document.title} {document.version}
      </Text>
      <Text size="sm" className="prose">
        {document.description}
      </Text>
      <Group gap="md" mt={4}>
        {['json', 'yaml'].map((format) => (
          <Anchor
            key={format}
            size="sm"
            href={`/v1/services/${id}/contract?format=${format}`}
            download={`${id}.${format}`}
          >
            OpenAPI as {format.toUpperCase()}
          </Anchor>
        ))}
      </Group>
    </div>
  );
}

function OperationDocs({ root, operation, ...props }: ApiDocsProps & { root: unknown; operation: Operation }) {
  return (
    <Stack gap="md">
      {operation.description !== '' && (
        <Text size="sm" className="prose">
          {operation.description}
        </Text>
      )}
      {operation.body !== null && (
        <Fields root={root} schema={operation.body.schema} title={`Body, ${operation.body.mediaType}`} />
      )}
      <Text size="sm" fw={600}>
        Answers
      </Text>
      <Rows
        label="Answers"
        rows={operation.answers}
        idOf={({ status }) => status}
        columns={[
          { label: 'Status', show: ({ status }) => status },
          { label: 'Meaning', show: ({ description }) => description || '–' },
          { label: 'Body', show: ({ mediaType }) => mediaType || 'none' },
        ]}
      />
      <TryIt root={root} operation={operation} {...props} />
    </Stack>
  );
}

function Fields({ root, schema, title }: { root: unknown; schema: unknown; title: string }) {
  const lines = schemaLines(root, schema);
  if (lines.length === 0) return null;
  return (
    <div>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      <Rows
        label={title}
        rows={lines}
        idOf={({ path }) => path}
        columns={[
          {
            label: 'Field',
            show: ({ path, isRequired }) => (
              <code>
                {path}
                {isRequired ? ' *' : ''}
              </code>
            ),
          },
          { label: 'Type', show: ({ type }) => type || 'anything' },
          { label: 'Meaning', show: ({ description }) => description || '–' },
        ]}
      />
    </div>
  );
}
