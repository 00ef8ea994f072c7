/** A text of some lines: its input grows with it. */
import { Textarea, type TextareaProps } from '@mantine/core';

export function Lines(props: TextareaProps) {
  return <Textarea autosize minRows={2} {...props} />;
}
