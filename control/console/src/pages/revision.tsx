/** One revision: its text, what it changed, and the way back to it. */
import { SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { AppendAnswer, DiffAnswer, HistoryAnswer } from '../../../api/revisions-api.js';
import type { Revision as WholeRevision } from '../../../log/revision.js';
import { useGet, useSend } from '../api/queries.js';
import type { PageProps } from '../pages.js';
import { AskButton } from '../ui/ask.js';
import { Code, Diff } from '../ui/code.js';
import { useNews } from '../ui/news.js';
import { Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { showTime } from '../ui/words.js';
import { authorOf } from './author.js';

export default function Revision({ params, session }: PageProps) {
  const number = params['number'] ?? '';
  const asked = useGet<WholeRevision>(`/revisions/${number}`);
  const history = useGet<HistoryAnswer>('/revisions?max=200');
  return (
    <Page
      title={`Revision ${number}`}
      actions={<Restore number={Number(number)} history={history.data} author={authorOf(session)} />}
    >
      <Answer of={asked} what="revision">
        {(revision) => (
          <Stack gap="lg">
            <Text size="sm" c="dimmed">
              {revision.author}, {showTime(revision.atWallMs)}
              {revision.reason === '' ? '' : `: ${revision.reason}`}
            </Text>
            <Seen revision={revision} history={history.data} />
          </Stack>
        )}
      </Answer>
    </Page>
  );
}

function Seen({ revision, history }: { revision: WholeRevision; history: HistoryAnswer | undefined }) {
  const [view, setView] = useState('changes');
  const [from, setFrom] = useState(String(revision.number - 1));
  const others = (history?.revisions ?? [])
    .map(({ number }) => String(number))
    .filter((n) => n !== String(revision.number));
  return (
    <Panel
      title={view === 'changes' ? 'What it changed' : 'The whole text'}
      actions={
        <SegmentedControl
          value={view}
          onChange={setView}
          aria-label="What to show"
          data={[
            { value: 'changes', label: 'Changes' },
            { value: 'text', label: 'Text' },
          ]}
        />
      }
    >
      {view === 'text' ? (
        <Code text={revision.text} label={`Text of revision ${revision.number}`} />
      ) : (
        <>
          <Select
            label="Compared with"
            maw={240}
            allowDeselect={false}
            value={from}
            onChange={(value) => setFrom(value ?? from)}
            data={[{ value: '0', label: 'nothing' }, ...others.map((n) => ({ value: n, label: `revision ${n}` }))]}
          />
          <Changes from={from} to={String(revision.number)} />
        </>
      )}
    </Panel>
  );
}

function Changes({ from, to }: { from: string; to: string }) {
  const asked = useGet<DiffAnswer>(`/revisions/${from}/diff/${to}`);
  return (
    <Answer of={asked} what="difference">
      {({ changes, isSame }) =>
        changes.length > 0 ? (
          <Diff changes={changes} />
        ) : (
          <Text size="sm" mt="sm">
            {isSame ? 'The texts are the same.' : 'They differ in comments, order or layout alone.'}
          </Text>
        )
      }
    </Answer>
  );
}

interface RestoreProps {
  readonly number: number;
  readonly history: HistoryAnswer | undefined;
  readonly author: string;
}

function Restore({ number, history, author }: RestoreProps) {
  const send = useSend<AppendAnswer>();
  const tell = useNews();
  const [, go] = useLocation();
  if (history === undefined || history.current === number || history.followedFile !== null) return null;
  const restore = async () => {
    const expected = history.revisions[0]?.number ?? 0;
    const body = { restore: number, expected, author, reason: `back to revision ${number}` };
    const { revision } = await send.mutateAsync({ method: 'POST', path: '/revisions', body });
    tell(`Revision ${revision.number} brings back revision ${number}.`);
    go(`/revisions/${revision.number}`);
  };
  return (
    <AskButton
      label="Bring it back"
      title={`Bring back revision ${number}?`}
      verb="Bring it back"
      size="xl"
      onDo={restore}
    >
      <Text size="sm">Its text becomes a new revision, and is put in force. This is what changes:</Text>
      {history.current !== null && <Changes from={String(history.current)} to={String(number)} />}
    </AskButton>
  );
}
