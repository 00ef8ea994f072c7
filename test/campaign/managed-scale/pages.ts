/** The console's own pages in a real browser: how long after one was chosen its list is there to be read. */
import type { Browser } from 'playwright-core';
import { openPage } from '../../support/browser.js';
import type { Person } from './people.js';

export interface OpenedPage {
  readonly name: string;
  readonly address: string;
  /** Of its list, for screen readers. */
  readonly table: string;
}

export const pagesOf = (isOperator: boolean): readonly OpenedPage[] => [
  { name: 'catalogue', address: '/catalogue', table: 'Catalogue' },
  { name: 'services', address: '/services', table: 'Services' },
  { name: 'applications', address: '/applications', table: 'Applications' },
  { name: 'teams', address: '/teams', table: 'Teams' },
  ...(isOperator
    ? [
        { name: 'users', address: '/users', table: 'Users' },
        { name: 'audit', address: '/audit', table: 'Entries' },
        { name: 'calls', address: '/calls', table: 'Latest calls' },
        { name: 'routes and upstreams', address: '/upstreams', table: 'Targets' },
        { name: 'overview', address: '/', table: 'Nodes of this control' },
      ]
    : []),
];

export interface Opened {
  /** From the click to the list, by page. */
  readonly listMs: ReadonlyMap<string, number[]>;
  /** From an empty window to the first page. */
  readonly loadMs: number[];
  readonly complaints: readonly string[];
}

/** What nothing else is on while it is loaded: the console begins there each time, with nothing in memory. */
const QUIET = '/settings';

export async function openPages(
  browser: Browser,
  admin: string,
  person: Person,
  pages: readonly OpenedPage[],
  rounds: number,
): Promise<Opened> {
  const { page, complaints } = await openPage(browser, admin, { width: 1280, height: 900 }, 'light');
  await page.context().addCookies([person.cookie]);
  const listMs = new Map<string, number[]>(pages.map(({ name }) => [name, []]));
  const loadMs: number[] = [];
  for (let round = 0; round < rounds; round += 1)
    for (const { name, address, table } of pages) {
      const from = performance.now();
      await page.goto(`${admin}/?round=${round}-${encodeURIComponent(name)}#${QUIET}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      loadMs.push(performance.now() - from);
      listMs.get(name)?.push(await page.evaluate(waited, { address, table }));
    }
  await page.context().close();
  return { listMs, loadMs, complaints };
}

/** Runs in the page: goes to the address, and waits for a row of the table to be painted. */
function waited({ address, table }: { readonly address: string; readonly table: string }): Promise<number> {
  // What a browser has, and this program's own types do not.
  const at = globalThis as unknown as {
    location: { hash: string };
    document: { querySelector(selector: string): unknown };
    requestAnimationFrame(run: () => void): void;
    performance: { now(): number };
  };
  const selector = `table[aria-label="${table}"] tbody tr`;
  const from = at.performance.now();
  at.location.hash = address;
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const ms = at.performance.now() - from;
      if (at.document.querySelector(selector) !== null) resolve(ms);
      else if (ms > 60_000) reject(new Error(`${address} shows no ${table}`));
      else at.requestAnimationFrame(look);
    };
    at.requestAnimationFrame(look);
  });
}
