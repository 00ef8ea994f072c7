/** The revision log of a cluster on a real nats-server, which loses its disk, or a part of what was on it. */
import { randomBytes } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openClusterRevisions } from '@weir/control/log/cluster-revisions.js';
import type { Outcome, Revisions } from '@weir/control/log/revision.js';
import { revisionSealing } from '@weir/control/log/sealed-log.js';
import { JetStream } from '@weir/proto/bus/jetstream.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { createKeyPair, keyRing, signerOf } from '@weir/proto/signing/ed25519.js';
import { describe, expect, it } from 'vitest';
import { realClock } from '../../conformance/bus/bus-suite.js';
import { startNats } from '../../support/nats-server.js';
import { onStage, type Stage, until } from '../../support/stage.js';

const subjects = new Subjects('revisions');
const pair = createKeyPair();
const sealing = revisionSealing('revisions', signerOf(pair.privateKey), keyRing([pair.publicKey]));
let connections = 0;

interface Control {
  readonly revisions: Revisions;
  readonly said: string[];
  readonly dataFolder: string;
  close(): Promise<void>;
}

async function startControl(stage: Stage, url: string, id: string, dataFolder = stage.folder()): Promise<Control> {
  connections += 1;
  const parts = { clock: realClock, random: Math.random, inbox: `reply.r${connections}` };
  const jetStream = new JetStream({ servers: [url], name: id }, parts);
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const terms = {
    replicas: 1,
    copyFile: join(dataFolder, 'revisions.mdb'),
    id,
    sealing,
    wallMs: () => Date.now(),
    say,
    lookEveryMs: 100,
  };
  const revisions = await openClusterRevisions({ jetStream, subjects, ...terms });
  const close = async (): Promise<void> => {
    await revisions.close();
    await jetStream.close();
  };
  stage.onEnd(close);
  await until(
    () => revisions.trouble() === '',
    () => `${id}: ${revisions.trouble()} ${jetStream.state().trouble}`,
  );
  return { revisions, said, dataFolder, close };
}

const change = (text: string, author: string) => ({
  ...{ id: randomBytes(16).toString('hex'), author, reason: '', text, restores: 0 },
});

/** Until it is in, as an operator would; what was acknowledged. */
async function apply({ revisions }: Control, text: string, author = 'ada'): Promise<Outcome & { ok: true }> {
  let outcome: Outcome | null = null;
  const wanted = change(text, author);
  await until(
    async () => {
      outcome = await revisions.append(wanted, revisions.last()?.number ?? 0);
      return outcome.ok;
    },
    () => JSON.stringify(outcome),
  );
  if (outcome === null) throw new Error('it was appended');
  return outcome;
}

const shown = ({ revisions }: Control): string[] =>
  revisions
    .history(0, 1_000)
    .map(({ number, id, recovers }) => `${number} ${id}${recovers === 0 ? '' : ` was ${recovers}`}`)
    .reverse();

const inStep = (controls: readonly Control[], count: number): Promise<void> =>
  until(
    () => {
      const views = controls.map((control) => shown(control).join());
      return views.every((view) => view === views[0] && view.split(',').length === count);
    },
    () => controls.map((control) => `${control.revisions.trouble()} ${shown(control).length}`).join(' | '),
  );

async function server(stage: Stage) {
  const folder = stage.folder();
  const config = `jetstream { store_dir: "${folder}" }`;
  let running = await startNats(stage, { config });
  const { url, port } = running;
  return {
    url,
    folder,
    kill: () => running.kill(),
    async again() {
      running = await startNats(stage, { port, config });
    },
  };
}

