/** What a draft comes to: its faults, the lines of weir.yaml that it stands for, and what differs from what is published. */
import { Stack } from '@mantine/core';
import type { CheckedDraft } from '../../api/managed.js';
import { Code } from '../../ui/code.js';
import { Faults } from '../../ui/faults.js';
import { Panel } from '../../ui/page.js';
import { ProblemAlert } from '../../ui/problem-alert.js';
import { State } from '../../ui/state.js';

export function Made({ checked, error }: { checked: CheckedDraft | undefined; error: Error | null }) {
  return (
    <Panel title="What it comes to">
      <Stack gap="sm">
        {error !== null && <ProblemAlert error={error} />}
        <div aria-live="polite">
          {checked !== undefined && (
            <>
              {checked.conflict !== null && <State mood="bad">{checked.conflict}</State>}
              <Faults faults={checked.faults} isOk={checked.ok} />
            </>
          )}
        </div>
        {checked !== undefined && checked.yaml !== '' && <Code label="Lines of weir.yaml" text={checked.yaml} />}
      </Stack>
    </Panel>
  );
}
