/** Takes one of several rows away. What it is of is said to whoever can't see the row that it stands in. */
import { Button } from '@mantine/core';

export function RemoveButton({ what, onRemove }: { what: string; onRemove: () => void }) {
  return (
    <Button variant="subtle" size="compact-xs" w="fit-content" onClick={onRemove} aria-label={`Remove ${what}`}>
      Remove
    </Button>
  );
}
