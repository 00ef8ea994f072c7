/**
 * The pages by their addresses, and where they stand in the navigation. Lists are opened all day, and are little more than their columns: they come with
 * the console, so that one is opened by one question to control. What is larger, or seldom, is a file of its own, loaded when it is opened.
 */
import type { ComponentType } from 'react';
import type { Session } from './api/session.js';
import { isAt } from './is-at.js';
import Applications from './pages/applications.js';
import Audit from './pages/audit.js';
import Calls from './pages/calls.js';
import Catalogue from './pages/catalogue.js';
import Overview from './pages/overview.js';
import Services from './pages/services.js';
import Teams from './pages/teams.js';
import Upstreams from './pages/upstreams.js';
import Users from './pages/users.js';
import { type OnDemand, onDemand } from './ui/on-demand.js';

export interface PageProps {
  readonly session: Session;
  readonly params: Readonly<Record<string, string | undefined>>;
}

export interface PageEntry {
  /** Of wouter: `/services/:id`. */
  readonly path: string;
  readonly Page: ComponentType<PageProps> | OnDemand<PageProps>;
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
  { path: '/', label: 'Overview', group: '', Page: Overview },

  { ...services, path: '/services', label: 'Services', Page: Services },
  { path: '/services/new', Page: onDemand(() => import('./pages/new-service.js')) },
  { path: '/services/:id/:tab?', Page: onDemand(() => import('./pages/service.js')) },
  { ...services, path: '/catalogue', label: 'Catalogue', Page: Catalogue },
  { path: '/catalogue/:id', Page: onDemand(() => import('./pages/catalogue-entry.js')) },
  {
    ...services,
    path: '/applications',
    label: 'Applications',
    Page: Applications,
  },
  { path: '/applications/:id', Page: onDemand(() => import('./pages/application.js')) },

  { ...traffic, path: '/calls', label: 'Calls', Page: Calls },
  { ...traffic, path: '/doctor', label: 'Timeout doctor', Page: onDemand(() => import('./pages/doctor.js')) },
  {
    ...{ ...traffic, ...operators, path: '/upstreams', label: 'Routes and upstreams' },
    Page: Upstreams,
  },
  { ...traffic, ...operators, path: '/cache', label: 'Cache', Page: onDemand(() => import('./pages/cache.js')) },
  { ...traffic, ...operators, path: '/limits', label: 'Limits', Page: onDemand(() => import('./pages/limits.js')) },
  { ...traffic, ...operators, path: '/ai', label: 'AI', Page: onDemand(() => import('./pages/ai.js')) },

  {
    ...{ ...changes, ...operators, path: '/revisions', label: 'Configuration' },
    Page: onDemand(() => import('./pages/revisions.js')),
  },
  { path: '/revisions/new/:changes?', Page: onDemand(() => import('./pages/new-revision.js')) },
  { path: '/revisions/:number', Page: onDemand(() => import('./pages/revision.js')) },
  {
    ...changes,
    ...operators,
    path: '/rollouts',
    label: 'Rollouts',
    Page: onDemand(() => import('./pages/rollouts.js')),
  },
  { ...changes, ...operators, path: '/audit', label: 'Audit', Page: Audit },

  { ...people, path: '/teams', label: 'Teams', Page: Teams },
  { path: '/teams/:id', Page: onDemand(() => import('./pages/team.js')) },
  { ...people, ...operators, path: '/users', label: 'Users', Page: Users },
  { ...people, path: '/settings', label: 'Settings', Page: onDemand(() => import('./pages/settings.js')) },
];

/** Has the file of a page loaded before it is shown: while control is asked who is here, or a link is pointed at. */
export function loadAhead(place: string): void {
  const Page = pages.find(({ path }) => isAt(path, place))?.Page;
  if (Page !== undefined && 'ahead' in Page) Page.ahead();
}
