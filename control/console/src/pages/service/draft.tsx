/**
 * The draft: form and YAML side by side, two views of one value. Control checks it as one types; the lines of weir.yaml that it comes to, and
 * the difference to the release before, are seen before it is published.
 */
import { Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Design } from '../../../../model/entities.js';
import { send as ask } from '../../api/client.js';
import type { CheckedDraft } from '../../api/managed.js';
import { useGet, useSend } from '../../api/queries.js';
import { designFrom, emptyDesign, yamlOf } from '../../design/design-yaml.js';
import { useSettled } from '../../ui/clock.js';
import { Faults } from '../../ui/faults.js';
import { useNews } from '../../ui/news.js';
import { Panel } from '../../ui/page.js';
import { Answer, ProblemAlert } from '../../ui/problem-alert.js';
import { Source } from '../../ui/source.js';
import { State } from '../../ui/state.js';
import type { TabProps } from '../service.js';
import { isAtLeast, roleIn } from '../teams-of.js';
import { ContractEditor } from './contract-editor.js';
import { DesignForm } from './design-form.js';
import { isOvertaken, versionToSend } from './draft-version.js';
import { Made } from './made.js';
import { Publish } from './publish.js';

const TYPED_MS = 400;

export default function Draft(props: TabProps) {
  const { id } = props.service;
  const asked = useGet<Design>(`/v1/services/${id}/draft`);
  return (
    <Answer of={asked} what="draft">
      {(saved) => <DraftEditor {...props} saved={{ ...emptyDesign, ...saved }} />}
    </Answer>
  );
}

function DraftEditor({ service, session, saved }: TabProps & { saved: Design }) {
  const [design, setDesign] = useState(saved);
  const [text, setText] = useState(() => yamlOf(saved));
  const read = designFrom(text, design.contract);
  const { kept, isTheirs, isBusy, error, save: put } = useKept(service, saved);
  const save = () => put(design);
  const tell = useNews();
  const checked = useChecked(service.id, design);
  const isChanged = JSON.stringify(design) !== kept;
  const fromForm = (changed: Design) => {
    setDesign(changed);
    setText(yamlOf(changed));
  };
  const fromText = (written: string) => {
    setText(written);
    const now = designFrom(written, design.contract);
    if (now.ok) setDesign(now.design);
  };
  const mayChange = isAtLeast(roleIn(session, service.teamId), 'developer');
  const isReady = mayChange && read.ok;
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Panel title="Form">
          <DesignForm design={design} onChange={fromForm} />
        </Panel>
        <Panel title="YAML">
          <Source label="Draft as YAML" value={text} onChange={fromText} />
          {!read.ok && <Faults isOk={false} faults={[{ line: read.line, message: read.message }]} />}
        </Panel>
      </SimpleGrid>
      <Panel title="Contract">
        <ContractEditor contract={design.contract} onChange={(contract) => fromForm({ ...design, contract })} />
      </Panel>
      <Made checked={checked.data} error={checked.error} />
      {error !== null && <ProblemAlert error={error} />}
      {isTheirs && (
        <State mood="warn">
          Somebody else has saved another draft since you opened this one: keep what you wrote elsewhere, and load the
          page again.
        </State>
      )}
      <Group>
        <Button
          variant="default"
          disabled={!isReady || !isChanged}
          loading={isBusy}
          onClick={() =>
            void save().then(
              () => tell('The draft is saved.'),
              () => {},
            )
          }
        >
          Save the draft
        </Button>
        <Publish
          service={service}
          isReady={isReady && checked.data?.ok === true}
          checked={checked.data}
          onBefore={isChanged ? save : null}
        />
        <Text size="sm" c="dimmed" role="status">
          {isChanged ? 'not saved yet' : 'saved'}
        </Text>
      </Group>
    </Stack>
  );
}

/** The draft as control keeps it, and how it is put in its place. */
function useKept(service: TabProps['service'], saved: Design) {
  const [opened, setOpened] = useState({ draft: JSON.stringify(saved), version: service.version });
  const send = useSend<Design>();
  const kept = JSON.stringify(saved);
  const save = async (design: Design) => {
    const version = versionToSend(opened, kept, service.version);
    const path = `/v1/services/${service.id}/draft`;
    const stored = await send.mutateAsync({ method: 'PUT', path, body: design, version });
    setOpened({ draft: JSON.stringify({ ...emptyDesign, ...stored }), version });
  };
  const isTheirs = isOvertaken(opened, kept) && !send.isPending;
  return { kept, isTheirs, isBusy: send.isPending, error: send.error, save };
}

function useChecked(id: string, design: Design) {
  const settled = useSettled(design, TYPED_MS);
  return useQuery({
    queryKey: ['draft/check', id, settled],
    queryFn: () =>
      ask<CheckedDraft>({ method: 'POST', path: `/v1/services/${id}/draft/check`, body: { draft: settled } }),
    placeholderData: (previous) => previous,
  });
}
