/** One's own things: colours, password, tokens. */
import { SegmentedControl, Stack, Text, useMantineColorScheme } from '@mantine/core';
import type { PageProps } from '../pages.js';
import { Page, Panel } from '../ui/page.js';
import { NewPassword } from './new-password.js';
import { RegistryDocument } from './registry-document.js';
import { Tokens } from './tokens.js';

export default function Settings({ session }: PageProps) {
  return (
    <Page title="Settings">
      <Colours />
      {session.kind === 'in' ? (
        <>
          <Panel title="Password">
            <NewPassword isFirst={false} />
          </Panel>
          <Tokens />
        </>
      ) : (
        <Panel title="Accounts">
          <Text size="sm">This control asks nobody to sign in: whoever reaches its address may do everything.</Text>
        </Panel>
      )}
      {session.kind === 'in' && session.user.isOperator && <RegistryDocument />}
    </Page>
  );
}

function Colours() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Panel title="Colours">
      <Stack gap="xs" align="flex-start">
        <SegmentedControl
          aria-label="Colours"
          value={colorScheme}
          onChange={(value) => setColorScheme(value === 'light' || value === 'dark' ? value : 'auto')}
          data={[
            { value: 'auto', label: 'As the system' },
            { value: 'light', label: 'Light' },
            { value: 'dark', label: 'Dark' },
          ]}
        />
      </Stack>
    </Panel>
  );
}
