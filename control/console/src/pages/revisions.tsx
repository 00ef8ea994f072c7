/** The history of the gateway's configuration: who changed it, when and why. */
import { Alert, Button, Text } from '@mantine/core';
import { Link } from 'wouter';
import type { HistoryAnswer } from '../../../api/revisions-api.js';
import { useGet } from '../api/queries.js';
import { useNow } from '../ui/clock.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { Rows } from '../ui/rows.js';
import { State } from '../ui/state.js';
import { To } from '../ui/to.js';
import { showAge, showTime } from '../ui/words.js';

export default function Revisions() {
  const history = useGet<HistoryAnswer>('/revisions?max=100');
  return (
    <Page
      title="Configuration"
      about="Each change of the gateway's own configuration is a revision, which is kept and never changed."
      actions={
        <Button component={Link} href="/revisions/new">
          Change it
        </Button>
      }
    >
      <Answer
        of={history}
        what="revisions"
        notOffered={<Empty title="No revisions are kept">This weir was started without a place to keep them.</Empty>}
      >
        {(told) => <History {...told} />}
      </Answer>
    </Page>
  );
}

function History({ revisions, current, followedFile, trouble }: HistoryAnswer) {
  const now = useNow(5_000);
  return (
    <>
      {trouble !== '' && (
        <Alert color="red" variant="outline" title="The log of revisions" role="alert">
          {trouble}
        </Alert>
      )}
      {followedFile !== null && (
        <Text size="sm">Weir follows the file {followedFile}: change it there. What it said is recorded here.</Text>
      )}
      <Panel title="Revisions">
        {revisions.length === 0 ? (
          <Empty
            title="There is none yet"
            action={
              <Button component={Link} href="/revisions/new">
                Write the first one
              </Button>
            }
          >
            The built-in welcome page is served. Services that you publish need no revision; gateway-wide settings do.
          </Empty>
        ) : (
          <Rows
            label="Revisions"
            rows={revisions}
            idOf={({ id }) => id}
            columns={[
              {
                label: 'Number',
                show: ({ number }) => <To href={`/revisions/${number}`}>Revision {number}</To>,
              },
              { label: 'State', show: ({ number }) => (number === current ? <State mood="good">in force</State> : '') },
              {
                label: 'When',
                show: ({ atWallMs }) => <span title={showTime(atWallMs)}>{showAge(atWallMs, now)}</span>,
              },
              { label: 'Who', show: ({ author }) => author },
              {
                label: 'Why',
                show: ({ reason, restores }) => reason || (restores > 0 ? `brings back ${restores}` : '–'),
              },
            ]}
          />
        )}
      </Panel>
    </>
  );
}
