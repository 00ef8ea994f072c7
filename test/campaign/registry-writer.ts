/**
 * The process that the campaigns of the registry kill. It asks again for what the one before it had asked for, with the same ids; then, wave after wave,
 * it makes what a command of every kind needs, and asks for all of them at once. It says so line by line, as it happens:
 *
 *     again ID NUMBER isNew          asked ID {command}     done ID NUMBER     refused ID why: detail
 *     wave                           waved
 */
import { randomInt } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
import { registrySealing } from '@weir/control/log/sealed-log.js';
import { openClusterRegistry } from '@weir/control/registry/cluster-registry.js';
import { drawId } from '@weir/control/registry/draw.js';
import { openEmbeddedRegistry } from '@weir/control/registry/open-registry.js';
import type { Executed, Registry } from '@weir/control/registry/registry.js';
import { JetStream } from '@weir/proto/bus/jetstream.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { keyRing, publicKeyOf, signerOf } from '@weir/proto/signing/ed25519.js';
import { type Asked, askedOf, houseOf, kinds } from './registry-commands.js';

export interface WriterOptions {
  /** Of the registry, or of a control's copy of it. */
  readonly file: string;
  /** Null: embedded. */
  readonly cluster: { readonly url: string; readonly id: string; readonly privateKey: string } | null;
  /** File of commands that are asked for again; empty: none. */
  readonly again: string;
}

export interface Repeated extends Asked {
  readonly id: string;
}

export async function openRegistry({ file, cluster }: Pick<WriterOptions, 'file' | 'cluster'>): Promise<Registry> {
  const shared = { file, wallMs: () => Date.now(), say: () => {}, reservedPaths: () => [] };
  if (cluster === null) return openEmbeddedRegistry(shared);
  const { url, id, privateKey } = cluster;
  const subjects = new Subjects('campaign');
  const parts = { clock: realClock, random: Math.random, inbox: subjects.inbox(`${id}-${process.pid}`) };
  const jetStream = new JetStream({ servers: [url], name: id }, parts);
  const sealing = registrySealing('campaign', signerOf(privateKey), keyRing([publicKeyOf(privateKey)]));
  const registry = await openClusterRegistry({ ...shared, jetStream, subjects, replicas: 1, id, sealing });
  const close = registry.close.bind(registry);
  return Object.assign(registry, {
    async close() {
      await close();
      await jetStream.close();
    },
  });
}

/** Written at once, and not kept in a buffer of this process: what was said has happened. */
const tell = (line: string): void => void writeSync(1, `${line}\n`);

/** As whoever asks does: with the same id, as long as nothing was changed for sure or it is not known. */
async function execute(registry: Registry, command: Repeated): Promise<Executed> {
  for (;;) {
    const executed = await registry.execute(command);
    if (executed.ok || (executed.why !== 'away' && executed.why !== 'uncertain')) return executed;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function ask(registry: Registry, asked: Asked): Promise<string> {
  const command: Repeated = { ...asked, id: drawId() };
  tell(`asked ${command.id} ${JSON.stringify(command)}`);
  const executed = await execute(registry, command);
  if (!executed.ok) {
    tell(`refused ${command.id} ${executed.why}: ${executed.detail}`);
    return '';
  }
  tell(`done ${command.id} ${executed.entry.number}`);
  const kind = asked.what.slice(0, asked.what.indexOf('.'));
  return executed.entry.changes.find((change) => change.kind === kind)?.id ?? '';
}

async function wave(registry: Registry): Promise<void> {
  const house = await houseOf((what, input, more = {}) => {
    const { facts = {}, actor = { userId: 'local', login: 'local', via: 'local', from: '' } as const } = more;
    return ask(registry, { what, input, facts, actor });
  });
  const order = [...kinds];
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = randomInt(at + 1);
    // Both places are within it.
    [order[at], order[other]] = [order[other] as string, order[at] as string];
  }
  const all: Asked[] = [];
  for (const what of order) all.push(await askedOf(what, house));
  tell('wave');
  await Promise.all(all.map((asked) => ask(registry, asked)));
  tell('waved');
}

async function main(text: string): Promise<void> {
  const options = JSON.parse(text) as WriterOptions; // The campaign of the same build.
  const registry = await openRegistry(options);
  const again = options.again === '' ? [] : (JSON.parse(readFileSync(options.again, 'utf8')) as Repeated[]);
  for (const command of again) {
    const executed = await execute(registry, command);
    tell(`again ${command.id} ${executed.ok ? `${executed.entry.number} ${executed.isNew}` : `${executed.why} -`}`);
  }
  for (;;) await wave(registry);
}

if (process.argv[1]?.endsWith('registry-writer.js') === true) await main(process.argv[2] ?? '{}');
