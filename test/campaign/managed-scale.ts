/**
 * A large house on one `weir up`: ten thousand published services, a hundred thousand keys. How long each list of the admin API and each page of the
 * console takes then, for an operator and for a member of a few teams, quiet and while keys change every moment; how long a start takes; and how
 * long after a key was made, or revoked, or a service was published, the gateway goes by it.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { LogEntry } from '@weir/control/log/revision.js';
import { lmdbStore } from '@weir/control/registry/lmdb-store.js';
import { openEmbeddedRegistry } from '@weir/control/registry/open-registry.js';
import { applicationOfKey, subscribedService, writeLarge } from '@weir/control/registry/testing/large-registry.js';
import { memoryLog } from '@weir/proto/bus/memory-log.js';
import { openBrowser } from '../support/browser.js';
import { ensureBuilt } from '../support/built.js';
import { cpuMs, rssBytes } from '../support/process-memory.js';
import { onStage, passed, type Stage, until } from '../support/stage.js';
import { type WeirUp, weirUp } from '../support/weir-up.js';
import { quantile, type Report, showBytes, showMs } from './campaign.js';
import { openPages, pagesOf } from './managed-scale/pages.js';
import { Person } from './managed-scale/people.js';
import { type Question, questionsOf, type Size } from './managed-scale/questions.js';

export interface ManagedScale extends Size {
  /** How often each question is asked, by each of the two. */
  readonly rounds: number;
  /** How often each page is opened; 0: no browser is. */
  readonly pageRounds: number;
  /** Changes that are followed until they are in force, of each kind. */
  readonly changes: number;
  /** That is promised of the 95th percentile of each list and page. */
  readonly p95Ms: number;
}

export const fullManagedScale: ManagedScale = {
  ...{ services: 10_000, keys: 100_000, teams: 200, users: 1_000 },
  ...{ rounds: 40, pageRounds: 40, changes: 5, p95Ms: 200 },
};

/** Of services that are called before anything is measured, so that charts and top lists have something to tell. */
const CALLED_MAX = 2_000;
const ENTRIES_MAX = 1_000_000;
const READ_AT_ONCE = 1_000;
const IN_FORCE_WITHIN_MS = 2 * 60_000;
const MEMBER_OF = ['team-0', 'team-1', 'team-2'];

const config = `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
routes: [{ id: rest, match: /*, respond: 404 }]
`;

const keyOf = (key: number): string => `weir_k_${String(key).padStart(49, '0')}`;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const words = ['order', 'invoice', 'parcel', 'stock', 'price', 'user', 'report', 'search'];
const basePathOf = (service: number): string => `/${words[service % words.length]}/s${service}`;

interface House {
  readonly scale: ManagedScale;
  readonly weir: WeirUp;
  readonly figures: Record<string, string | number>;
  readonly broken: string[];
}

export function runManagedScale(scale: ManagedScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const folder = stage.folder();
    await writeRegistry(stage, folder, scale);
    const from = performance.now();
    const weir = await weirUp(stage, config, folder);
    const startedMs = performance.now() - from;
    const house: House = { scale, weir, figures: {}, broken: [] };
    const { figures } = house;
    figures['the house'] = `${scale.services} services, ${scale.keys} keys, ${scale.teams} teams, ${scale.users} users`;
    figures['from start to serving all of them'] = showMs(startedMs);
    figures['CPU of it, control and node'] = (await cpuOf(weir)).map(showMs).join(', ');
    figures['memory at the start, control and node'] = await memoryOf(weir);
    const operator = await Person.signedIn(weir.admin, 'scale-operator', true, []);
    const member = await Person.signedIn(weir.admin, 'scale-member', false, MEMBER_OF);
    await callServices(house);
    await measureChanges(house, operator);
    await measureLists(house, 'operator', operator, questionsOf(scale, true));
    await measureLists(house, 'member', member, questionsOf(scale, false));
    await measureWhileChanging(house, operator);
    if (scale.pageRounds > 0) await measurePages(stage, house, operator, member);
    figures['memory at the end, control and node'] = await memoryOf(weir);
    figures['load average at the end'] = (loadavg()[0] ?? 0).toFixed(1);
    return { figures, broken: house.broken };
  });
}

