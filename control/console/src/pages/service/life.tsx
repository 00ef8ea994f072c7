/** The life of a service: deprecated with a date, retired with a pointer, and the ways back. */
import { Checkbox, Group, Stack, Text, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import type { LifeStage, Service } from '../../../../model/entities.js';
import { stageMoods } from '../../api/managed.js';
import { useSend } from '../../api/queries.js';
import { AskButton } from '../../ui/ask.js';
import { useNews } from '../../ui/news.js';
import { Panel } from '../../ui/page.js';
import { State } from '../../ui/state.js';
import { dayOf, showTime } from '../../ui/words.js';
import type { TabProps } from '../service.js';
import { isAtLeast, roleIn } from '../teams-of.js';

const stages: readonly LifeStage[] = ['draft', 'published', 'deprecated', 'retired'];

export default function Life({ service, session }: TabProps) {
  const role = roleIn(session, service.teamId);
  const mayChange = isAtLeast(role, 'developer');
  return (
    <Panel title="Life cycle">
      <Stack gap="md">
        <Group gap="lg" component="ol" className="stages">
          {stages.map((stage) => (
            <li key={stage} {...(stage === service.stage ? { 'aria-current': 'step' as const } : {})}>
              {stage === service.stage ? (
                <State mood={stageMoods[stage]}>{stage}, now</State>
              ) : (
                <Text span size="sm" c="dimmed">
                  {stage}
                </Text>
              )}
            </li>
          ))}
        </Group>
        <Told service={service} />
        {mayChange ? (
          <Steps service={service} isOwner={isAtLeast(role, 'owner')} />
        ) : (
          <Text size="sm">Developers and owners of the team move it on.</Text>
        )}
      </Stack>
    </Panel>
  );
}

function Told({ service: { deprecation, stage, successor } }: { service: Service }) {
  if (stage === 'retired')
    return <Text size="sm">Callers get 410{successor === '' ? '' : `, and a link to ${successor}`}.</Text>;
  if (deprecation === null) return null;
  const until = deprecation.sunsetWallMs === null ? 'no end is set' : `it ends ${showTime(deprecation.sunsetWallMs)}`;
  return (
    <Text size="sm">
      Deprecated since {showTime(deprecation.sinceWallMs)}; {until}. Each answer says so (Deprecation, Sunset
      {deprecation.link === '' ? '' : ', Link'}).
    </Text>
  );
}

function Steps({ service, isOwner }: { service: Service; isOwner: boolean }) {
  const order = useOrder(service);
  return (
    <Group gap="xs">
      {(service.stage === 'published' || service.stage === 'deprecated') && <Deprecate order={order} />}
      {service.stage === 'deprecated' && (
        <Step label="Take the deprecation back" onDo={() => order('undeprecate', {})}>
          Answers no longer say that it is deprecated.
        </Step>
      )}
      {isOwner && (service.stage === 'published' || service.stage === 'deprecated') && <Retire order={order} />}
      {isOwner && service.stage === 'retired' && (
        <Step label="Restore" onDo={() => order('restore', {})}>
          It is served again as before, if its path is still free.
        </Step>
      )}
      {isOwner && (service.stage === 'draft' || service.stage === 'retired') && <Delete service={service} />}
    </Group>
  );
}

type Order = (step: string, body: object) => Promise<void>;

function useOrder(service: Service): Order {
  const send = useSend();
  const tell = useNews();
  return async (step, body) => {
    await send.mutateAsync({
      method: 'POST',
      path: `/v1/services/${service.id}/${step}`,
      body,
      version: service.version,
    });
    tell(`${service.name}: ${step} is done.`);
  };
}

function Step({
  label,
  onDo,
  isGrave = false,
  children,
}: {
  label: string;
  onDo: () => Promise<unknown>;
  isGrave?: boolean;
  children: ReactNode;
}) {
  return (
    <AskButton label={label} title={`${label}?`} verb={label} isGrave={isGrave} onDo={onDo}>
      <Text size="sm">{children}</Text>
    </AskButton>
  );
}

function Deprecate({ order }: { order: Order }) {
  const [sunset, setSunset] = useState('');
  const [link, setLink] = useState('');
  const deprecate = () => order('deprecate', { sunsetWallMs: dayOf(sunset), link });
  return (
    <AskButton label="Deprecate" title="Deprecate it?" verb="Deprecate" onDo={deprecate}>
      <Text size="sm">It is served as before; each answer tells callers to move on.</Text>
      <TextInput
        type="date"
        label="Last day (optional)"
        value={sunset}
        onChange={(e) => setSunset(e.currentTarget.value)}
      />
      <TextInput
        label="Where callers read on (optional)"
        placeholder="https://docs.example.com/shop"
        value={link}
        onChange={(e) => setLink(e.currentTarget.value)}
      />
    </AskButton>
  );
}

function Retire({ order }: { order: Order }) {
  const [successor, setSuccessor] = useState('');
  const [force, setForce] = useState(false);
  return (
    <AskButton
      label="Retire"
      title="Retire it?"
      verb="Retire"
      isGrave
      onDo={() => order('retire', { successor, force })}
    >
      <Text size="sm">All callers get 410 from now on.</Text>
      <TextInput
        label="Successor (optional)"
        placeholder="/shop/v2, or a URL"
        value={successor}
        onChange={(e) => setSuccessor(e.currentTarget.value)}
      />
      <Checkbox
        label="Also before its last day"
        description="And though other services of the team ask its models."
        checked={force}
        onChange={(e) => setForce(e.currentTarget.checked)}
      />
    </AskButton>
  );
}

function Delete({ service }: { service: Service }) {
  const send = useSend();
  const tell = useNews();
  const [, go] = useLocation();
  const remove = async () => {
    await send.mutateAsync({ method: 'DELETE', path: `/v1/services/${service.id}`, version: service.version });
    tell(`${service.name} is deleted.`);
    go('/services');
  };
  return (
    <Step label="Delete" isGrave onDo={remove}>
      The service, its releases and its subscriptions are gone; the audit keeps what they were.
    </Step>
  );
}
