/** All that people manage as one document: taken out, and put in again after a look at what that would change. */
import { Button, FileInput, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useSend } from '../api/queries.js';
import { DiffLines } from '../ui/code.js';
import { useNews } from '../ui/news.js';
import { Panel } from '../ui/page.js';
import { ProblemAlert } from '../ui/problem-alert.js';

const type = 'application/yaml';

interface Preview {
  readonly count: number;
  readonly differences: readonly {
    readonly does: 'create' | 'change';
    readonly kind: string;
    readonly name: string;
    readonly fields: readonly string[];
  }[];
  readonly faults: readonly { readonly path: string; readonly message: string; readonly cure: string }[];
  readonly notes: readonly string[];
}

export function RegistryDocument() {
  const [content, setContent] = useState('');
  const preview = useSend<Preview>();
  const apply = useSend<unknown>();
  const tell = useNews();
  const look = async (file: File | null) => {
    const text = file === null ? '' : await file.text();
    setContent(text);
    if (text !== '') preview.mutate({ method: 'POST', path: '/v1/registry/preview', text: { type, content: text } });
  };
  const put = () =>
    apply.mutate(
      { method: 'POST', path: '/v1/registry', text: { type, content } },
      { onSuccess: () => tell('What the document says is there now.') },
    );
  const error = preview.error ?? apply.error;
  return (
    <Panel title="The registry as a document">
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          Teams, services, applications and subscriptions as YAML, without secrets: for a backup, or for another Weir.
        </Text>
        <Group align="flex-end">
          <Button component="a" href="/v1/registry" download="registry.yaml" variant="default">
            Export
          </Button>
          <FileInput
            label="Import"
            placeholder="Choose a file"
            accept=".yaml,.yml"
            w={240}
            onChange={(file) => void look(file)}
          />
        </Group>
        {error !== null && <ProblemAlert error={error} />}
        {preview.data !== undefined && (
          <div className="wide">
            <DiffLines label="the registry" lines={linesOf(preview.data)} />
            <Button mt="sm" loading={apply.isPending} onClick={put}>
              Put it in
            </Button>
          </div>
        )}
      </Stack>
    </Panel>
  );
}

function linesOf({ count, differences, faults, notes }: Preview): readonly string[] {
  const made = differences.map(({ does, kind, name, fields }) =>
    does === 'create' ? `+ ${kind} ${name}` : `  ${kind} ${name}: ${fields.join(', ')}`,
  );
  const more = count > differences.length ? [`  and ${count - differences.length} more`] : [];
  const wrong = faults.map(({ path, message, cure }) => `- ${path}: ${message}; ${cure}`);
  const lines = [...wrong, ...made, ...more, ...notes.map((note) => `  ${note}`)];
  return lines.length === 0 ? ['  Nothing would change.'] : lines;
}
