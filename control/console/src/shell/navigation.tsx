/** The list of pages. The one that is open is marked for everybody: by weight and ground, and as the current page. */
import { NavLink, ScrollArea, Text } from '@mantine/core';
import { useId } from 'react';
import { Link } from 'wouter';
import { mayOperate, type Session } from '../api/session.js';
import { groups, pages } from '../pages.js';

export function Navigation({ session, place }: { session: Session; place: string }) {
  return (
    <ScrollArea>
      {groups.map((group) => (
        <NavigationGroup key={group} group={group} session={session} place={place} />
      ))}
    </ScrollArea>
  );
}

function NavigationGroup({ group, session, place }: { group: string; session: Session; place: string }) {
  const id = useId();
  const shown = pages.filter(
    (page) => page.label !== undefined && page.group === group && (page.isForOperators !== true || mayOperate(session)),
  );
  if (shown.length === 0) return null;
  return (
    <section aria-labelledby={id}>
      <Text id={id} size="xs" c="dimmed" fw={600} mt={group === '' ? 0 : 'md'} mb={4} px="sm">
        {group === '' ? 'Weir' : group}
      </Text>
      {shown.map(({ path, label }) => {
        const isHere = path === '/' ? place === '/' : place === path || place.startsWith(`${path}/`);
        return (
          <NavLink
            key={path}
            component={Link}
            href={path}
            label={label}
            active={isHere}
            fw={isHere ? 600 : 400}
            {...(isHere ? { 'aria-current': 'page' as const } : {})}
          />
        );
      })}
    </section>
  );
}
