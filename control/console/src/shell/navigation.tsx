/** The list of pages. The one that is open is marked for everybody: by weight and ground, and as the current page. */
import { NavLink, ScrollArea, Text } from '@mantine/core';
import { memo, useId } from 'react';
import { Link } from 'wouter';
import { mayOperate, type Session } from '../api/session.js';
import { groups, loadAhead, pages } from '../pages.js';

export function Navigation({ session, place }: { session: Session; place: string }) {
  return (
    <ScrollArea>
      {groups.map((group) => (
        <NavigationGroup key={group} group={group} session={session} here={hereIn(group, place)} />
      ))}
    </ScrollArea>
  );
}

/** The page of the group that is open, by its path; empty: none is. */
function hereIn(group: string, place: string): string {
  const isHere = ({ path }: { path: string }) =>
    path === '/' ? place === '/' : place === path || place.startsWith(`${path}/`);
  return pages.find((page) => page.label !== undefined && page.group === group && isHere(page))?.path ?? '';
}

interface NavigationGroupProps {
  readonly group: string;
  readonly session: Session;
  readonly here: string;
}

/** Remembered: opening a page changes two groups at most, and twenty links are a good part of what it costs. */
const NavigationGroup = memo(function NavigationGroup({ group, session, here }: NavigationGroupProps) {
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
        const isHere = path === here;
        return (
          <NavLink
            key={path}
            component={Link}
            href={path}
            label={label}
            onPointerEnter={() => loadAhead(path)}
            onFocus={() => loadAhead(path)}
            active={isHere}
            fw={isHere ? 600 : 400}
            {...(isHere ? { 'aria-current': 'page' as const } : {})}
          />
        );
      })}
    </section>
  );
});
