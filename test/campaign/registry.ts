/**
 * The registry against kill -9: a process executes commands of every kind and is killed at instants that nobody chose, again and again.
 * Whatever was acknowledged is there afterwards, once, under its number; what was refused is not; what was asked and not answered is
 * there once or not at all; and the rows beside the log say the same as the whole log does. Then how long a start takes, and a list.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { violations } from '@weir/control/model/invariants.js';
import { lmdbStore } from '@weir/control/registry/lmdb-store.js';
import { openLogRegistry } from '@weir/control/registry/log-registry.js';
import { openEmbeddedRegistry } from '@weir/control/registry/open-registry.js';
import type { Registry } from '@weir/control/registry/registry.js';
import { everything } from '@weir/control/registry/state.js';
import { type Scale, writeLarge } from '@weir/control/registry/testing/large-registry.js';
import { ensureBuilt, root } from '../support/built.js';
import { onStage, passed } from '../support/stage.js';
import { quantile, type Report, showBytes, showMs } from './campaign.js';
import { askedKinds } from './registry-commands.js';

export interface RegistryScale {
  readonly kills: number;
  /** Acknowledged by each life, before it is killed soon after. */
  readonly writesPerLife: number;
  readonly large: Scale;
}

export const fullRegistry: RegistryScale = { kills: 40, writesPerLife: 60, large: { services: 10_000, keys: 100_000 } };

/** A kill comes so long after it was decided, at most: longer than a write takes. */
const KILL_AFTER_MAX_MS = 40;
const WRITER = join(root, 'test', 'dist', 'campaign', 'registry-writer.js');

interface Ledger {
  readonly acknowledged: Map<string, number>;
  readonly refused: Set<string>;
  readonly open: Set<string>;
  readonly kinds: Set<string>;
  readonly broken: string[];
}

export function runRegistry({ kills, writesPerLife, large }: RegistryScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const file = join(stage.folder(), 'registry.mdb');
    const ledger: Ledger = {
      acknowledged: new Map(),
      refused: new Set(),
      open: new Set(),
      kinds: new Set(),
      broken: [],
    };
    for (let life = 0; life < kills; life += 1) await liveAndDie(file, writesPerLife, ledger);
    await compare(file, ledger);
    const figures = await measure(join(stage.folder(), 'large.mdb'), large, ledger.broken);
    return {
      figures: {
        'commands acknowledged': ledger.acknowledged.size,
        'kill -9': kills,
        'kinds of commands': `${ledger.kinds.size} of ${askedKinds.length}`,
        refused: ledger.refused.size,
        'not answered': ledger.open.size,
        ...figures,
      },
      broken: ledger.broken,
    };
  });
}

/** One process, from its start to its kill. */
async function liveAndDie(file: string, wanted: number, ledger: Ledger): Promise<void> {
  const child = spawn(process.execPath, [WRITER, file, '1000000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let [done, isKilled] = [0, false];
  let asked: [id: string, what: string] = ['', ''];
  for await (const line of createInterface({ input: child.stdout })) {
    const [word = '', id = '', rest = ''] = line.split(' ');
    if (word === 'asked') {
      asked = [id, rest];
      ledger.open.add(id);
    } else if (word === 'done') {
      ledger.acknowledged.set(id, Number(rest));
      ledger.open.delete(id);
      ledger.kinds.add(asked[1]);
      done += 1;
    } else if (word === 'refused') {
      ledger.refused.add(id);
      ledger.open.delete(id);
      if (rest === 'away') ledger.broken.push(`${asked[1]} was refused for the log was away`);
    } else if (word === 'unknown' || word === 'closed') ledger.broken.push(line);
    if (done < wanted || isKilled) continue;
    isKilled = true;
    void passed(randomInt(KILL_AFTER_MAX_MS)).then(() => child.kill('SIGKILL'));
  }
  await exited;
  if (!isKilled) ledger.broken.push(`a writer ended by itself after ${done} commands`);
}

async function compare(file: string, { acknowledged, refused, open, broken }: Ledger): Promise<void> {
  const registry = await openEmbeddedRegistry({
    file,
    wallMs: () => Date.now(),
    say: (text) => void broken.push(text),
    reservedPaths: () => [],
  });
  const numbers = await numbersOf(registry);
  for (const [id, number] of acknowledged)
    if (numbers.get(id) !== number) broken.push(`acknowledged as ${number}, and now ${numbers.get(id) ?? 'lost'}`);
  for (const id of refused) if (numbers.has(id)) broken.push(`${id} was refused, and is there`);
  for (const id of numbers.keys()) if (!acknowledged.has(id) && !open.has(id)) broken.push(`${id} is nobody's`);
  broken.push(...violations(registry));
  const rows = JSON.stringify([...everything(registry)]);
  await registry.close();
  const store = lmdbStore(file);
  const options = {
    checkpoints: null,
    writer: 'up',
    wallMs: () => 0,
    every: null,
    say: (text: string) => void broken.push(text),
  };
  const replayed = await openLogRegistry({ log: store.log, ...options, draw: () => '', reservedPaths: () => [] });
  if (JSON.stringify([...everything(replayed)]) !== rows) broken.push('the rows do not say what the log says');
  await store.close();
}

async function numbersOf(registry: Registry): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  for (let before = 0; ; ) {
    const page = (await registry.audit(before, 200)) ?? [];
    for (const { id, number } of page) numbers.set(id, number);
    const last = page.at(-1);
    if (last === undefined || last.number === 1) return numbers;
    before = last.number;
  }
}

/** Of a registry as large as was promised. */
async function measure(file: string, large: Scale, broken: string[]): Promise<Report['figures']> {
  const store = lmdbStore(file);
  await writeLarge(store.log, large);
  await store.close();
  const open = () =>
    openEmbeddedRegistry({
      file,
      wallMs: () => Date.now(),
      say: (text) => void broken.push(text),
      reservedPaths: () => [],
    });
  const begunMs = performance.now();
  const first = await open();
  const replayedMs = performance.now() - begunMs;
  await first.close();
  const againMs = performance.now();
  const registry = await open();
  const startedMs = performance.now() - againMs;
  if (registry.count('key') !== large.keys) broken.push(`${registry.count('key')} of ${large.keys} keys are there`);
  const tookMs: number[] = [];
  for (let at = 0; at < 300; at += 1) {
    const asks = [
      { q: `parcel s${randomInt(large.services)}` },
      { q: 'nothing like it' },
      { q: 'stock service' },
    ] as const;
    const from = performance.now();
    registry.list('service', { ...asks[at % asks.length], max: 50 });
    tookMs.push(performance.now() - from);
  }
  const keyMs: number[] = [];
  for (let at = 0; at < 300; at += 1) {
    const from = performance.now();
    registry.list('key', { after: `key-${randomInt(large.keys)}`, max: 200 });
    registry.list('key', { by: { applicationId: `app-${randomInt(Math.ceil(large.keys / 10))}` }, max: 200 });
    keyMs.push(performance.now() - from);
  }
  await registry.close();
  return {
    'a large one': `${large.services} services, ${large.keys} keys, ${showBytes(statSync(file).size)}`,
    'started from its whole log, then from its rows': `${showMs(replayedMs)}, ${showMs(startedMs)}`,
    'a search through services': `p50 ${showMs(quantile(tookMs, 0.5))}, p95 ${showMs(quantile(tookMs, 0.95))}`,
    'a page of keys and the keys of an application': `p50 ${showMs(quantile(keyMs, 0.5))}, p95 ${showMs(quantile(keyMs, 0.95))}`,
    'the first search': showMs(tookMs[0] ?? 0),
  };
}
