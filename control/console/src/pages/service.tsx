/** One service: a page of tabs, each with an address of its own. */
import { Group, Tabs, Text } from '@mantine/core';
import { useLocation } from 'wouter';
import type { Service as ServiceEntity } from '../../../model/entities.js';
import { stageMoods } from '../api/managed.js';
import { useGet } from '../api/queries.js';
import type { Session } from '../api/session.js';
import type { PageProps } from '../pages.js';
import { onDemand } from '../ui/on-demand.js';
import { Page } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { State } from '../ui/state.js';

export interface TabProps {
  readonly service: ServiceEntity;
  readonly session: Session;
}

const tabs = [
  { value: 'summary', label: 'Summary', Tab: onDemand<TabProps>(() => import('./service/summary.js')) },
  { value: 'draft', label: 'Draft', Tab: onDemand<TabProps>(() => import('./service/draft.js')) },
  { value: 'releases', label: 'Releases', Tab: onDemand<TabProps>(() => import('./service/releases.js')) },
  { value: 'subscribers', label: 'Subscribers', Tab: onDemand<TabProps>(() => import('./service/subscribers.js')) },
  { value: 'docs', label: 'Documentation', Tab: onDemand<TabProps>(() => import('./service/docs.js')) },
  { value: 'life', label: 'Life cycle', Tab: onDemand<TabProps>(() => import('./service/life.js')) },
] as const;

export default function Service({ params, session }: PageProps) {
  const id = params['id'] ?? '';
  const asked = useGet<ServiceEntity>(`/v1/services/${id}`);
  return (
    <Page
      title={asked.data?.name || id}
      about={
        asked.data === undefined ? undefined : (
          <Group gap="sm" component="span">
            <State mood={stageMoods[asked.data.stage]}>{asked.data.stage}</State>
            <code>{asked.data.basePath}</code>
            <Text span inherit>
              team {asked.data.teamId}
            </Text>
          </Group>
        )
      }
    >
      <Answer of={asked} what="service">
        {(service) => <TabsOf service={service} session={session} tab={params['tab'] ?? 'summary'} />}
      </Answer>
    </Page>
  );
}

function TabsOf({ service, session, tab }: TabProps & { tab: string }) {
  const [, go] = useLocation();
  return (
    <Tabs value={tab} onChange={(value) => go(`/services/${service.id}/${value ?? 'summary'}`)} keepMounted={false}>
      <Tabs.List mb="md">
        {tabs.map(({ value, label }) => (
          <Tabs.Tab key={value} value={value}>
            {label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map(({ value, Tab }) => (
        <Tabs.Panel key={value} value={value}>
          <Tab service={service} session={session} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
