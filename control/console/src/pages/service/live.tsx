/** What is served: a release, or two side by side by share. The younger one is tried out; then it is promoted, or taken back. */
import { Button, Group, Progress, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { LiveRelease, Service } from '../../../../model/entities.js';
import { useSend } from '../../api/queries.js';
import { AskButton } from '../../ui/ask.js';
import { useNews } from '../../ui/news.js';
import { Empty, Panel } from '../../ui/page.js';
import { ProblemAlert } from '../../ui/problem-alert.js';
import { Rows } from '../../ui/rows.js';
import { LentModels } from './lent-models.js';
import { Share } from './publish.js';
import { alone, withShare, youngestPair } from './shares.js';

export function Live({ service, mayChange }: { service: Service; mayChange: boolean }) {
  return (
    <Panel title="Live">
      {service.live.length === 0 ? (
        <Empty title="Nothing is served">
          {service.stage === 'retired'
            ? 'The service is retired: callers get 410, and are told where to go.'
            : 'Publish the draft, and it is.'}
        </Empty>
      ) : (
        <Stack gap="md">
          <Rows
            label="Live releases"
            rows={service.live}
            idOf={({ release, name }) => `${release} ${name}`}
            columns={[
              { label: 'Release', show: ({ release }) => `Release ${release}` },
              { label: 'Version', show: ({ name }) => name || '–' },
              {
                label: 'Share',
                show: ({ share, release }) => (
                  <Group gap="sm" wrap="nowrap">
                    <Progress value={share} w={100} aria-label={`Share of release ${release}`} />
                    {share} %
                  </Group>
                ),
              },
            ]}
          />
          {mayChange && <Canary key={service.version} service={service} />}
        </Stack>
      )}
    </Panel>
  );
}

function Canary({ service }: { service: Service }) {
  const { isBusy, error, set } = useSetLive(service);
  const pair = youngestPair(service.live);
  const [share, setShare] = useState(pair?.younger.share ?? 10);
  const [force, setForce] = useState(false);
  if (pair === null) return null;
  const { younger, older } = pair;
  const to = (live: readonly LiveRelease[], news: string) => void set(live, news, force).catch(() => {});
  return (
    <Stack gap="sm" maw={560}>
      <Text fw={600}>
        Release {younger.release} beside release {older.release}
      </Text>
      <Share value={share} onChange={setShare} />
      <LentModels service={service} isForced={force} onChange={setForce} />
      {error !== null && <ProblemAlert error={error} />}
      <Group>
        <Button
          variant="default"
          loading={isBusy}
          disabled={share === younger.share || share === 100}
          onClick={() =>
            to(withShare(service.live, younger, older, share), `Release ${younger.release} has ${share} % now.`)
          }
        >
          Set the share
        </Button>
        <Button
          loading={isBusy}
          onClick={() => to(alone(service.live, younger, older), `Release ${younger.release} is promoted.`)}
        >
          Promote to all
        </Button>
        <Button
          color="red.9"
          loading={isBusy}
          onClick={() => to(alone(service.live, older, younger), `Rolled back to release ${older.release}.`)}
        >
          Roll back to {older.release}
        </Button>
      </Group>
    </Stack>
  );
}

/** An earlier release in the place of whatever is live. */
export function RollBack({ service, number }: { service: Service; number: number }) {
  const { set } = useSetLive(service);
  const [force, setForce] = useState(false);
  const name = service.live[0]?.name ?? '';
  return (
    <AskButton
      label="Make live"
      title={`Serve release ${number}?`}
      verb="Serve it"
      onDo={() =>
        set(
          [{ release: number, share: 100, name }, ...service.live.filter((live) => live.name !== name)],
          `Release ${number} is live.`,
          force,
        )
      }
    >
      <Text size="sm">
        All callers get it at once, in place of {service.live.map(({ release }) => release).join(' and ') || 'nothing'}.
      </Text>
      <LentModels service={service} isForced={force} onChange={setForce} />
    </AskButton>
  );
}

function useSetLive(service: Service) {
  const send = useSend();
  const tell = useNews();
  const set = async (live: readonly LiveRelease[], news: string, force: boolean) => {
    await send.mutateAsync({
      method: 'PUT',
      path: `/v1/services/${service.id}/live`,
      body: { live, force },
      version: service.version,
    });
    tell(news);
  };
  return { set, isBusy: send.isPending, error: send.error };
}
