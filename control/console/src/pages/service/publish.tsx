/** Publishing: what it makes is seen, and then the draft becomes a release that is never changed. */
import { Button, Slider, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Release, Service } from '../../../../model/entities.js';
import type { CheckedDraft } from '../../api/managed.js';
import { useSend } from '../../api/queries.js';
import { Ask } from '../../ui/ask.js';
import { Code, DiffLines } from '../../ui/code.js';
import { Lines } from '../../ui/lines.js';
import { useNews } from '../../ui/news.js';
import { LentModels } from './lent-models.js';

interface PublishProps {
  readonly service: Service;
  readonly isReady: boolean;
  readonly checked: CheckedDraft | undefined;
  /** Saves what was not saved; null: everything is. */
  readonly onBefore: (() => Promise<unknown>) | null;
}

export function Publish({ service, isReady, checked, onBefore }: PublishProps) {
  const [isOpen, setOpen] = useState(false);
  const [notes, setNotes] = useState('');
  const [share, setShare] = useState(100);
  const [name, setName] = useState('');
  const [force, setForce] = useState(false);
  const send = useSend<Release>();
  const tell = useNews();
  const isNamed = service.versioning.by !== 'none';
  const publish = async () => {
    if (onBefore !== null) await onBefore();
    const body = { notes, share, force, ...(isNamed ? { name } : {}) };
    const { number } = await send.mutateAsync({ method: 'POST', path: `/v1/services/${service.id}/releases`, body });
    tell(`Release ${number ?? service.lastRelease + 1} is published${share < 100 ? ` to ${share} % of callers` : ''}.`);
  };
  return (
    <>
      <Button disabled={!isReady} onClick={() => setOpen(true)}>
        Publish …
      </Button>
      <Ask
        title={`Publish release ${service.lastRelease + 1}`}
        verb="Publish"
        size="xl"
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        isReady={!isNamed || name !== ''}
        onDo={publish}
      >
        <Stack>
          {checked !== undefined && <Shown checked={checked} />}
          <Lines
            label="Notes: what changes for callers"
            value={notes}
            onChange={(e) => setNotes(e.currentTarget.value)}
          />
          {isNamed && (
            <TextInput
              label="Name of this version"
              placeholder="v1"
              required
              value={name}
              onChange={(e) => setName(e.currentTarget.value)}
            />
          )}
          {service.live.length > 0 && <Share value={share} onChange={setShare} />}
          <LentModels service={service} isForced={force} onChange={setForce} />
        </Stack>
      </Ask>
    </>
  );
}

function Shown({ checked: { diff, yaml } }: { checked: CheckedDraft }) {
  if (diff.length > 0) return <DiffLines lines={diff} label="what is served" />;
  return <Code label="Lines of weir.yaml" text={yaml} />;
}

/** Also moved by arrow keys. */
export function Share({ value, onChange }: { value: number; onChange: (share: number) => void }) {
  return (
    <div>
      <Text size="sm" fw={500} id="share-label">
        Share of callers that get it: {value} %
      </Text>
      <Slider
        min={1}
        max={100}
        value={value}
        onChange={onChange}
        label={(share) => `${share} %`}
        thumbLabel="Share of callers that get it"
        my="sm"
      />
      <Text size="sm" c="dimmed">
        {value === 100 ? 'Everybody, at once.' : 'The same callers each time; the others keep what is live now.'}
      </Text>
    </div>
  );
}
