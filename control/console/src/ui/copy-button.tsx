/** Puts a text on the clipboard. Pages without TLS may have no clipboard: then it is shown to be marked by hand. */
import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useNews } from './news.js';

export function CopyButton({ label, text }: { label: string; text: string }) {
  const [isShown, setShown] = useState(false);
  const tell = useNews();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      tell('It is on the clipboard.');
    } catch {
      setShown(true);
    }
  };
  if (isShown)
    return <TextInput readOnly aria-label={label} value={text} onFocus={(event) => event.currentTarget.select()} />;
  return (
    <Button variant="default" onClick={() => void copy()}>
      {label}
    </Button>
  );
}
