/** One service as its callers see it: what it is, how to get in, and its documentation. */
import { Group, NativeSelect, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import type { Subscription } from '../../../model/entities.js';
import { type CatalogueEntry as Entry, stageMoods, subscriptionMoods } from '../api/managed.js';
import { useGet, useSend } from '../api/queries.js';
import type { PageProps } from '../pages.js';
import { AskButton } from '../ui/ask.js';
import { ChoiceField, useChoice } from '../ui/choice.js';
import { useNews } from '../ui/news.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { Rows } from '../ui/rows.js';
import { State } from '../ui/state.js';
import { showCount, showDuration } from '../ui/words.js';
import { ApiDocs } from './api-docs.js';
import { textOfLimits } from './service/plan-limits.js';

export default function CatalogueEntry({ params, session }: PageProps) {
  const id = params['id'] ?? '';
  const asked = useGet<Entry>(`/v1/catalogue/${id}`);
  return (
    <Page
      title={asked.data?.name || id}
      actions={asked.data?.access === 'key' && session.kind !== 'out' ? <Subscribe entry={asked.data} /> : undefined}
    >
      <Answer of={asked} what="service">
        {(entry) => (
          <Stack gap="lg">
            <About entry={entry} />
            {entry.access === 'key' && <Plans entry={entry} />}
            <ApiDocs id={entry.id} basePath={entry.basePath} hosts={entry.hosts} isOpen={entry.access === 'open'} />
          </Stack>
        )}
      </Answer>
    </Page>
  );
}

function About({ entry }: { entry: Entry }) {
  const { stage, basePath, description, access, calls, team, versions } = entry;
  return (
    <Panel title="What it is">
      <Group gap="lg" mb="xs">
        <State mood={stageMoods[stage]}>{stage}</State>
        <code>{basePath}</code>
        <Text size="sm">of {team.name}</Text>
        {versions.some((name) => name !== '') && <Text size="sm">versions {versions.join(', ')}</Text>}
        {calls !== null && (
          <Text size="sm">
            {showCount(calls.requests)} calls lately, 95 of 100 within {showDuration(calls.p95Ms)}
          </Text>
        )}
      </Group>
      <Text size="sm" className="prose">
        {description || 'Its team has not described it yet.'}
      </Text>
      {access === 'open' && <Text size="sm">Everybody may call it; no key is needed.</Text>}
    </Panel>
  );
}

function Plans({ entry: { plans, subscriptions = [] } }: { entry: Entry }) {
  return (
    <Panel title="Plans">
      <Rows
        label="Plans"
        rows={plans}
        idOf={({ id }) => id}
        columns={[
          { label: 'Plan', show: ({ name }) => name },
          { label: 'Limits', show: ({ limits }) => textOfLimits(limits) || 'none' },
          { label: 'Approval', show: ({ approval }) => (approval === 'auto' ? 'at once' : 'by an owner') },
        ]}
      />
      {subscriptions.length > 0 && (
        <Stack gap={4} mt="md">
          <Text size="sm" fw={600}>
            Yours
          </Text>
          {subscriptions.map((one: Subscription) => (
            <Text size="sm" key={one.id}>
              {one.applicationId}, plan {one.planId}: <State mood={subscriptionMoods[one.state]}>{one.state}</State>{' '}
              {one.opinion}
            </Text>
          ))}
        </Stack>
      )}
    </Panel>
  );
}

function Subscribe({ entry }: { entry: Entry }) {
  const application = useChoice('/v1/applications');
  const [plan, setPlan] = useState('');
  const [reason, setReason] = useState('');
  const send = useSend<Subscription>();
  const tell = useNews();
  const chosen = { application: application.value, plan: plan || (entry.plans[0]?.id ?? '') };
  const subscribe = async () => {
    const body = { serviceId: entry.id, applicationId: chosen.application, planId: chosen.plan, reason };
    const { state } = await send.mutateAsync({ method: 'POST', path: '/v1/subscriptions', body });
    tell(
      state === 'approved'
        ? 'Subscribed: its keys work within a second.'
        : 'Asked for: an owner of the service decides.',
    );
  };
  return (
    <AskButton
      isMain
      label="Subscribe"
      title={`Subscribe to ${entry.name}`}
      verb="Subscribe"
      isReady={chosen.application !== '' && chosen.plan !== ''}
      onDo={subscribe}
    >
      {application.value === '' && application.q === null && (
        <Empty title="No application yet">Make one first: Applications holds them, with their keys.</Empty>
      )}
      <ChoiceField of={application} label="Application" among="applications" />
      <NativeSelect
        label="Plan"
        value={chosen.plan}
        onChange={(e) => setPlan(e.currentTarget.value)}
        data={entry.plans.map(({ id, name }) => ({ value: id, label: name || id }))}
      />
      <Textarea label="What for" value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </AskButton>
  );
}
