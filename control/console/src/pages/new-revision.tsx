/** A change of the gateway's configuration: the text, its faults as one types, what it changes, and then in force. */
import { Button, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import type { AppendAnswer, PreviewAnswer } from '../../../api/revisions-api.js';
import type { Revision } from '../../../log/revision.js';
import { send as ask } from '../api/client.js';
import { useGet, useSend } from '../api/queries.js';
import { carryOut, type ProposedChange } from '../design/set-in-text.js';
import type { PageProps } from '../pages.js';
import { Ask } from '../ui/ask.js';
import { useSettled } from '../ui/clock.js';
import { Diff } from '../ui/code.js';
import { Faults } from '../ui/faults.js';
import { useNews } from '../ui/news.js';
import { Page, Panel, Waiting } from '../ui/page.js';
import { ProblemAlert } from '../ui/problem-alert.js';
import { several } from '../ui/words.js';
import { authorOf } from './author.js';

const TYPED_MS = 400;

export default function NewRevision({ session, params }: PageProps) {
  const current = useGet<Revision>('/revisions/current');
  const [text, setText] = useState<string | null>(null);
  useEffect(() => {
    if (text === null && !current.isPending)
      setText(carryOut(current.data?.text ?? FIRST, changesIn(params['changes'])).text);
  }, [text, current.isPending, current.data, params]);
  const settled = useSettled(text, TYPED_MS);
  const preview = useQuery({
    queryKey: ['/revisions/preview', settled],
    queryFn: () => ask<PreviewAnswer>({ method: 'POST', path: '/revisions/preview', body: { text: settled } }),
    enabled: settled !== null,
    placeholderData: (previous) => previous,
  });
  const [isAsking, setAsking] = useState(false);
  const told = preview.data;
  const follows = told?.followedFile ?? null;
  const isReady = told?.ok === true && told.changes.length > 0 && follows === null && settled === text;
  return (
    <Page
      title="Change the configuration"
      about={
        follows === null ? 'It is checked while you type. Nothing changes before you have seen what does.' : undefined
      }
      actions={
        <Button disabled={!isReady} onClick={() => setAsking(true)}>
          Look at it, and put it in force
        </Button>
      }
    >
      {follows !== null && (
        <Text>Weir follows the file {follows}, so this text can only be tried out here. Save it there.</Text>
      )}
      <Panel title="Text">
        {text === null ? (
          <Waiting what="Asking for the configuration" />
        ) : (
          <Textarea
            label="weir.yaml"
            spellCheck={false}
            autosize
            minRows={14}
            maxRows={32}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            classNames={{ input: 'source' }}
          />
        )}
      </Panel>
      <Seen told={told} error={preview.error} />
      {told !== undefined && text !== null && (
        <Apply
          isOpen={isAsking}
          onClose={() => setAsking(false)}
          text={text}
          preview={told}
          author={authorOf(session)}
        />
      )}
    </Page>
  );
}

function Seen({ told, error }: { told: PreviewAnswer | undefined; error: Error | null }) {
  return (
    <Panel title="What it changes">
      {error !== null && <ProblemAlert error={error} />}
      {told !== undefined && (
        <div aria-live="polite">
          <Faults faults={told.faults} isOk={told.ok} />
          {told.ok &&
            (told.changes.length > 0 ? <Diff changes={told.changes} /> : <Text size="sm">Nothing, yet.</Text>)}
        </div>
      )}
    </Panel>
  );
}

interface ApplyProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly text: string;
  readonly preview: PreviewAnswer;
  readonly author: string;
}

function Apply({ isOpen, onClose, text, preview, author }: ApplyProps) {
  const send = useSend<AppendAnswer>();
  const tell = useNews();
  const [, go] = useLocation();
  const [reason, setReason] = useState('');
  const apply = async () => {
    const body = { text, expected: preview.last?.number ?? 0, author, reason };
    const { revision, outcome } = await send.mutateAsync({ method: 'POST', path: '/revisions', body });
    tell(
      `Revision ${revision.number} is kept${outcome === null ? ', and is being rolled out' : `: ${outcome.state}`}.`,
    );
    go(preview.isRolledOut ? '/rollouts' : `/revisions/${revision.number}`);
  };
  return (
    <Ask title="Put it in force?" isOpen={isOpen} onClose={onClose} verb="Put it in force" size="xl" onDo={apply}>
      <Stack gap="xs">
        <Text size="sm">{several(preview.changes.length, 'change')}:</Text>
        <Diff changes={preview.changes} />
        <TextInput
          label="Why (others will read it)"
          value={reason}
          maxLength={500}
          onChange={(e) => setReason(e.currentTarget.value)}
        />
      </Stack>
    </Ask>
  );
}

/** Of the address; whatever can't be read is no change. */
function changesIn(written: string | undefined): readonly ProposedChange[] {
  try {
    const read: unknown = JSON.parse(decodeURIComponent(written ?? '[]'));
    return Array.isArray(read) ? read.filter(isChange) : [];
  } catch {
    return [];
  }
}

function isChange(value: unknown): value is ProposedChange {
  if (typeof value !== 'object' || value === null || !('path' in value) || !('to' in value)) return false;
  return typeof value.path === 'string' && typeof value.to === 'string';
}

const FIRST = `version: 1

upstreams:
  - id: app
    targets:
      - http://127.0.0.1:9000

routes:
  - id: everything
    match: /*
    upstream: app
`;
