/** What commands about people and what they manage ask of /v1, and what they say where nothing came of it. */
import { randomBytes } from 'node:crypto';
import { baseOf, type Posted, sendJson } from './ask.js';
import { credentialFor, whyRefused } from './credential.js';
import { noAdmin } from './status.js';
import { printable } from './terminal.js';

export interface ManageOptions {
  readonly json: boolean;
  readonly admin: string;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const WITHIN_MS = 15_000;
const ATTEMPTS_MAX = 3;
/** Whether it is in the log is not known. */
const UNCERTAIN = 504;

/** The answer as it is, an empty object where it has none; null: it was told why there is none. */
export async function manage<Answer extends object>(
  method: Method,
  path: string,
  { admin }: Pick<ManageOptions, 'admin'>,
  sent?: object,
): Promise<Answer | null> {
  const base = baseOf(admin);
  const asked = await untilCertain(method, path, base, sent);
  if (asked.kind !== 'answer') {
    process.stderr.write(noAdmin(asked, base));
    return null;
  }
  // The service of the same release writes this type.
  if (asked.status < 300) return asked.told as Answer;
  tellRefusal(asked.status, asked.told, base);
  return null;
}

/** What is sent, or told, is a text: a document. An answer that is no JSON is `{ text }`. */
export async function manageText<Answer extends object>(
  method: Method,
  path: string,
  { admin }: Pick<ManageOptions, 'admin'>,
  sent?: string,
  withinMs = WITHIN_MS,
): Promise<Answer | null> {
  const base = baseOf(admin);
  const content = sent === undefined ? {} : { body: sent };
  const type = sent === undefined ? {} : { 'content-type': 'application/yaml' };
  let answer: Response;
  let body: string;
  try {
    const headers = { ...type, ...credentialFor(base) };
    answer = await fetch(new URL(path, base), { method, headers, ...content, signal: AbortSignal.timeout(withinMs) });
    body = await answer.text();
  } catch (error) {
    process.stderr.write(noAdmin({ kind: 'silence', reason: error instanceof Error ? error.message : '' }, base));
    return null;
  }
  const isJson = /json/.test(answer.headers.get('content-type') ?? '');
  // The service of the same release writes this type.
  const told = (isJson ? JSON.parse(body) : { text: body }) as Answer;
  if (answer.status < 300) return told;
  tellRefusal(answer.status, told, base);
  return null;
}

function tellRefusal(status: number, told: object, base: string): void {
  const detail = printable(String(Reflect.get(told, 'detail')));
  process.stderr.write(status === 401 || status === 403 ? whyRefused(status, detail, base) : `weir: ${detail}\n`);
  const faults: unknown = Reflect.get(told, 'faults');
  for (const fault of Array.isArray(faults) ? faults : []) process.stderr.write(faultOf(fault));
}

/** With a key of its own, so that it is done once however often it is sent. */
async function untilCertain(method: Method, path: string, base: string, sent: object | undefined): Promise<Posted> {
  const headers: Record<string, string> =
    method === 'GET' ? {} : { 'idempotency-key': randomBytes(16).toString('hex') };
  for (let attempt = 1; ; attempt += 1) {
    const asked = await sendJson(method, path, base, { sent, headers, withinMs: WITHIN_MS });
    const isOpen = asked.kind === 'answer' && asked.status === UNCERTAIN;
    if (!isOpen || attempt === ATTEMPTS_MAX) return asked;
  }
}

function faultOf(fault: unknown): string {
  const { path, message, cure } = fault as Record<string, unknown>; // A problem of the same release.
  return `  ${printable(`${path}: ${message}; ${cure}`)}\n`;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

const PAGES_MAX = 1_000;

/** All pages of a list; null: it was told why not. */
export async function listAll<Item>(
  path: string,
  options: Pick<ManageOptions, 'admin'>,
): Promise<readonly Item[] | null> {
  const items: Item[] = [];
  let after = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const mark = path.includes('?') ? '&' : '?';
    const told = await manage<Page<Item>>('GET', `${path}${mark}max=200${after}`, options);
    if (told === null) return null;
    items.push(...told.items);
    if (told.next === null) return items;
    after = `&after=${encodeURIComponent(told.next)}`;
  }
  return items;
}

/** The user of a login, for operators and owners; null: it was told that there is none. */
export async function userOf(login: string, options: Pick<ManageOptions, 'admin'>): Promise<string | null> {
  const path = `/v1/people?login=${encodeURIComponent(login)}`;
  const told = await manage<Page<{ readonly id: string }>>('GET', path, options);
  if (told === null) return null;
  const id = told.items[0]?.id;
  if (id === undefined) process.stderr.write(`weir: there is no user ${printable(login)}; weir users list\n`);
  return id ?? null;
}

/** What was made, or changed: as it is with --json, else in one line. */
export function tell(told: object, { json }: Pick<ManageOptions, 'json'>, line: string): void {
  process.stdout.write(json ? `${JSON.stringify(told)}\n` : `${line}\n`);
}