describe('the revision log of a cluster', { timeout: 120_000 }, () => {
  it('is the same for all controls, and one of two at the same moment is a conflict', () =>
    onStage(async (stage) => {
      const { url } = await server(stage);
      const [a, b] = [await startControl(stage, url, 'c1'), await startControl(stage, url, 'c2')];
      await apply(a, 'one');
      await inStep([a, b], 1);
      const both = await Promise.all(
        [a, b].map(({ revisions }, i) => revisions.append(change(`two ${i}`, `c${i}`), 1)),
      );
      expect(both.map(({ ok }) => ok).sort()).toEqual([false, true]);
      expect(both.find(({ ok }) => !ok)).toMatchObject({ why: 'conflict', last: { number: 2 } });
      await inStep([a, b], 2);
      expect(b.revisions.current()?.text).toBe(a.revisions.current()?.text);
      const large = Array.from(randomBytes(780_000))
        .map((byte) => String.fromCharCode(33 + (byte % 90)))
        .join('');
      await apply(a, large);
      await until(
        () => b.revisions.current()?.text === large,
        () => b.revisions.trouble(),
      );
    }));

  it('is put back from the copies when the stream was wiped, with every acknowledged revision in its place', () =>
    onStage(async (stage) => {
      const { url, folder, kill, again } = await server(stage);
      const [a, b] = [await startControl(stage, url, 'c1'), await startControl(stage, url, 'c2')];
      for (let n = 1; n <= 20; n += 1) await apply(n % 2 === 0 ? a : b, `config ${n}`);
      await inStep([a, b], 20);
      const before = shown(a);
      await kill();
      rmSync(folder, { recursive: true });
      await again();
      const { revision } = await apply(b, 'config 21');
      expect(revision.number).toBe(21);
      await inStep([a, b], 21);
      expect(shown(a).slice(0, 20)).toEqual(before);
      expect([...a.said, ...b.said].join()).toMatch(/the revision log had lost \d+ revisions?; put back/);
      expect(a.revisions.current()?.text).toBe('config 21');
      // Whoever comes without a copy has all of it.
      await inStep([a, await startControl(stage, url, 'c3')], 21);
      expect(await a.revisions.read(7)).toMatchObject({ text: 'config 7' });
    }));

  it('that came back from a backup, and was appended to, keeps what it has and gets the lost ones behind it', () =>
    onStage(async (stage) => {
      const { url, folder, kill, again } = await server(stage);
      const a = await startControl(stage, url, 'c1');
      for (let n = 1; n <= 3; n += 1) await apply(a, `config ${n}`);
      await kill();
      const backup = `${stage.folder()}/backup`;
      cpSync(folder, backup, { recursive: true });
      await again();
      for (let n = 4; n <= 6; n += 1) await apply(a, `config ${n}`);
      const lost = shown(a).slice(3);
      await a.close();
      await kill();
      rmSync(folder, { recursive: true });
      cpSync(backup, folder, { recursive: true });
      await again();
      const b = await startControl(stage, url, 'c2');
      expect((await apply(b, 'config 4, anew', 'bob')).revision.number).toBe(4);
      const back = await startControl(stage, url, 'c1', a.dataFolder);
      await inStep([b, back], 7);
      expect(shown(b).slice(4)).toEqual(lost.map((line, i) => `${i + 5} ${line.split(' ')[1]} was ${i + 4}`));
      expect(b.revisions.current()).toMatchObject({ number: 4, text: 'config 4, anew' });
      expect(await b.revisions.read(7)).toMatchObject({ text: 'config 6', recovers: 6 });
    }));

  it('is shown from the copy while there is no server, and takes nothing', () =>
    onStage(async (stage) => {
      const { url, kill, again } = await server(stage);
      const a = await startControl(stage, url, 'c1');
      await apply(a, 'one');
      await kill();
      await until(
        () => a.revisions.trouble() !== '',
        () => 'no trouble is seen',
      );
      expect(a.revisions.current()).toMatchObject({ number: 1, text: 'one' });
      expect(await a.revisions.append(change('two', 'ada'), 1)).toMatchObject({ ok: false, why: 'away' });
      await again();
      expect((await apply(a, 'two')).revision.number).toBe(2);
    }));
});
