import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import { afterAll, afterEach, expect, it } from 'vitest';
import { Supervisor } from './supervisor.js';

/** A node that notes what it is offered, and answers each second offer of its life only when it gets SIGUSR2. */
const ENTRY = `
import { appendFileSync } from 'node:fs';
const answer = ({ version, hash }) => process.send({ v: 1, kind: 'snapshot.applied', version, hash });
let offers = 0;
process.on('message', (message) => {
  if (message.kind !== 'snapshot.offer') return;
  appendFileSync(process.env.OFFERS, process.pid + ' ' + message.version + '\\n');
  offers += 1;
  if (offers === 2) process.once('SIGUSR2', () => answer(message));
  else answer(message);
});
process.send({ v: 1, kind: 'node.ready', pid: process.pid, metrics: { host: '127.0.0.1', port: 1 } });
`;

const folder = mkdtempSync(join(tmpdir(), 'weir-supervisor-'));
let supervisor: Supervisor | null = null;
afterEach(() => {
  supervisor?.stop();
  supervisor?.kill();
});
afterAll(() => rmSync(folder, { recursive: true }));

const offer = (version: number): SnapshotOffer => ({
  ...{ v: 1, kind: 'snapshot.offer', version, hash: `h${version}` },
  bytes: new Uint8Array(),
});

it('gives a restarted node what the one before applied late, for that was in force', async () => {
  const entry = join(folder, 'node.mjs');
  const offers = join(folder, 'offers');
  writeFileSync(entry, ENTRY);
  writeFileSync(offers, '');
  const options = { entry, env: () => ({ OFFERS: offers }), say: () => {}, onEnd: () => {}, answerWithinMs: 3_000 };
  const made = new Supervisor(options);
  supervisor = made;
  await expect.poll(() => made.look().life.phase, { timeout: 15_000 }).toBe('running');
  expect(await made.deliver(offer(1))).toEqual({ ok: true });
  const second = await made.deliver(offer(2));
  expect(second).toMatchObject({ ok: false, reason: 'the node did not answer in time' });
  const { pid } = made.look();
  if (pid === null || second.ok) throw new Error('the node is there, and has not answered');
  process.kill(pid, 'SIGUSR2');
  expect(await second.late).toBe(true);
  process.kill(pid, 'SIGKILL');
  const offersTo = (other: boolean) =>
    readFileSync(offers, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && line.startsWith(`${pid} `) !== other);
  await expect.poll(() => offersTo(true).length, { timeout: 15_000 }).toBe(1);
  expect(offersTo(true)[0]).toMatch(/ 2$/);
  expect(offersTo(false)).toEqual([`${pid} 1`, `${pid} 2`]);
}, 40_000);

it('replaces a node by one that runs what it is told, also one that does not drain', async () => {
  const entry = join(folder, 'stubborn.mjs');
  const offers = join(folder, 'offers-of-both');
  writeFileSync(entry, ENTRY);
  writeFileSync(offers, '');
  const made = new Supervisor({
    ...{ entry, env: () => ({ OFFERS: offers }), say: () => {}, onEnd: () => {}, drainWithinMs: 50 },
  });
  supervisor = made;
  await expect.poll(() => made.look().life.phase, { timeout: 15_000 }).toBe('running');
  expect(await made.deliver(offer(2))).toEqual({ ok: true });
  const { pid } = made.look();
  made.restartWith(offer(1));
  const linesOfOthers = () =>
    readFileSync(offers, 'utf8')
      .split('\n')
      .filter((line) => !line.startsWith(`${pid} `));
  await expect.poll(() => linesOfOthers()[0], { timeout: 15_000 }).toMatch(/^\d+ 1$/);
  expect(made.look().life.restarts).toBe(1);
}, 40_000);

it('keeps to itself the key that opens all secrets of teams', async () => {
  const entry = join(folder, 'telling.mjs');
  const told = join(folder, 'told');
  writeFileSync(
    entry,
    `import { writeFileSync } from 'node:fs'; writeFileSync(process.env.TOLD, Object.keys(process.env).join(' '));`,
  );
  process.env['WEIR_SECRET_KEY'] = 'k'.repeat(43);
  try {
    supervisor = new Supervisor({
      entry,
      env: () => ({ TOLD: told }),
      say: () => {},
      onEnd: () => {},
      answerWithinMs: 3_000,
    });
    await expect
      .poll(() => (existsSync(told) ? readFileSync(told, 'utf8') : ''), { timeout: 15_000 })
      .toContain('TOLD');
    expect(readFileSync(told, 'utf8')).not.toContain('WEIR_SECRET_KEY');
  } finally {
    delete process.env['WEIR_SECRET_KEY'];
  }
}, 20_000);

/** A node that notes how it is offered what, and refuses each third version, and each delta of a fifth. */
const CHOOSY = `
import { appendFileSync } from 'node:fs';
process.on('message', ({ kind, version, hash, bytes, base }) => {
  if (kind !== 'snapshot.offer') return;
  appendFileSync(process.env.OFFERS, version + (base === undefined ? ' whole ' : ' of ' + base.version + ' ') + bytes.length + '\\n');
  const refuses = version % 3 === 0 || (version % 5 === 0 && base !== undefined);
  process.send({ v: 1, kind: refuses ? 'snapshot.refused' : 'snapshot.applied', version, hash, reason: 'no' });
});
process.send({ v: 1, kind: 'node.ready', pid: process.pid, metrics: { host: '127.0.0.1', port: 1 } });
`;

it('sends what makes an offer of the one that a node has applied, and the whole where it has another, or refuses that', async () => {
  const entry = join(folder, 'choosy.mjs');
  const offers = join(folder, 'offers-by-delta');
  writeFileSync(entry, CHOOSY);
  const made = new Supervisor({ entry, env: () => ({ OFFERS: offers }), say: () => {}, onEnd: () => {} });
  supervisor = made;
  await expect.poll(() => made.look().life.phase, { timeout: 15_000 }).toBe('running');
  const deliver = async (version: number, of: number, hash = `h${of}`): Promise<boolean> => {
    const delta = { base: { version: of, hash }, bytes: new Uint8Array(7) };
    return (await made.deliver({ ...offer(version), bytes: new Uint8Array(70), delta })).ok;
  };
  expect(await deliver(1, 0)).toBe(true);
  expect(await deliver(2, 1)).toBe(true);
  // Refused as a delta and as a whole; what the next one is made of is not in force then.
  expect(await deliver(3, 2)).toBe(false);
  expect(await deliver(4, 3)).toBe(true);
  expect(await deliver(5, 4)).toBe(true);
  expect(await deliver(7, 5, 'of another')).toBe(true);
  expect(await deliver(8, 7)).toBe(true);
  const told = ['1 whole 70', '2 of 1 7', '3 of 2 7', '3 whole 70', '4 whole 70', '5 of 4 7', '5 whole 70'];
  expect(readFileSync(offers, 'utf8').trim().split('\n')).toEqual([...told, '7 whole 70', '8 of 7 7']);
}, 40_000);
