import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { ControlStatus } from '@weir/control/api/control-status.js';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { askAdmin, rememberAdmin } from '../../support/admin.js';
import {
  answering,
  anyPorts,
  buildFirst,
  cleanUp,
  freeAddress,
  get,
  isAlive,
  LONG_MS,
  newFolder,
  proxying,
  runWeir,
  spawnWeir,
  startUpstream,
  startWeir,
  type WeirProcess,
  waitFor,
} from './weir-process.js';

beforeAll(buildFirst, 4 * LONG_MS);
afterEach(cleanUp);

async function statusOf(weir: WeirProcess): Promise<ControlStatus> {
  const answer = await askAdmin(`${weir.admin}/status`);
  return (await answer.json()) as ControlStatus; // Our own API of the same build.
}

async function nodePid(weir: WeirProcess): Promise<number> {
  return (await statusOf(weir)).nodes[0]?.pid ?? 0;
}

const untilBody = (url: string, body: string): Promise<void> =>
  expect.poll(() => get(url), { timeout: LONG_MS, interval: 20 }).toBe(body);

const FAULTY = `version: 1
upstreams:
  - { id: app, targets: [ftp://127.0.0.1:1] }
routes:
  - { id: a, match: /*, upstream: nowhere }
  - { id: b, match: /b, upstream: app, timeouts: { total: 30 } }
`;

