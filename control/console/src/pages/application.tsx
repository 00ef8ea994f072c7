/** One application: its keys (each shown once, when it is made), and its subscriptions. */
import { Button, Group, Stack, Text } from '@mantine/core';
import { Link } from 'wouter';
import type { AppKey, Application as Entity, Subscription } from '../../../model/entities.js';
import { subscriptionMoods } from '../api/managed.js';
import { useGet, useSend, useWhole, withQuery } from '../api/queries.js';
import type { PageProps } from '../pages.js';
import { AskButton } from '../ui/ask.js';
import { useNow } from '../ui/clock.js';
import { Listing } from '../ui/listing.js';
import { useNews } from '../ui/news.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { type Column, Rows } from '../ui/rows.js';
import { State } from '../ui/state.js';
import { To } from '../ui/to.js';
import { showAge, showTime } from '../ui/words.js';
import { NewKey, RotateKey } from './application-keys.js';
import { isAtLeast, roleIn } from './teams-of.js';

export default function Application({ params, session }: PageProps) {
  const id = params['id'] ?? '';
  const asked = useGet<Entity>(`/v1/applications/${id}`);
  const mayChange = asked.data !== undefined && isAtLeast(roleIn(session, asked.data.teamId), 'developer');
  return (
    <Page
      title={asked.data?.name || id}
      about={asked.data?.description}
      actions={asked.data !== undefined && mayChange ? <Switch application={asked.data} /> : undefined}
    >
      <Answer of={asked} what="application">
        {(application) => (
          <Stack gap="lg">
            {application.isDisabled && <State mood="bad">disabled: all its keys are refused</State>}
            <Keys id={application.id} mayChange={mayChange} />
            <Subscriptions id={application.id} mayChange={mayChange} />
          </Stack>
        )}
      </Answer>
    </Page>
  );
}

function Switch({ application: { id, name, isDisabled, version } }: { application: Entity }) {
  const send = useSend();
  const tell = useNews();
  const set = async () => {
    await send.mutateAsync({
      method: 'PATCH',
      path: `/v1/applications/${id}`,
      body: { isDisabled: !isDisabled },
      version,
    });
    tell(isDisabled ? 'Its keys work again.' : 'Its keys are refused within a second.');
  };
  const verb = isDisabled ? 'Enable' : 'Disable';
  return (
    <AskButton label={verb} title={`${verb} ${name}?`} verb={verb} isGrave={!isDisabled} onDo={set}>
      <Text size="sm">
        {isDisabled
          ? 'Its keys work again as before.'
          : 'All its keys are refused on all nodes within a second, until it is enabled.'}
      </Text>
    </AskButton>
  );
}

function Keys({ id, mayChange }: { id: string; mayChange: boolean }) {
  const list = useWhole<AppKey>(`/v1/applications/${id}/keys`);
  const now = useNow(5_000);
  return (
    <Panel title="Keys" actions={mayChange ? <NewKey applicationId={id} /> : undefined}>
      <Answer of={list} what="keys">
        {() =>
          list.items.length === 0 ? (
            <Empty title="No key yet">
              A key is shown once, when it is made. Callers send it as X-API-Key; to AI services also as Authorization:
              Bearer.
            </Empty>
          ) : (
            <Rows
              label="Keys"
              rows={list.items}
              idOf={(key) => key.id}
              columns={[
                { label: 'Name', show: ({ name }) => name },
                {
                  label: 'Key',
                  show: ({ lastFour, publicKey }) =>
                    publicKey === undefined ? (
                      <code>…{lastFour}</code>
                    ) : (
                      <>
                        signs tokens: <code>{publicKey.kid}</code>
                      </>
                    ),
                },
                { label: 'Made', show: ({ createdWallMs }) => showAge(createdWallMs, now) },
                {
                  label: 'Expires',
                  show: ({ expiresWallMs }) =>
                    expiresWallMs === null ? (
                      'never'
                    ) : (
                      <State mood={expiresWallMs < now ? 'bad' : 'warn'}>{showTime(expiresWallMs)}</State>
                    ),
                },
                ...(mayChange
                  ? [{ label: '', show: (key: AppKey) => <KeyOrders applicationId={id} appKey={key} /> }]
                  : []),
              ]}
            />
          )
        }
      </Answer>
    </Panel>
  );
}

function KeyOrders({ applicationId, appKey }: { applicationId: string; appKey: AppKey }) {
  const send = useSend();
  const tell = useNews();
  const revoke = async () => {
    await send.mutateAsync({ method: 'DELETE', path: `/v1/applications/${applicationId}/keys/${appKey.id}` });
    tell(`Key …${appKey.lastFour} is revoked.`);
  };
  return (
    <Group gap="xs">
      {appKey.publicKey === undefined && (
        <RotateKey applicationId={applicationId} keyId={appKey.id} lastFour={appKey.lastFour} />
      )}
      <AskButton label="Revoke" title={`Revoke key …${appKey.lastFour}?`} verb="Revoke" isGrave onDo={revoke}>
        <Text size="sm">Whoever uses it is refused within a second. There is no way back but a new key.</Text>
      </AskButton>
    </Group>
  );
}

function Subscriptions({ id, mayChange }: { id: string; mayChange: boolean }) {
  return (
    <Listing<Subscription>
      {...{ title: 'Subscriptions', label: 'Subscriptions', what: 'subscriptions', columns: columnsOf(mayChange) }}
      path={withQuery('/v1/subscriptions', { applicationId: id })}
      idOf={(one) => one.id}
      looksInto="service, plan"
      actions={
        <Button component={Link} href="/catalogue" variant="default" size="xs">
          To the catalogue
        </Button>
      }
      none={
        <Empty title="None yet">
          Find a service in the catalogue, and subscribe this application to one of its plans.
        </Empty>
      }
    />
  );
}

function columnsOf(mayChange: boolean): readonly Column<Subscription>[] {
  return [
    {
      label: 'Service',
      show: ({ serviceId }) => <To href={`/catalogue/${serviceId}`}>{serviceId}</To>,
    },
    { label: 'Plan', show: ({ planId }) => planId },
    { label: 'State', show: ({ state }) => <State mood={subscriptionMoods[state]}>{state}</State> },
    { label: 'What they said', show: ({ opinion }) => opinion || '–' },
    ...(mayChange ? [{ label: '', show: (one: Subscription) => <Unsubscribe subscription={one} /> }] : []),
  ];
}

function Unsubscribe({ subscription: { id, serviceId } }: { subscription: Subscription }) {
  const send = useSend();
  const tell = useNews();
  const end = async () => {
    await send.mutateAsync({ method: 'DELETE', path: `/v1/subscriptions/${id}` });
    tell(`No longer subscribed to ${serviceId}.`);
  };
  return (
    <AskButton label="End" title={`End the subscription to ${serviceId}?`} verb="End it" isGrave onDo={end}>
      <Text size="sm">Its keys are refused there within a second.</Text>
    </AskButton>
  );
}
