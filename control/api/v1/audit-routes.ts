/** The audit: the log of the registry, newest first, for operators; and all of it as lines of JSON, oldest last. */
import * as z from 'zod';
import type { AuditEntry } from '../../model/entities.js';
import type { Registry } from '../../registry/registry.js';
import { type ApiAnswer, type ApiRoute, apiRoute, type Caller } from './api-route.js';
import { type AuditFilter, isMeant, type ShownEntry, showEntry } from './audit-view.js';
import type { ApiProblem } from './problems.js';

const PAGE_READ = 200;
/** Looked through for one page of what a filter means; `next` goes on from there. */
const READ_MAX = 1_000;
/** Entries before it in which it is looked for what was there before; what they have changed is unpacked for that. */
const OLDER_MAX = 200;

const query = z.strictObject({
  before: z.coerce.number().int().min(0).max(1e15).default(0),
  max: z.coerce.number().int().min(1).max(200).default(50),
  who: z.string().max(100).optional(),
  what: z.string().max(100).optional(),
  on: z.string().max(300).optional(),
});

const away: ApiProblem = {
  problem: {
    ...{ status: 503, title: 'Service Unavailable', detail: 'The log of the registry cannot be read now.' },
    headers: { 'retry-after': '2' },
  },
};

const base = { method: 'GET', area: 'audit', needs: 'operator' } as const;

export function auditRoutes(registry: Pick<Registry, 'audit'>): readonly ApiRoute[] {
  const list = apiRoute({
    ...{ ...base, path: '/v1/audit', name: 'listAudit', summary: 'Who did what, when and from where, newest first' },
    query,
    async handle({ query: { before, max, ...filter } }): Promise<ApiAnswer> {
      const page = await pageOf(registry, before, max, filter);
      return page === null ? away : { status: 200, body: page };
    },
  });
  const all = apiRoute({
    ...{ ...base, path: '/v1/audit/export', name: 'exportAudit', summary: 'All of it, as lines of JSON, newest first' },
    async handle({ caller }): Promise<ApiAnswer> {
      // The first page is read before it is said that there are any.
      const first = await registry.audit(0, PAGE_READ);
      if (first === null) return away;
      return { status: 200, contentType: 'application/x-ndjson', text: linesOf(registry, first, caller) };
    },
  });
  return [list, all];
}

async function pageOf(registry: Pick<Registry, 'audit'>, before: number, max: number, filter: AuditFilter) {
  const read: AuditEntry[] = [];
  const meant: number[] = [];
  let from = before;
  while (read.length < READ_MAX && meant.length <= max) {
    const page = await registry.audit(from, PAGE_READ);
    if (page === null) return null;
    for (const entry of page) {
      if (isMeant(entry, filter)) meant.push(read.length);
      read.push(entry);
    }
    const last = page.at(-1)?.number ?? 0;
    if (page.length < PAGE_READ || last <= 1)
      return { items: shown(read, meant.slice(0, max)), next: nextOf(read, meant, max) };
    from = last;
  }
  const isMore = meant.length > max;
  return {
    items: shown(read, meant.slice(0, max)),
    next: isMore ? nextOf(read, meant, max) : (read.at(-1)?.number ?? null),
  };
}

function shown(read: readonly AuditEntry[], places: readonly number[]): readonly ShownEntry[] {
  return places.flatMap((place) => {
    const entry = read[place];
    return entry === undefined ? [] : [showEntry(entry, read.slice(place + 1, place + 1 + OLDER_MAX), true)];
  });
}

/** `before` of the page that follows; null: there is none. */
function nextOf(read: readonly AuditEntry[], meant: readonly number[], max: number): number | null {
  const last = meant[max - 1];
  return meant.length > max && last !== undefined ? (read[last]?.number ?? null) : null;
}

async function* linesOf(
  registry: Pick<Registry, 'audit'>,
  first: readonly AuditEntry[],
  caller: Caller,
): AsyncGenerator<string> {
  for (let page: readonly AuditEntry[] | null = first; page !== null && page.length > 0; ) {
    const entries: readonly AuditEntry[] = page;
    yield entries.map((entry, i) => `${JSON.stringify(showEntry(entry, entries.slice(i + 1), false))}\n`).join('');
    const last = entries.at(-1)?.number ?? 0;
    // A log that can't be read on is told by an end without its first entry, number 1; and who may read it no longer gets no more of it.
    const isOver = last <= 1 || caller.again()?.isOperator !== true;
    page = isOver ? null : await registry.audit(last, PAGE_READ);
  }
}