async function writeRegistry(stage: Stage, folder: string, scale: ManagedScale): Promise<void> {
  const upstream = createServer((_request, response) => response.end('ok'));
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  stage.onEnd(() => void upstream.close());
  const { port } = upstream.address() as AddressInfo; // It listens on a port.
  const log = memoryLog({ messagesMax: ENTRIES_MAX, bytesMax: 1024 * 1024 * 1024 });
  const sha256Of = (key: number): string => sha256(keyOf(key));
  await writeLarge(log, scale, { target: `http://127.0.0.1:${port}`, sha256Of, changesAtOnce: 1 });
  const entries: LogEntry[] = [];
  for (let records = await log.read(1, READ_AT_ONCE); records !== null && records.length > 0; ) {
    entries.push(...records);
    records = await log.read((records.at(-1)?.number ?? 0) + 1, READ_AT_ONCE);
  }
  const file = join(folder, 'state', 'registry.mdb');
  const store = lmdbStore(file);
  // As if each had been a command of its own, and on disk in one piece: one by one would take half an hour.
  store.log.replaceAfter(0, entries);
  await store.close();
  // With its rows beside it, as a control leaves it behind.
  const registry = await openEmbeddedRegistry({ file, wallMs: Date.now, say: () => {}, reservedPaths: () => [] });
  await registry.close();
}

async function memoryOf(weir: WeirUp): Promise<string> {
  return `${showBytes(rssBytes(weir.pid))}, ${showBytes(rssBytes(await weir.nodePid()))}`;
}

async function cpuOf(weir: WeirUp): Promise<number[]> {
  return [cpuMs(weir.pid), cpuMs(await weir.nodePid())];
}

