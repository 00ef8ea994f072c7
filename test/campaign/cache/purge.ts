/**
 * A purge of a tag that a hundred thousand stored answers have: said to be done in milliseconds, and none of them served
 * after that. And purges while fetches are under way, all over real sockets: whoever asks behind an acknowledged purge
 * gets nothing that the origin said before it.
 */
import { execFile } from 'node:child_process';
import { adminEnv, askAdmin } from '../../support/admin.js';
import { weirProgram } from '../../support/built.js';
import { type CacheOrigin, startCacheOrigin, versionOf } from '../../support/cache-origin.js';
import { askEach, type CrowdClient, openCrowd, type Told } from '../../support/crowd.js';
import { startRedis } from '../../support/redis-server.js';
import { passed, type Stage } from '../../support/stage.js';
import { type WeirUp, weirUp } from '../../support/weir-up.js';
import { quantile, type Report, showMs } from '../campaign.js';

export interface TagScale {
  readonly members: number;
  /** Members that are asked for behind the purge. */
  readonly sample: number;
}

export interface RaceScale {
  readonly keys: number;
  readonly clients: number;
  readonly purges: number;
}

const BODY_BYTES = 100;
const CLIENTS = 64;
/** What the promise calls milliseconds; the slowest purge of a single URL on the same machine comes on top of it. */
const MILLISECONDS_MS = 10;
const SINGLE_PURGES = 30;
/** Of each answer while purges race, so that some are under way at any time. */
const JITTER_MS = 20;
/** At most; so some purges come before anything is stored again, and some after many hits. */
const BETWEEN_MS = 60;
/** Of a client behind an answer, at most. */
const PAUSE_MS = 10;

