/** The pages by their addresses, and where they stand in the navigation. Each is a file of its own, loaded when it is opened. */
import { type ComponentType, lazy } from 'react';
import type { Session } from './api/session.js';

export interface PageProps {
  readonly session: Session;
  readonly params: Readonly<Record<string, string | undefined>>;
}

export interface PageEntry {
  /** Of wouter: `/services/:id`. */
  readonly path: string;
  readonly Page: ComponentType<PageProps>;
  /** Left out: reached from another page. */
  readonly label?: string;
  readonly group?: Group;
  /** Shown to operators alone; control decides by itself what it answers. */
  readonly isForOperators?: boolean;
}

export const groups = ['', 'Services', 'Traffic', 'Changes', 'People'] as const;
export type Group = (typeof groups)[number];

export const pages: readonly PageEntry[] = [
  { path: '/', label: 'Overview', group: '', Page: lazy(() => import('./pages/overview.js')) },
  {
    ...{ path: '/upstreams', label: 'Routes and upstreams', group: 'Traffic', isForOperators: true },
    Page: lazy(() => import('./pages/upstreams.js')),
  },
  {
    ...{ path: '/doctor', label: 'Timeout doctor', group: 'Traffic', isForOperators: true },
    Page: lazy(() => import('./pages/doctor.js')),
  },
  {
    ...{ path: '/cache', label: 'Cache', group: 'Traffic', isForOperators: true },
    Page: lazy(() => import('./pages/cache.js')),
  },
  {
    ...{ path: '/revisions', label: 'Configuration', group: 'Changes', isForOperators: true },
    Page: lazy(() => import('./pages/revisions.js')),
  },
  { path: '/revisions/new', Page: lazy(() => import('./pages/new-revision.js')) },
  { path: '/revisions/:number', Page: lazy(() => import('./pages/revision.js')) },
  {
    ...{ path: '/rollouts', label: 'Rollouts', group: 'Changes', isForOperators: true },
    Page: lazy(() => import('./pages/rollouts.js')),
  },
  { path: '/settings', label: 'Settings', group: 'People', Page: lazy(() => import('./pages/settings.js')) },
];
