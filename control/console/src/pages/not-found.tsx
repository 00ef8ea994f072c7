/** An address that no page has. */
import { Anchor } from '@mantine/core';
import { Link } from 'wouter';
import { Empty, Page } from '../ui/page.js';

export function NotFound() {
  return (
    <Page title="No such page">
      <Empty
        title="Nothing has this address"
        action={
          <Anchor component={Link} href="/">
            Overview
          </Anchor>
        }
      >
        It may be of another release, or mistyped. The navigation has all pages that there are.
      </Empty>
    </Page>
  );
}
