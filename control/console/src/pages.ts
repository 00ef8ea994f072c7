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

const operators = { isForOperators: true } as const;
const services = { group: 'Services' } as const;
const traffic = { group: 'Traffic' } as const;
const changes = { group: 'Changes' } as const;
const people = { group: 'People' } as const;

export const pages: readonly PageEntry[] = [
  { path: '/', label: 'Overview', group: '', Page: lazy(() => import('./pages/overview.js')) },

  { ...services, path: '/services', label: 'Services', Page: lazy(() => import('./pages/services.js')) },
  { path: '/services/new', Page: lazy(() => import('./pages/new-service.js')) },
  { path: '/services/:id/:tab?', Page: lazy(() => import('./pages/service.js')) },
  { ...services, path: '/catalogue', label: 'Catalogue', Page: lazy(() => import('./pages/catalogue.js')) },
  { path: '/catalogue/:id', Page: lazy(() => import('./pages/catalogue-entry.js')) },
  { ...services, path: '/applications', label: 'Applications', Page: lazy(() => import('./pages/applications.js')) },
  { path: '/applications/:id', Page: lazy(() => import('./pages/application.js')) },

  { ...traffic, path: '/calls', label: 'Calls', Page: lazy(() => import('./pages/calls.js')) },
  { ...traffic, path: '/doctor', label: 'Timeout doctor', Page: lazy(() => import('./pages/doctor.js')) },
  {
    ...{ ...traffic, ...operators, path: '/upstreams', label: 'Routes and upstreams' },
    Page: lazy(() => import('./pages/upstreams.js')),
  },
  { ...traffic, ...operators, path: '/cache', label: 'Cache', Page: lazy(() => import('./pages/cache.js')) },
  { ...traffic, ...operators, path: '/limits', label: 'Limits', Page: lazy(() => import('./pages/limits.js')) },
  { ...traffic, ...operators, path: '/ai', label: 'AI', Page: lazy(() => import('./pages/ai.js')) },

  {
    ...{ ...changes, ...operators, path: '/revisions', label: 'Configuration' },
    Page: lazy(() => import('./pages/revisions.js')),
  },
  { path: '/revisions/new/:changes?', Page: lazy(() => import('./pages/new-revision.js')) },
  { path: '/revisions/:number', Page: lazy(() => import('./pages/revision.js')) },
  { ...changes, ...operators, path: '/rollouts', label: 'Rollouts', Page: lazy(() => import('./pages/rollouts.js')) },
  { ...changes, ...operators, path: '/audit', label: 'Audit', Page: lazy(() => import('./pages/audit.js')) },

  { ...people, path: '/teams', label: 'Teams', Page: lazy(() => import('./pages/teams.js')) },
  { path: '/teams/:id', Page: lazy(() => import('./pages/team.js')) },
  { ...people, ...operators, path: '/users', label: 'Users', Page: lazy(() => import('./pages/users.js')) },
  { ...people, path: '/settings', label: 'Settings', Page: lazy(() => import('./pages/settings.js')) },
];