describe('weir up', { timeout: LONG_MS }, () => {
  it('prints where everything is, serves it, and ends cleanly on Ctrl-C', async () => {
    const weir = await startWeir(answering('hello'));
    expect(await get(weir.traffic)).toBe('hello');
    expect(await get(`${weir.admin}/healthz`)).toBe('{"status":"ok"}');
    expect(await get(weir.metrics)).toContain('# HELP');
    expect(weir.said()).toContain(weir.configFile);
    const pid = await nodePid(weir);
    // To the whole group, as a terminal does: the node gets it too, and must leave the decision to its parent.
    process.kill(-weir.pid, 'SIGINT');
    expect(await weir.exited).toBe(0);
    expect(isAlive(pid)).toBe(false);
    expect(await get(weir.traffic)).toBe('refused');
    expect(weir.said()).toContain('stopped; nothing was cut');
  });

  it('explains itself without starting anything', async () => {
    const outcome = await runWeir(['up', '--help'], newFolder());
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).toContain('--config <file>');
  });

  it('reloads when the file is written, when it is replaced, and on SIGHUP', async () => {
    const weir = await startWeir(answering('one'));
    weir.writeConfig(answering('two'));
    await untilBody(weir.traffic, 'two');
    writeFileSync(join(weir.folder, 'new.yaml'), answering('three'));
    renameSync(join(weir.folder, 'new.yaml'), weir.configFile);
    await untilBody(weir.traffic, 'three');
    // A replaced file may be noticed twice; only the signal makes a reload whose cause it is.
    weir.child.kill('SIGHUP');
    await expect
      .poll(async () => (await statusOf(weir)).publish, { timeout: LONG_MS })
      .toMatchObject({ state: 'accepted', cause: 'signal' });
    expect(await get(weir.traffic)).toBe('three');
  });

  it('keeps the last good config when the file is broken, says every fault, and recovers', async () => {
    const weir = await startWeir(answering('good'));
    weir.writeConfig(FAULTY);
    await waitFor(() => weir.said().includes('CONFIG REJECTED'));
    expect(await get(weir.traffic)).toBe('good');
    for (const line of [3, 5, 6]) expect(weir.said()).toContain(`${weir.configFile}:${line}:`);
    const shown = await runWeir(['status', '--admin', weir.admin], weir.folder);
    expect(shown.code).toBe(3);
    expect(shown.stdout).toMatch(/config: rejected at \d{4}-/);
    weir.writeConfig(answering('better'));
    await untilBody(weir.traffic, 'better');
    // The node serves before control has heard that it does.
    await expect
      .poll(async () => (await statusOf(weir)).publish, { timeout: LONG_MS })
      .toMatchObject({ state: 'accepted' });
    expect(await runWeir(['status', '--admin', weir.admin], weir.folder)).toMatchObject({ code: 0, stderr: '' });
  });

  it('says which changes wait for a restart, and applies the rest', async () => {
    const weir = await startWeir(answering('one'));
    weir.writeConfig(answering('two').replace('127.0.0.1:0', '127.0.0.1:1'));
    await untilBody(weir.traffic, 'two');
    await waitFor(() => weir.said().includes('restart needed for gateway.listen: 127.0.0.1:0 → 127.0.0.1:1'));
  });

  it('starts a node again that was killed, with the config that was in force', async () => {
    const weir = await startWeir(answering('one').replace('127.0.0.1:0', await freeAddress()));
    weir.writeConfig(answering('two').replace('127.0.0.1:0', new URL(weir.traffic).host));
    await untilBody(weir.traffic, 'two');
    const first = await nodePid(weir);
    process.kill(first, 'SIGKILL');
    await waitFor(() => weir.said().includes('the node is back'));
    await untilBody(weir.traffic, 'two');
    const status = await statusOf(weir);
    expect(status.nodes[0]).toMatchObject({ state: 'running', restarts: 1, lastExit: { reason: 'killed by SIGKILL' } });
    expect(status.nodes[0]?.pid).not.toBe(first);
  });

  it('says which settings a node takes over when it is started again, and that none waits any more', async () => {
    const weir = await startWeir(answering('one').replace('127.0.0.1:0', await freeAddress()));
    const moved = await freeAddress();
    weir.writeConfig(answering('two').replace('127.0.0.1:0', moved));
    await waitFor(() => weir.said().includes('restart needed for gateway.listen'));
    expect((await statusOf(weir)).publish?.restartNeeded).toHaveLength(1);
    process.kill(await nodePid(weir), 'SIGKILL');
    await waitFor(() => weir.said().includes('takes over what waited for a restart: gateway.listen'));
    await untilBody(`http://${moved}`, 'two');
    expect((await statusOf(weir)).publish?.restartNeeded).toEqual([]);
  });

  it('starts again at once behind a parent that was killed, while the old node still drains', async () => {
    let asked = 0;
    const upstream = await startUpstream(() => {
      asked += 1;
    });
    const weir = await startWeir(proxying(upstream));
    void get(weir.traffic);
    await waitFor(() => asked === 1);
    const orphan = await nodePid(weir);
    process.kill(weir.pid, 'SIGKILL');
    await weir.exited;
    const metrics = new URL(weir.metrics).host;
    const args = ['--data', join(weir.folder, 'state'), '--admin', '127.0.0.1:0', '--metrics', metrics];
    const again = spawnWeir(['up', '--config', weir.configFile, ...args], weir.folder);
    await waitFor(() => /^ {2}stop /m.test(again.said()) || again.hasExited(), again.said);
    expect(again.said()).toContain('is up after');
    expect(isAlive(orphan)).toBe(true);
    process.kill(orphan, 'SIGKILL');
  });

  it('leaves no node behind when it is killed', async () => {
    const weir = await startWeir(answering('one'));
    const pid = await nodePid(weir);
    process.kill(weir.pid, 'SIGKILL');
    await waitFor(() => !isAlive(pid));
    expect(await get(weir.traffic)).toBe('refused');
  });

  it('numbers its snapshots on from the last run', async () => {
    const weir = await startWeir(answering('one'));
    expect((await statusOf(weir)).snapshot?.version).toBe(1);
    weir.child.kill('SIGTERM');
    expect(await weir.exited).toBe(0);
    expect(readdirSync(join(weir.folder, 'state')).sort()).toEqual([
      ...['admin.token', 'insight.mdb', 'insight.mdb-lock'],
      expect.stringMatching(/^last-good-.*snapshot$/),
      ...['registry.mdb', 'registry.mdb-lock'],
      ...[/^revisions-.*mdb$/, /^revisions-.*mdb-lock$/].map((name) => expect.stringMatching(name)),
    ]);
    const again = spawnWeir(
      ['up', '--config', weir.configFile, '--data', join(weir.folder, 'state'), ...anyPorts],
      weir.folder,
    );
    await waitFor(() => /^ {2}stop /m.test(again.said()));
    const place = /^ {2}admin +(\S+)/m.exec(again.said())?.[1] ?? '';
    const admin = rememberAdmin(place, join(weir.folder, 'state'));
    expect(await (await askAdmin(`${admin}/status`)).json()).toMatchObject({ snapshot: { version: 2 } });
    again.child.kill('SIGTERM');
    expect(await again.exited).toBe(0);
  });
});

