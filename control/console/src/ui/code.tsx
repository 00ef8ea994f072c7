/** Text as it is written: blocks of it, and what differs, line by line. */
import { Text } from '@mantine/core';

/** Focusable, for whoever scrolls by keyboard. */
export function Code({ text, label }: { text: string; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section className="code" tabIndex={0} aria-label={label}>
      <pre>{text}</pre>
    </section>
  );
}

export interface DiffPart {
  readonly kind: string;
  readonly name: string;
  readonly change: 'added' | 'changed' | 'removed';
  /** Each begins with `+ `, `- ` or two spaces. */
  readonly lines: readonly string[];
}

/** Signs stand before each line, so colours only repeat them. */
export function Diff({ changes }: { changes: readonly DiffPart[] }) {
  return (
    <>
      {changes.map(({ kind, name, change, lines }) => (
        <section key={`${kind} ${name}`} aria-label={`${kind} ${name} ${change}`}>
          <Text size="sm" fw={600} mt="sm" mb={4}>
            {kind} {name === kind ? '' : name}{' '}
            <Text span c="dimmed" inherit>
              {change}
            </Text>
          </Text>
          <DiffLines lines={lines} label={`${kind} ${name}`} />
        </section>
      ))}
    </>
  );
}

export function DiffLines({ lines, label }: { lines: readonly string[]; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section className="code" tabIndex={0} aria-label={`Difference of ${label}`}>
      <pre>
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines repeat, and never move
          <span key={index} className={`line ${classOf(line)}`}>
            {line}
          </span>
        ))}
      </pre>
    </section>
  );
}

function classOf(line: string): string {
  if (line.startsWith('+')) return 'added';
  return line.startsWith('-') ? 'removed' : '';
}
