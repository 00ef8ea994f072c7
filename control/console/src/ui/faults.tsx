/** Faults of what is being written, with their places and cures; warnings apart from errors, by word. */
import { List, Text } from '@mantine/core';
import { State } from './state.js';
import { several } from './words.js';

export interface ShownFault {
  readonly severity?: 'error' | 'warning';
  readonly line?: number | null;
  readonly path?: string | readonly (string | number)[];
  readonly message: string;
  readonly cure?: string | null;
}

export function Faults({ faults, isOk }: { faults: readonly ShownFault[]; isOk: boolean }) {
  const errors = faults.filter(({ severity }) => severity !== 'warning');
  if (faults.length === 0) return isOk ? <State mood="good">no faults</State> : null;
  return (
    <div>
      <State mood={isOk ? 'warn' : 'bad'}>
        {isOk ? several(faults.length, 'warning') : several(errors.length, 'fault')}
      </State>
      <List size="sm" mt={4}>
        {faults.map((fault) => (
          <List.Item key={`${placeOf(fault)} ${fault.message}`}>
            {fault.severity === 'warning' && 'warning: '}
            <strong>{placeOf(fault)}</strong> {fault.message}
            {(fault.cure ?? '') !== '' && (
              <Text size="sm" c="dimmed">
                → {fault.cure}
              </Text>
            )}
          </List.Item>
        ))}
      </List>
    </div>
  );
}

function placeOf({ line, path }: ShownFault): string {
  const where = typeof path === 'string' ? path : (path ?? []).join('.');
  const place = [typeof line === 'number' ? `line ${line}` : '', where].filter((part) => part !== '').join(', ');
  return place === '' ? '' : `${place}:`;
}