describe('the end of weir up', { timeout: LONG_MS }, () => {
  it('lets what is in flight finish', async () => {
    const held: (() => void)[] = [];
    const upstream = await startUpstream((_request, response) => {
      held.push(() => response.end('finished'));
    });
    const weir = await startWeir(proxying(upstream));
    const answer = get(weir.traffic);
    await waitFor(() => held.length === 1);
    weir.child.kill('SIGTERM');
    await waitFor(() => weir.said().includes('stopping'));
    await untilRefused(weir.traffic);
    for (const finish of held) finish();
    expect(await answer).toBe('finished');
    expect(await weir.exited).toBe(0);
    expect(weir.said()).toContain('nothing was cut');
  });

  it('cuts what is in flight on the second signal', async () => {
    let asked = 0;
    const upstream = await startUpstream(() => {
      asked += 1;
    });
    const weir = await startWeir(proxying(upstream));
    const answer = get(weir.traffic);
    await waitFor(() => asked === 1);
    weir.child.kill('SIGINT');
    await waitFor(() => weir.said().includes('stopping'));
    weir.child.kill('SIGINT');
    expect(await weir.exited).toBe(130);
    expect(await answer).toContain('draining');
    expect(weir.said()).toContain('1 exchange had to be cut');
  });

  it('does not claim that nothing was cut when the node was killed', async () => {
    let asked = 0;
    const upstream = await startUpstream(() => {
      asked += 1;
    });
    const weir = await startWeir(proxying(upstream));
    void get(weir.traffic);
    await waitFor(() => asked === 1);
    const pid = await nodePid(weir);
    process.kill(pid, 'SIGSTOP');
    for (const told of ['stopping', 'cutting']) {
      weir.child.kill('SIGINT');
      await waitFor(() => weir.said().includes(told));
    }
    weir.child.kill('SIGINT');
    expect(await weir.exited).toBe(130);
    expect(weir.said()).not.toContain('nothing was cut');
    expect(weir.said()).toContain('ended before its drain did');
  });
});

describe('a start that fails', { timeout: LONG_MS }, () => {
  it('names the port that is in use, and its owner', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const folder = newFolder();
    const config = join(folder, 'weir.yaml');
    writeFileSync(config, answering('x').replace('127.0.0.1:0', `127.0.0.1:${port}`));
    const outcome = await runWeir(['up', '--config', config, '--data', join(folder, 's'), ...anyPorts], folder);
    server.close();
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    const lines = outcome.stderr
      .trim()
      .split('\n')
      .filter((line) => line.includes('in use'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`127.0.0.1:${port}`);
    if (existsSync('/proc/net/tcp')) expect(lines[0]).toContain(String(process.pid));
    expect(outcome.stderr).not.toContain('    at ');
  });

  it('names two of its own addresses that are the same', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'weir.yaml'), answering('x'));
    const address = await freeAddress();
    const outcome = await runWeir(['up', '--config', 'weir.yaml', '--admin', address, '--metrics', address], folder);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain(`--metrics and --admin are both ${address}`);
    expect(outcome.stderr).not.toContain('    at ');
  });

  it('tells all faults of the config', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'conf'));
    writeFileSync(join(folder, 'conf', 'weir.yaml'), FAULTY);
    const outcome = await runWeir(['up', '--config', 'conf/weir.yaml', ...anyPorts], folder);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    for (const line of [3, 5, 6]) expect(outcome.stderr).toContain(`conf/weir.yaml:${line}:`);
    expect(outcome.stderr).not.toContain('    at ');
  });

  it('tells that a file is not there', async () => {
    const outcome = await runWeir(['up', '--config', 'nothing.yaml', ...anyPorts], newFolder());
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain('the file does not exist');
  });

  it('tells that nothing runs, to whoever asks for the status', async () => {
    const outcome = await runWeir(['status', '--admin', await freeAddress()], newFolder());
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain('nothing answers at');
  });
});

async function untilRefused(url: string): Promise<void> {
  await untilBody(url, 'refused');
}
