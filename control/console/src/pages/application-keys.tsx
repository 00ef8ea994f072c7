/** New keys: made, rotated with an overlap, and shown once. */
import { Button, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { NewKey as Made } from '../api/managed.js';
import { useSend } from '../api/queries.js';
import { Ask } from '../ui/ask.js';
import { CopyButton } from '../ui/copy-button.js';
import { Lines } from '../ui/lines.js';
import { OnceOnly } from '../ui/once-only.js';
import { textsOf } from '../ui/texts-of.js';
import { dayOf } from '../ui/words.js';

const HOUR_MS = 3_600_000;

const overlaps = [
  { value: '0', label: 'at once' },
  { value: String(HOUR_MS), label: 'in an hour' },
  { value: String(24 * HOUR_MS), label: 'in a day' },
  { value: String(7 * 24 * HOUR_MS), label: 'in a week' },
];

export function NewKey({ applicationId }: { applicationId: string }) {
  const [form, setForm] = useState({ name: '', expires: '', publicKey: '' });
  const text = textsOf(form, (part) => setForm((before) => ({ ...before, ...part })));
  const { name, expires, publicKey } = form;
  const make = () => ({
    path: `/v1/applications/${applicationId}/keys`,
    body: { name, expiresWallMs: dayOf(expires), publicKey: publicKey.trim() },
  });
  return (
    <KeyMaker label="New key" title="New key" verb="Make it" isReady={name !== ''} order={make}>
      <TextInput label="Name: where it is used" required {...text('name')} />
      <TextInput label="Expires (optional)" type="date" {...text('expires')} />
      <Lines
        label="Public key (optional)"
        description="For tokens that the application signs itself, in place of a key: PEM, or a JWK."
        placeholder="-----BEGIN PUBLIC KEY-----"
        {...text('publicKey')}
      />
    </KeyMaker>
  );
}

export function RotateKey({
  applicationId,
  keyId,
  lastFour,
}: {
  applicationId: string;
  keyId: string;
  lastFour: string;
}) {
  const [overlap, setOverlap] = useState(String(24 * HOUR_MS));
  const make = () => ({
    path: `/v1/applications/${applicationId}/keys/${keyId}/rotate`,
    body: { overlapMs: Number(overlap) },
  });
  return (
    <KeyMaker label="Rotate" title={`A new key for …${lastFour}`} verb="Rotate" isReady order={make}>
      <Text size="sm">Both work until the old one ends, so callers can be changed one after the other.</Text>
      <NativeSelect
        label="The old one ends"
        data={overlaps}
        value={overlap}
        onChange={(event) => setOverlap(event.currentTarget.value)}
      />
    </KeyMaker>
  );
}

interface KeyMakerProps {
  readonly label: string;
  readonly title: string;
  readonly verb: string;
  readonly isReady: boolean;
  readonly order: () => { readonly path: string; readonly body: object };
  readonly children: ReactNode;
}

function KeyMaker({ label, title, verb, isReady, order, children }: KeyMakerProps) {
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState('');
  const send = useSend<Made>();
  const make = async () => {
    const { key } = await send.mutateAsync({ method: 'POST', ...order() });
    setMade(key ?? '');
  };
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setOpen(true)}>
        {label}
      </Button>
      <Ask title={title} verb={verb} isOpen={isOpen} onClose={() => setOpen(false)} isReady={isReady} onDo={make}>
        <Stack gap="sm">{children}</Stack>
      </Ask>
      <ShownOnce what="key" secret={made} onClose={() => setMade('')} />
    </>
  );
}

/** A secret that nobody can be told again. It stays until it is closed by its button. */
export function ShownOnce({ what, secret, onClose }: { what: string; secret: string; onClose: () => void }) {
  return (
    <Modal
      opened={secret !== ''}
      onClose={onClose}
      title={`The new ${what}`}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <Stack>
        <OnceOnly title="It is shown this once">Keep it where secrets are kept. Only its hash is stored here.</OnceOnly>
        <TextInput
          readOnly
          label={`The ${what}`}
          value={secret}
          ff="monospace"
          onFocus={(event) => event.currentTarget.select()}
        />
        <CopyButton label="Copy" text={secret} />
        <Button onClick={onClose}>I have kept it</Button>
      </Stack>
    </Modal>
  );
}
