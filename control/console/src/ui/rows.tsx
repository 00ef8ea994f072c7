/** A table, which on a narrow screen is a list of cards: nothing has to be scrolled sideways. */
import { Button, Group } from '@mantine/core';
import { type ReactNode, useState } from 'react';

export interface Column<T> {
  /** Empty: of buttons, which name themselves. */
  readonly label: string;
  readonly show: (row: T) => ReactNode;
}

interface RowsProps<T> {
  /** What the rows are, for screen readers. */
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly idOf: (row: T) => string;
}

/* Roles are written out: styles that make cards of rows take the meaning of the elements away. */
export function Rows<T>({ label, rows, columns, idOf }: RowsProps<T>) {
  return (
    <table className="rows" aria-label={label}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.label} scope="col">
              {column.label === '' ? <span className="hidden">Actions</span> : column.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={idOf(row)}>
            {columns.map((column) => (
              <td key={column.label} data-label={column.label}>
                <div>{column.show(row)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const SHOWN_FIRST = 25;
const SHOWN_MORE = 100;

/** Rows that are all here, and may be many: the first of them, until more are asked for. */
export function LongRows<T>({ rows, ...rest }: RowsProps<T>) {
  const [shown, setShown] = useState(SHOWN_FIRST);
  const more = { hasNextPage: rows.length > shown, isFetchingNextPage: false };
  return (
    <>
      <Rows rows={rows.slice(0, shown)} {...rest} />
      <More of={{ ...more, fetchNextPage: () => setShown(shown + SHOWN_MORE) }} />
    </>
  );
}

interface Paged {
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  readonly fetchNextPage: () => unknown;
}

export function More({ of }: { of: Paged }) {
  if (!of.hasNextPage) return null;
  return (
    <Group justify="center" mt="sm">
      <Button variant="default" loading={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>
        Show more
      </Button>
    </Group>
  );
}
