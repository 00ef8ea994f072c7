/** A text to be edited as it is, in letters of one width. The Tab key leaves it, as everywhere else. */
import { Textarea } from '@mantine/core';

interface SourceProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly minRows?: number;
}

export function Source({ label, value, onChange, minRows = 12 }: SourceProps) {
  return (
    <Textarea
      label={label}
      spellCheck={false}
      autosize
      minRows={minRows}
      maxRows={30}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      classNames={{ input: 'source' }}
    />
  );
}
