/** How often and how many at once: limits of the configuration in force, and those that plans of services set. */
import { Text } from '@mantine/core';
import type { ServiceSummary } from '../api/managed.js';
import { usePages } from '../api/queries.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { More, Rows } from '../ui/rows.js';
import { To } from '../ui/to.js';
import { textOfLimits } from './service/plan-limits.js';
import { useConfigured } from './use-configured.js';

export default function Limits() {
  const current = useConfigured();
  const services = usePages<ServiceSummary>('/v1/services');
  const plans = services.items.flatMap((service) => service.plans.map((plan) => ({ ...plan, service })));
  return (
    <Page
      title="Limits"
      about="What callers may do in a time, and at once. Calls that were turned away are in Calls, with status 429."
    >
      <Panel title="Of the configuration">
        <Answer of={current} what="configuration">
          {({ limits }) =>
            limits.length === 0 ? (
              <Empty title="None">
                The configuration in force limits nobody. limits: 100/s on a route, or on the gateway, does.
              </Empty>
            ) : (
              <Rows
                label="Limits of the configuration"
                rows={limits.map((limit, index) => ({ ...limit, key: String(index) }))}
                idOf={({ key }) => key}
                columns={[
                  { label: 'Where', show: ({ at }) => at },
                  { label: 'Limit', show: ({ limit }) => <code>{limit}</code> },
                ]}
              />
            )
          }
        </Answer>
      </Panel>
      <Panel title="Of plans">
        <Answer of={services} what="services">
          {() =>
            plans.length === 0 ? (
              <Empty title="None">No service has a plan. A plan’s limits count for each application by itself.</Empty>
            ) : (
              <>
                <Rows
                  label="Limits of plans"
                  rows={plans}
                  idOf={({ id, service }) => `${service.id} ${id}`}
                  columns={[
                    {
                      label: 'Service',
                      show: ({ service }) => <To href={`/services/${service.id}`}>{service.name}</To>,
                    },
                    { label: 'Plan', show: ({ name }) => name },
                    { label: 'Limits', show: ({ limits }) => <code>{textOfLimits(limits) || 'none'}</code> },
                  ]}
                />
                <More of={services} />
              </>
            )
          }
        </Answer>
      </Panel>
      <Text size="sm" c="dimmed">
        How much of each limit is used stands in the metrics of the nodes (docs/metrics.md).
      </Text>
    </Page>
  );
}
