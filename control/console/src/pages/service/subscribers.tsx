/** Who uses a service and who would like to: approve, reject, suspend, resume, with a word to the other side. */
import { Group, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import type { Subscription } from '../../../../model/entities.js';
import { subscriptionMoods } from '../../api/managed.js';
import { useSend, withQuery } from '../../api/queries.js';
import { AskButton } from '../../ui/ask.js';
import { type Filter, Listing } from '../../ui/listing.js';
import { useNews } from '../../ui/news.js';
import { Empty } from '../../ui/page.js';
import type { Column } from '../../ui/rows.js';
import { State } from '../../ui/state.js';
import { showTime } from '../../ui/words.js';
import type { TabProps } from '../service.js';
import { isAtLeast, roleIn } from '../teams-of.js';

const filters: readonly Filter[] = [
  { name: 'state', label: 'State', words: ['pending', 'approved', 'rejected', 'suspended'] },
];

export default function Subscribers({ service, session }: TabProps) {
  const mayDecide = isAtLeast(roleIn(session, service.teamId), 'owner');
  return (
    <Listing<Subscription>
      {...{
        title: 'Subscribers',
        label: 'Subscriptions',
        what: 'subscriptions',
        columns: columnsOf(mayDecide),
        filters,
        everyMs: EVERY_MS,
      }}
      path={withQuery('/v1/subscriptions', { serviceId: service.id })}
      idOf={({ id }) => id}
      looksInto="application, plan"
      none={
        <Empty title="Nobody, yet">
          {service.access === 'open'
            ? 'Everybody may call this service without a key, so nobody subscribes.'
            : 'Other teams find it in the catalogue, once it is published and its visibility lets them.'}
        </Empty>
      }
    />
  );
}

/** Who asks for access waits for whoever looks at this. */
const EVERY_MS = 5_000;

const steps: readonly {
  readonly step: string;
  readonly label: string;
  readonly from: readonly Subscription['state'][];
  readonly text: string;
}[] = [
  { step: 'approve', label: 'Approve', from: ['pending', 'rejected'], text: 'Its keys work within a second.' },
  { step: 'reject', label: 'Reject', from: ['pending'], text: 'It may not call the service.' },
  {
    step: 'suspend',
    label: 'Suspend',
    from: ['approved'],
    text: 'Its keys are refused within a second, until you resume it.',
  },
  { step: 'resume', label: 'Resume', from: ['suspended'], text: 'Its keys work again.' },
];

function columnsOf(mayDecide: boolean): readonly Column<Subscription>[] {
  return [
    { label: 'Application', show: ({ applicationId }) => applicationId },
    { label: 'Plan', show: ({ planId }) => planId },
    { label: 'State', show: ({ state }) => <State mood={subscriptionMoods[state]}>{state}</State> },
    { label: 'Since', show: ({ changedWallMs }) => showTime(changedWallMs) },
    { label: 'Reason', show: ({ reason }) => reason || '–' },
    { label: 'Opinion', show: ({ opinion }) => opinion || '–' },
    ...(mayDecide ? [{ label: '', show: (one: Subscription) => <Decide subscription={one} /> }] : []),
  ];
}

function Decide({ subscription }: { subscription: Subscription }) {
  const [opinion, setOpinion] = useState('');
  const send = useSend();
  const tell = useNews();
  const decide = async (step: string) => {
    await send.mutateAsync({ method: 'POST', path: `/v1/subscriptions/${subscription.id}/${step}`, body: { opinion } });
    tell(`${subscription.applicationId}: ${step} is done.`);
    setOpinion('');
  };
  return (
    <Group gap="xs">
      {steps
        .filter(({ from }) => from.includes(subscription.state))
        .map(({ step, label, text }) => (
          <AskButton
            key={step}
            label={label}
            title={`${label} ${subscription.applicationId}?`}
            verb={label}
            isGrave={step === 'reject' || step === 'suspend'}
            onDo={() => decide(step)}
          >
            <Text size="sm">{text}</Text>
            <Textarea
              label="A word to them (optional)"
              value={opinion}
              onChange={(event) => setOpinion(event.currentTarget.value)}
            />
          </AskButton>
        ))}
    </Group>
  );
}
