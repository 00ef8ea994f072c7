/** Revisions on the real `weir up`, by its commands: what people do with them, and what stands in their way. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HistoryAnswer } from '@weir/control/api/revisions-api.js';
import { lmdbLog } from '@weir/control/log/lmdb-log.js';
import { openRevisions } from '@weir/control/log/revisions.js';
import { revisionsFile } from '@weir/deploy/up/up-revisions.js';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { askAdmin, rememberAdmin } from '../../support/admin.js';
import {
  answering,
  anyPorts,
  buildFirst,
  cleanUp,
  get,
  LONG_MS,
  newFolder,
  runWeir,
  spawnWeir,
  startWeir,
  waitFor,
} from '../process/weir-process.js';

beforeAll(buildFirst, 4 * LONG_MS);
afterEach(cleanUp);

/** The built-in page listens where others may; so a revision is there before the first start. */
async function folderWith(text: string): Promise<string> {
  const folder = newFolder();
  const log = lmdbLog(join(folder, 'state', 'revisions.mdb'));
  const options = { copy: null, writer: 'up', wallMs: () => Date.now(), every: null, say: () => {} };
  const revisions = await openRevisions({ log, ...options });
  await revisions.append({ id: randomBytes(16).toString('hex'), author: 'ada', reason: '', text, restores: 0 }, 0);
  await revisions.close();
  await log.close();
  return folder;
}

async function startApplied(folder: string) {
  const started = spawnWeir(['up', '--data', join(folder, 'state'), ...anyPorts], folder);
  await waitFor(() => /^ {2}stop /m.test(started.said()) || started.hasExited(), started.said);
  const place = (name: string): string => new RegExp(`^ {2}${name} +(\\S+)`, 'm').exec(started.said())?.[1] ?? '';
  if (place('admin') === '') throw new Error(`weir did not start:\n${started.said()}`);
  const admin = rememberAdmin(place('admin'), join(folder, 'state'));
  return {
    ...started,
    traffic: place('traffic'),
    admin,
    weir: (...args: string[]) => runWeir([...args, '--admin', admin], folder),
  };
}

const historyOf = async (admin: string): Promise<HistoryAnswer> =>
  (await (await askAdmin(`${admin}/revisions`)).json()) as HistoryAnswer; // Our own API of the same build.

describe('weir up without a file', { timeout: LONG_MS }, () => {
  it('serves what ran before, and no page of welcome, where its revisions cannot be read', async () => {
    const folder = await folderWith(answering('one'));
    const first = await startApplied(folder);
    expect(await get(first.traffic)).toBe('one');
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    const log = join(folder, 'state', 'revisions.mdb');
    renameSync(log, `${log}.backup`);
    writeFileSync(log, 'not a file of LMDB'.repeat(1_000));
    const up = await startApplied(folder);
    expect(await get(up.traffic)).toBe('one');
    await waitFor(() => up.said().includes('RUNNING THE LAST GOOD CONFIG'), up.said);
    expect(await up.weir('status')).toMatchObject({ code: 3 });
    renameSync(`${log}.backup`, log);
    await expect.poll(async () => (await up.weir('status')).code, { timeout: LONG_MS, interval: 200 }).toBe(0);
    up.child.kill('SIGTERM');
    expect(await up.exited).toBe(0);
  });

  it('serves what was applied, shows what would change, and serves it after a restart', async () => {
    const folder = await folderWith(answering('one'));
    const up = await startApplied(folder);
    expect(up.said()).toMatch(/config +revision 1 of ada; weir apply -f FILE/);
    expect(await get(up.traffic)).toBe('one');
    const file = join(folder, 'weir.yaml');
    writeFileSync(file, answering('two'));
    const unasked = await up.weir('apply', '-f', file);
    expect(unasked).toMatchObject({ code: 1, stderr: expect.stringContaining('--yes') });
    expect(unasked.stdout).toMatch(
      /~ route fixed\n[\s\S]*- {3}body: one\n[\s\S]*\+ {3}body: two\n\n1 route changed\n$/,
    );
    expect(await get(up.traffic)).toBe('one');
    const applied = await up.weir('apply', '-f', file, '--yes', '--author', 'bob', '--reason', 'why not');
    expect(applied).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/revision 2 is in force\n$/) });
    expect(await get(up.traffic)).toBe('two');
    expect(await up.weir('apply', '-f', file)).toEqual({
      code: 0,
      stderr: '',
      stdout: 'nothing to do: revision 2 says the same\n',
    });
    up.child.kill('SIGTERM');
    expect(await up.exited).toBe(0);
    const again = await startApplied(folder);
    expect(await get(again.traffic)).toBe('two');
    expect((await again.weir('status')).stdout).toMatch(/config +revision 2, .* by bob/);
    expect((await again.weir('history')).stdout).toMatch(/2 \* +.* bob +why not\n1 .*ada/);
  });

  it('goes back by a new revision, and exports what can be applied anew', async () => {
    const folder = await folderWith(answering('one'));
    const up = await startApplied(folder);
    const file = join(folder, 'weir.yaml');
    writeFileSync(file, `# a comment\n${answering('two')}`);
    await up.weir('apply', '-f', file, '--yes');
    expect(await up.weir('diff', '1')).toMatchObject({ code: 3, stdout: expect.stringContaining('1 route changed') });
    expect(await up.weir('rollback', '1', '--yes')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/revision 3 is in force\n$/),
    });
    expect(await get(up.traffic)).toBe('one');
    expect(await up.weir('diff', '1', '3')).toMatchObject({ code: 0, stdout: 'nothing differs\n' });
    expect((await up.weir('export', '2')).stdout).toBe(`# a comment\n${answering('two')}`);
    expect((await up.weir('export')).stdout).toBe(answering('one'));
    expect(await up.weir('rollback', '9', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there are 1 to 3'),
    });
    expect((await historyOf(up.admin)).revisions.map(({ restores }) => restores)).toEqual([1, 0, 0]);
  });

  it('takes nothing that has faults, and tells them as weir check does', async () => {
    const up = await startApplied(await folderWith(answering('one')));
    const folder = newFolder();
    writeFileSync(join(folder, 'weir.yaml'), answering('two').replace('status: 200', 'status: 20'));
    const applied = await runWeir(['apply', '-f', 'weir.yaml', '--yes', '--admin', up.admin], folder);
    expect(applied).toMatchObject({ code: 1, stdout: '' });
    expect(applied.stderr).toMatch(/^weir\.yaml:4:\d+ routes\[0\]\.respond\.status: .*\n {4}write/);
    expect((await historyOf(up.admin)).revisions).toHaveLength(1);
  });

  it('tells whoever compared with an older one who was first', async () => {
    const up = await startApplied(await folderWith(answering('one')));
    const sent = { text: answering('two'), expected: 0, author: 'bob' };
    const headers = { 'content-type': 'application/json' };
    const answer = await askAdmin(`${up.admin}/revisions`, { method: 'POST', headers, body: JSON.stringify(sent) });
    expect([answer.status, await answer.json()]).toMatchObject([409, { last: { number: 1, author: 'ada' } }]);
    expect(await get(up.traffic)).toBe('one');
  });

  it('keeps what it runs where a node refuses a revision, and says so', async () => {
    const folder = await folderWith(answering('one'));
    const up = await startApplied(folder);
    const file = join(folder, 'weir.yaml');
    writeFileSync(file, answering('two').replace('enabled: false', 'destination: /nowhere/access.log'));
    const applied = await up.weir('apply', '-f', file, '--yes');
    expect([applied.code, applied.stdout]).toEqual([
      3,
      expect.stringMatching(/revision 2 is not in force.*\n.*weir rollback/),
    ]);
    expect(await get(up.traffic)).toBe('one');
    expect(await up.weir('rollback', '1', '--yes')).toMatchObject({ code: 0 });
  });
});

