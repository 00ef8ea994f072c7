/** Models: providers, names, prompts and budgets of the configuration in force, and what was spent. */
import { Button, Group, Code as Word } from '@mantine/core';
import { Link } from 'wouter';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { Rows } from '../ui/rows.js';
import type { Configured } from './configured.js';
import { Spend } from './spend.js';
import { useConfigured } from './use-configured.js';

export default function Ai() {
  const current = useConfigured();
  return (
    <Page
      title="AI"
      about="Who is asked for models, and under which names. Keys of providers stay in the configuration, as references."
    >
      <Answer of={current} what="configuration">
        {(configured) => <Parts {...configured} />}
      </Answer>
    </Page>
  );
}

function Parts(configured: Configured) {
  const { providers, models, prompts } = configured;
  if (providers.length + models.length + prompts.length === 0) {
    return (
      <>
        <Panel label="No models">
          <Empty
            title="The gateway’s own configuration names no provider"
            action={
              <Group gap="xs">
                <Button component={Link} href="/services/new" variant="default" size="xs">
                  New AI service
                </Button>
                <Button component={Link} href="/revisions/new" variant="default" size="xs">
                  Change the configuration
                </Button>
              </Group>
            }
          >
            A service of a team brings providers of its own: choose AI when you make it, and its key is a secret of the
            team. Or give all routes one: ai.providers with a key in the configuration is enough (docs/ai.md).
          </Empty>
        </Panel>
        <Spend />
      </>
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