/** The status that the gateway answers a request for a service with. */
async function called({ weir }: House, path: string, key: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${weir.port}${path}`, { headers: { 'x-api-key': key } });
  await answer.text();
  return answer.status;
}

async function callServices(house: House): Promise<void> {
  const { services, keys } = house.scale;
  const applications = Math.ceil(keys / 10);
  let wrong = 0;
  const wanted = Math.min(CALLED_MAX, applications, services);
  for (let at = 0; at < wanted; at += 20) {
    const heap = Array.from({ length: Math.min(20, wanted - at) }, (_, i) => at + i);
    const statuses = await Promise.all(
      heap.map((application) =>
        called(house, `${basePathOf(subscribedService(application, services))}/x`, keyOf(application * 10)),
      ),
    );
    wrong += statuses.filter((status) => status !== 200).length;
  }
  if (wrong === wanted)
    throw new Error(`no call was answered with 200; control said:\n${house.weir.said().slice(-2_000)}`);
  if (wrong > 0) house.broken.push(`${wrong} of ${wanted} calls with a key of the house were not answered with 200`);
  house.figures['services called by their subscribers'] = wanted;
}

/** From the answer to a command to the first request that is treated by it. */
async function measureChanges(house: House, operator: Person): Promise<void> {
  const { changes, services } = house.scale;
  const [made, revoked, published]: [number[], number[], number[]] = [[], [], []];
  const before = await cpuOf(house.weir);
  for (let at = 0; at < changes; at += 1) {
    const application = applicationOfKey(at * 10);
    const path = `${basePathOf(subscribedService(at, services))}/x`;
    const answer = await operator.send('POST', `/v1/applications/${application}/keys`, { name: `campaign ${at}` });
    const { id, key } = JSON.parse(answer.text) as { id: string; key: string }; // Our own API of the same build.
    made.push(await untilInForce(house, async () => (await called(house, path, key)) === 200, 'a new key'));
    await operator.send('DELETE', `/v1/applications/${application}/keys/${id}`);
    revoked.push(await untilInForce(house, async () => (await called(house, path, key)) === 401, 'a revoked key'));
    published.push(await publish(house, operator, at));
  }
  const after = await cpuOf(house.weir);
  const each = after.map((ms, i) => (ms - (before[i] ?? 0)) / (3 * changes));
  house.figures['CPU of one change, control and node'] = each.map(showMs).join(', ');
  house.figures['from a new key to in force'] = showMost(made);
  house.figures['from a revoked key to refused'] = showMost(revoked);
  house.figures['from a published release to in force'] = showMost(published);
}

async function publish(house: House, operator: Person, at: number): Promise<number> {
  const service = subscribedService(at, house.scale.services);
  const draft = JSON.parse((await operator.get(`/v1/services/s-${service}/draft`)).text) as object; // The same.
  const respond = { match: `/edition-${at}`, respond: { status: 203, body: 'new' } };
  await operator.send('PUT', `/v1/services/s-${service}/draft`, { ...draft, routes: [{ match: '/*' }, respond] });
  const answer = await operator.send('POST', `/v1/services/s-${service}/releases`, { notes: 'campaign' });
  if (answer.status !== 201) house.broken.push(`a release was not published: ${answer.status} ${answer.text}`);
  const path = `${basePathOf(service)}/edition-${at}`;
  return untilInForce(house, async () => (await called(house, path, keyOf(at * 10))) === 203, 'a release');
}

async function untilInForce({ weir }: House, isSo: () => Promise<boolean>, what: string): Promise<number> {
  const from = performance.now();
  await until(isSo, () => `${what} is not in force; control said:\n${weir.said().slice(-2_000)}`, IN_FORCE_WITHIN_MS);
  return performance.now() - from;
}

async function measureLists(
  { scale, figures, broken }: House,
  who: string,
  person: Person,
  questions: readonly Question[],
): Promise<void> {
  for (const { name, path } of questions) {
    const tookMs: number[] = [];
    for (let at = 0; at < scale.rounds; at += 1) {
      const { ms, status, text } = await person.get(path(at));
      if (status !== 200) broken.push(`${who}, ${name}: ${status} ${text.slice(0, 200)}`);
      tookMs.push(ms);
    }
    judge({ scale, figures, broken }, `${who}: ${name}`, tookMs);
  }
}

/** Each second some key comes and goes, so that a snapshot is nearly always on its way. */
async function measureWhileChanging(house: House, operator: Person): Promise<void> {
  let isOver = false;
  let changes = 0;
  const changing = (async () => {
    for (; !isOver; changes += 1) {
      await operator.send(
        'POST',
        `/v1/applications/${applicationOfKey(((1_000 + changes) * 10) % house.scale.keys)}/keys`,
        { name: 'while' },
      );
      await passed(1_000);
    }
  })();
  const questions = questionsOf(house.scale, true);
  const tookMs: number[] = [];
  for (let at = 0; at < house.scale.rounds; at += 1)
    for (const { path } of questions) tookMs.push((await operator.get(path(at))).ms);
  isOver = true;
  await changing;
  house.figures['keys made meanwhile'] = changes;
  judge(house, 'all lists while keys change each second', tookMs);
}

async function measurePages(stage: Stage, house: House, operator: Person, member: Person): Promise<void> {
  const browser = await openBrowser();
  stage.onEnd(() => browser.close());
  for (const [who, person] of [['operator', operator] as const, ['member', member] as const]) {
    const { admin } = house.weir;
    const opened = await openPages(browser, admin, person, pagesOf(who === 'operator'), house.scale.pageRounds);
    for (const [name, tookMs] of opened.listMs) judge(house, `${who}’s page: ${name}`, tookMs);
    house.figures[`${who}: the console from nothing`] = showQuantiles(opened.loadMs);
    house.broken.push(...opened.complaints);
  }
}

function judge(
  { scale, figures, broken }: Pick<House, 'scale' | 'figures' | 'broken'>,
  what: string,
  tookMs: number[],
): void {
  figures[what] = showQuantiles(tookMs);
  const p95 = quantile(tookMs, 0.95);
  if (p95 > scale.p95Ms) broken.push(`${what}: p95 ${showMs(p95)}, and ${showMs(scale.p95Ms)} was promised`);
}

function showQuantiles(tookMs: readonly number[]): string {
  return `p50 ${showMs(quantile(tookMs, 0.5))}, p95 ${showMs(quantile(tookMs, 0.95))}, p99 ${showMs(quantile(tookMs, 0.99))}`;
}

function showMost(tookMs: readonly number[]): string {
  return `${showMs(quantile(tookMs, 0.5))}, at most ${showMs(Math.max(0, ...tookMs))}`;
}
