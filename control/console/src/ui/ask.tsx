/** A dialog that asks before something is done, with a form where more has to be said. It holds the focus, and gives it back. */
import { Button, Group, Modal, Stack } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { flushSync } from 'react-dom';
import { ProblemAlert } from './problem-alert.js';

interface AskProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Of the button that does it. */
  readonly verb: string;
  readonly isGrave?: boolean;
  readonly isReady?: boolean;
  /** Rejects with what is shown; the dialog then stays. */
  readonly onDo: () => Promise<unknown>;
  readonly size?: 'md' | 'xl';
  readonly children: ReactNode;
}

export function Ask({
  title,
  isOpen,
  onClose,
  verb,
  isGrave = false,
  isReady = true,
  onDo,
  size = 'md',
  children,
}: AskProps) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const close = () => {
    setError(null);
    onClose();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await onDo();
      close();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={isOpen} onClose={close} title={title} size={size} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack>
          {children}
          {error !== null && <ProblemAlert error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy} disabled={!isReady} {...(isGrave ? { color: 'red.9' } : {})}>
              {verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface AskButtonProps extends Omit<AskProps, 'isOpen' | 'onClose'> {
  readonly label: string;
  /** What most come to the page for. */
  readonly isMain?: boolean;
  /** The time to ask control for what the form offers. */
  readonly onOpen?: () => void;
}

/** A button with its question. */
export function AskButton({ label, isGrave = false, isMain = false, onOpen, ...ask }: AskButtonProps) {
  const [isOpen, setOpen] = useState(false);
  const [isThere, setThere] = useState(false);
  const open = () => {
    // A dialog for each of three buttons in fifty rows is made for nobody; it is there before it opens, for it gives the focus back.
    flushSync(() => setThere(true));
    setOpen(true);
    onOpen?.();
  };
  return (
    <>
      {isMain ? (
        <Button onClick={open}>{label}</Button>
      ) : (
        <button type="button" className="small" onClick={open}>
          {label}
        </button>
      )}
      {isThere && <Ask {...ask} isGrave={isGrave} isOpen={isOpen} onClose={() => setOpen(false)} />}
    </>
  );
}