const config = (upstream: number): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${upstream}"] }]
routes: [{ id: all, match: /*, upstream: app, cache: true }]
`;

export async function runTagPurge(stage: Stage, { members, sample }: TagScale): Promise<Report> {
  const origin = await startCacheOrigin(stage);
  const weir = await weirUp(stage, config(origin.port));
  await origin.be({ tag: 'big', bodyBytes: BODY_BYTES });
  const clients = await openCrowd(weir.port, CLIENTS);
  const paths = Array.from({ length: members }, (_, i) => `/item/${i}`);
  const filled = await askEach(clients, paths);
  const stored = await weir.metric('weir_cache_entries');
  const single: number[] = [];
  for (let i = 0; i < SINGLE_PURGES; i += 1)
    single.push((await purge(weir, { url: `http://weir.test/other/${i}` })) ?? Number.POSITIVE_INFINITY);
  await origin.be({ tag: 'big', bodyBytes: BODY_BYTES, version: 2 });
  const tookMs = (await purge(weir, { tag: 'big' })) ?? Number.POSITIVE_INFINITY;
  // Evenly over all members, and each of them once.
  const asked = paths.filter((_, i) => i % Math.max(1, Math.floor(members / sample)) === 0);
  const told = await askEach(clients, asked);
  const versions = countVersions(told);
  await origin.be({ tag: 'big', bodyBytes: BODY_BYTES, version: 3 });
  const command = await purgeByCommand(weir, 'big');
  const again = countVersions(await askEach(clients, asked.slice(0, Math.ceil(asked.length / 4))));
  const broken: string[] = [];
  const right = filled.filter(({ status }) => status === 200).length;
  if (right !== members) broken.push(`${members - right} of ${members} answers were not right`);
  if (stored !== members) broken.push(`${stored} of ${members} are stored`);
  const noiseMs = quantile(single, 1);
  if (!Number.isFinite(tookMs + noiseMs)) broken.push('a purge was not acknowledged');
  if (tookMs > MILLISECONDS_MS + noiseMs) broken.push(`the purge took ${showMs(tookMs)}`);
  if (versions !== only(2, asked.length)) broken.push(`after the purge: ${versions}`);
  if (again !== only(3, Math.ceil(asked.length / 4))) broken.push(`after the command: ${again}`);
  if (command.code !== 0) broken.push(`the command ended with ${command.code}`);
  return {
    figures: {
      'members stored': stored,
      'purge of the tag, by the admin API': showMs(tookMs),
      'purges of one URL, median and slowest': `${showMs(quantile(single, 0.5))}, ${showMs(noiseMs)}`,
      'weir purge --tag': `${command.said} (the command as a whole ${showMs(command.tookMs)})`,
      'asked for after the purge': versions,
      'asked for after the command': again,
    },
    broken,
  };
}

/** `isShared`: with a Redis as the second level. */
export async function runPurgeRace(stage: Stage, scale: RaceScale, isShared: boolean): Promise<Report> {
  const origin = await startCacheOrigin(stage);
  const more = isShared ? ['--redis', (await startRedis(stage)).url] : [];
  const weir = await weirUp(stage, config(origin.port), stage.folder(), more);
  await origin.be(racing(1));
  const clients = await openCrowd(weir.port, scale.clients);
  const told: Told[] = [];
  let isOver = false;
  const lives = clients.map((client) => live(client, scale.keys, told, () => isOver));
  const acknowledged = await purgeAgainAndAgain(weir, origin, scale.purges).finally(() => {
    isOver = true;
  });
  await Promise.all(lives);
  const series = (name: string): Promise<number> => weir.metric(name);
  const hits = await series('weir_cache_requests_total{route="all",result="hit"}');
  const overtaken = await series('weir_cache_not_stored_total{route="all",reason="overtaken"}');
  const failed = told.filter(({ path, status, body }) => status !== 200 || versionOf(path, body, BODY_BYTES) === null);
  const old = told.filter((one) => isTooOld(one, acknowledged));
  const broken: string[] = [];
  const obeyed = acknowledged.filter(Number.isFinite).length;
  // A Redis that is late on a busy machine may leave some unsaid; most of them must mean something.
  if (obeyed < (isShared ? scale.purges / 2 : scale.purges)) {
    broken.push(`${obeyed} of ${scale.purges} purges were acknowledged`);
  }
  if (failed.length > 0)
    broken.push(`${failed.length} requests failed, such as ${failed[0]?.status} ${failed[0]?.body}`);
  if (old.length > 0) broken.push(`${old.length} answers of before an acknowledged purge, such as ${old[0]?.body}`);
  if (hits === 0 || overtaken === 0) broken.push(`${hits} hits, ${overtaken} overtaken: there was no race`);
  return {
    figures: {
      'purges acknowledged': `${obeyed} of ${scale.purges}`,
      'requests, hits, fetches that a purge overtook': `${told.length}, ${hits}, ${overtaken}`,
      'answers of before an acknowledged purge': old.length,
    },
    broken,
  };
}

const racing = (version: number) => ({ tag: 'big', bodyBytes: BODY_BYTES, jitterMs: JITTER_MS, version });

async function live(client: CrowdClient, keys: number, told: Told[], isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const one = await client.ask(`/item/${Math.floor(Math.random() * keys)}`);
    told.push(one);
    // Its connection is gone: that is a failure, and one is enough.
    if (one.status === 0) return;
    // Without a pause they would take all of the machine, and everything else on it would be late.
    await passed(Math.random() * PAUSE_MS);
  }
}

/** When each purge was acknowledged: that of version n + 1 at index n. Tags, URLs' prefixes and everything take turns. */
async function purgeAgainAndAgain(weir: WeirUp, origin: CacheOrigin, purges: number): Promise<number[]> {
  const targets = [{ tag: 'big' }, { prefix: 'http://weir.test/item/' }, { host: 'weir.test' }, { all: true }];
  const acknowledged: number[] = [];
  for (let i = 0; i < purges; i += 1) {
    await origin.be(racing(i + 2));
    const tookMs = await purge(weir, targets[i % targets.length] ?? {});
    // One that says that Redis was not told promises nothing; the next one ends its version as well.
    acknowledged.push(tookMs === null ? Number.POSITIVE_INFINITY : performance.now());
    await passed(Math.random() * BETWEEN_MS);
  }
  return acknowledged;
}

function isTooOld({ path, body, askedAtMs }: Told, acknowledged: readonly number[]): boolean {
  const version = versionOf(path, body, BODY_BYTES);
  // The first purge that ended this version.
  const endedAtMs = version === null ? undefined : acknowledged.slice(version - 1).find(Number.isFinite);
  return endedAtMs !== undefined && endedAtMs < askedAtMs;
}

/** How long it took; null when it was not acknowledged. */
async function purge(weir: WeirUp, target: object): Promise<number | null> {
  const headers = { 'content-type': 'application/json' };
  const askedAtMs = performance.now();
  const answer = await askAdmin(`${weir.admin}/cache/purge`, { method: 'POST', headers, body: JSON.stringify(target) });
  await answer.arrayBuffer();
  return answer.status === 200 ? performance.now() - askedAtMs : null;
}

function purgeByCommand(weir: WeirUp, tag: string): Promise<{ code: unknown; said: string; tookMs: number }> {
  const askedAtMs = performance.now();
  return new Promise((resolve) => {
    const args = ['purge', '--tag', tag, '--admin', weir.admin];
    execFile(weirProgram, args, { cwd: weir.folder, env: { ...process.env, ...adminEnv(args) } }, (error, stdout) => {
      const said = stdout.trim().split('\n').at(-1)?.trim() ?? '';
      resolve({ code: error?.code ?? 0, said, tookMs: performance.now() - askedAtMs });
    });
  });
}

const only = (version: number, count: number): string => `version ${version}: ${count}`;

function countVersions(told: readonly Told[]): string {
  const counts = new Map<string, number>();
  for (const { path, status, body } of told) {
    const name = status === 200 ? `version ${versionOf(path, body, BODY_BYTES)}` : `status ${status}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${name}: ${count}`).join(', ');
}