describe('weir up with a file', { timeout: LONG_MS }, () => {
  it('records what the file said when it was in force, and takes no other change', async () => {
    const weir = await startWeir(answering('one'));
    expect((await historyOf(weir.admin)).revisions).toMatchObject([{ number: 1, author: 'file' }]);
    weir.writeConfig(answering('two').replace('status: 200', 'status: 20'));
    await waitFor(() => weir.said().includes('CONFIG REJECTED'));
    weir.writeConfig(answering('two'));
    await expect.poll(() => get(weir.traffic), { timeout: LONG_MS }).toBe('two');
    await expect.poll(async () => (await historyOf(weir.admin)).current, { timeout: LONG_MS }).toBe(2);
    const other = join(weir.folder, 'other.yaml');
    writeFileSync(other, answering('three'));
    const refused = await runWeir(['apply', '-f', other, '--yes', '--admin', weir.admin], weir.folder);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain(`follows the file ${weir.configFile}`);
    expect(refused.stderr).toContain('without --config');
    expect(await get(weir.traffic)).toBe('two');
    expect((await historyOf(weir.admin)).followedFile).toBe(weir.configFile);
  });

  it('serves where the data folder cannot be written, and says what is missing', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'weir.yaml'), answering('one'));
    // A file where the folder should be: root may write into any folder.
    writeFileSync(join(folder, 'state'), '');
    chmodSync(join(folder, 'state'), 0o400);
    const started = spawnWeir(['up', '--config', 'weir.yaml', '--data', 'state', ...anyPorts], folder);
    await waitFor(() => /^ {2}stop /m.test(started.said()) || started.hasExited(), started.said);
    expect(started.said()).toContain('could not be recorded as a revision');
    expect(await get(/^ {2}traffic +(\S+)/m.exec(started.said())?.[1] ?? '')).toBe('one');
  });

  it('is not brought down by a log that is none', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'state'));
    const config = join(folder, 'weir.yaml');
    writeFileSync(revisionsFile(join(folder, 'state'), config), 'x'.repeat(9_000));
    writeFileSync(config, answering('one'));
    const started = spawnWeir(['up', '--config', config, '--data', join(folder, 'state'), ...anyPorts], folder);
    await waitFor(() => /^ {2}stop /m.test(started.said()) || started.hasExited(), started.said);
    expect(started.said()).toContain('is no log of Weir; move it away');
    expect(await get(/^ {2}traffic +(\S+)/m.exec(started.said())?.[1] ?? '')).toBe('one');
  });
});
