/** Says that what stands below it can't be seen a second time. */
import { Alert, Text } from '@mantine/core';

/** The title has the colour of text: orange on white is too faint to be read by all. */
const readable = { title: { color: 'var(--mantine-color-text)' } };

export function OnceOnly({ title, children }: { title: string; children: string }) {
  return (
    <Alert variant="outline" color="orange" title={title} styles={readable}>
      <Text size="sm">{children}</Text>
    </Alert>
  );
}
