/** Models: providers, names, prompts and budgets of the configuration in force, and what was spent. */
import { Group, Code as Word } from '@mantine/core';
import type { Revision } from '../../../log/revision.js';
import { useGet } from '../api/queries.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { Rows } from '../ui/rows.js';
import { type Configured, configuredIn } from './configured.js';
import { Spend } from './spend.js';

export default function Ai() {
  const current = useGet<Revision>('/revisions/current');
  return (
    <Page
      title="AI"
      about="Who is asked for models, and under which names. Keys of providers stay in the configuration, as references."
    >
      <Answer of={current} what="configuration">
        {({ text }) => <Parts {...configuredIn(text)} />}
      </Answer>
    </Page>
  );
}

function Parts(configured: Configured) {
  const { providers, models, prompts } = configured;
  if (providers.length + models.length + prompts.length === 0) {
    return (
      <Panel label="No models">
        <Empty title="No models here">
          The configuration names no provider. ai.providers with one key is enough to begin (docs/ai.md); then make an
          AI service.
        </Empty>
      </Panel>
    );
  }
  return (
    <>
      <Panel title="Providers">
        <Rows
          label="Providers"
          rows={providers}
          idOf={({ id }) => id}
          columns={[
            { label: 'Provider', show: ({ id }) => id },
            { label: 'Kind', show: ({ kind }) => kind },
            { label: 'Keys', show: ({ keys }) => keys },
          ]}
        />
      </Panel>
      <Models models={models} />
      <Panel title="Prompts">
        {prompts.length === 0 ? (
          <Empty title="None">ai.prompts makes REST APIs of prompts (docs/ai-prompts.md).</Empty>
        ) : (
          <Group gap="xs">
            {prompts.map((id) => (
              <Word key={id}>{id}</Word>
            ))}
          </Group>
        )}
      </Panel>
      <Budgets budgets={configured.budgets} />
      <Spend />
    </>
  );
}

function Models({ models }: Pick<Configured, 'models'>) {
  return (
    <Panel title="Names for models">
      {models.length === 0 ? (
        <Empty title="None">Callers name models as provider/model.</Empty>
      ) : (
        <Rows
          label="Names for models"
          rows={models}
          idOf={({ id }) => id}
          columns={[
            { label: 'Name', show: ({ id }) => id },
            { label: 'Asks', show: ({ targets }) => targets },
          ]}
        />
      )}
    </Panel>
  );
}

function Budgets({ budgets }: Pick<Configured, 'budgets'>) {
  return (
    <Panel title="Budgets">
      {budgets.length === 0 ? (
        <Empty title="No budget">ai.limits says what may be spent, by whom (docs/ai-budgets.md).</Empty>
      ) : (
        <Rows
          label="Budgets"
          rows={budgets.map((budget, index) => ({ ...budget, key: String(index) }))}
          idOf={({ key }) => key}
          columns={[
            { label: 'Where', show: ({ at }) => at },
            { label: 'Budget', show: ({ limit }) => <code>{limit}</code> },
          ]}
        />
      )}
    </Panel>
  );
}
