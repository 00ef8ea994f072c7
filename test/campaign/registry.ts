/**
 * The registry against kill -9 (registry-kills.ts), embedded and in a cluster; then, of one as large as was promised, how long a start takes, and a
 * list.
 */
import { randomInt } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { violations } from '@weir/control/model/invariants.js';
import { lmdbStore } from '@weir/control/registry/lmdb-store.js';
import { openLogRegistry } from '@weir/control/registry/log-registry.js';
import { openEmbeddedRegistry } from '@weir/control/registry/open-registry.js';
import type { Registry } from '@weir/control/registry/registry.js';
import { everything } from '@weir/control/registry/state.js';
import { type Scale, writeLarge } from '@weir/control/registry/testing/large-registry.js';
import { createKeyPair } from '@weir/proto/signing/ed25519.js';
import { ensureBuilt } from '../support/built.js';
import { startNats } from '../support/nats-server.js';
import { onStage, until } from '../support/stage.js';
import { quantile, type Report, showBytes, showMs } from './campaign.js';
import { kinds, kindsWithoutCase, local } from './registry-commands.js';
import { Ledger, Writer } from './registry-kills.js';
import { openRegistry } from './registry-writer.js';

export interface RegistryScale {
  readonly kills: number;
  /** Answered as a whole by each process, before the one that it is killed in. */
  readonly wavesBefore: number;
  /** Left out: it is not measured. */
  readonly large?: Scale;
}

export const fullRegistry: RegistryScale = {
  ...{ kills: 40, wavesBefore: 1 },
  large: { services: 10_000, keys: 100_000 },
};

export function runRegistry({ kills, wavesBefore, large }: RegistryScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const options = { file: join(stage.folder(), 'registry.mdb'), cluster: null };
    const ledger = new Ledger();
    const writer = new Writer(ledger, options, stage.folder());
    // The last one repeats what the one before it has left open.
    for (let life = 0; life <= kills; life += 1) await writer.live(wavesBefore);
    await compareEmbedded(options.file, ledger);
    const figures = large === undefined ? {} : await measure(join(stage.folder(), 'large.mdb'), large, ledger.broken);
    return report(ledger, figures);
  });
}

export interface ClusterRegistryScale {
  readonly kills: number;
}

export const fullClusterRegistry: ClusterRegistryScale = { kills: 30 };

/** Two controls over one stream: one is killed again and again, while another one goes on. */
export function runClusterRegistry({ kills }: ClusterRegistryScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const { url } = await startNats(stage, { config: `jetstream { store_dir: "${stage.folder()}" }` });
    const { privateKey } = createKeyPair();
    const ledger = new Ledger();
    const optionsOf = (id: string) => ({
      file: join(stage.folder(), 'registry.mdb'),
      cluster: { url, id, privateKey },
    });
    const [killed, other] = [optionsOf('c1'), optionsOf('c2')];
    let end: () => void = () => {};
    const isOver = new Promise<void>((resolve) => {
      end = resolve;
    });
    const going = new Writer(ledger, other, stage.folder()).live(0, isOver);
    const writer = new Writer(ledger, killed, stage.folder());
    for (let life = 0; life <= kills; life += 1) await writer.live(0);
    end();
    await going;
    const contents: string[] = [];
    // One that has nothing of its own, and the copies of both.
    for (const options of [optionsOf('c3'), killed, other]) {
      const registry = await openRegistry(options);
      await until(
        () => isRead(registry),
        () => registry.trouble(),
      );
      if (contents.length === 0) await ledger.compare(registry);
      ledger.broken.push(...violations(registry));
      contents.push(JSON.stringify([...everything(registry)]));
      await registry.close();
    }
    if (new Set(contents).size !== 1) ledger.broken.push('controls do not say the same');
    return report(ledger, {});
  });
}

/** Whether all of the log has been read: of a command that there is not, nothing else is to be said. */
async function isRead(registry: Registry): Promise<boolean> {
  const executed = await registry.execute({ what: 'nothing', input: {}, actor: local });
  return !executed.ok && executed.why === 'invalid';
}

function report(ledger: Ledger, figures: Report['figures']): Report {
  const inFlight = ledger.kindsInFlight();
  for (const what of kindsWithoutCase) ledger.broken.push(`nothing asks for ${what}`);
  for (const what of kinds) if (!inFlight.includes(what)) ledger.broken.push(`${what} was in flight at no kill`);
  const fates = [...ledger.fates.values()];
  return {
    figures: {
      'commands asked for': fates.length,
      'kill -9': ledger.kills,
      'kinds of commands in flight at a kill': `${inFlight.length} of ${kinds.length}`,
      ...figures,
      ...ledger.table(),
    },
    broken: ledger.broken,
  };
}

async function compareEmbedded(file: string, ledger: Ledger): Promise<void> {
  const { broken } = ledger;
  const registry = await openEmbeddedRegistry({
    file,
    wallMs: () => Date.now(),
    say: (text) => void broken.push(text),
    reservedPaths: () => [],
  });
  await ledger.compare(registry);
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
