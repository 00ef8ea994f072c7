/** What `weir up` does when something is broken from the start, renewed in place, or thrown where nobody catches it. */
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { ControlStatus } from '@weir/control/api/control-status.js';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority } from '../../conformance/transport/certificates.js';
import { askAdmin } from '../../support/admin.js';
import {
  answering,
  anyPorts,
  buildFirst,
  cleanUp,
  get,
  LONG_MS,
  runWeir,
  startedIn,
  startWeir,
  type WeirProcess,
  waitFor,
} from './weir-process.js';

beforeAll(buildFirst, 4 * LONG_MS);
afterEach(cleanUp);

const FAULTY = `version: 1
routes:
  - { id: a, match: /*, upstream: nowhere }
  - { id: b, match: /b, respond: 9000 }
`;

async function statusOf(weir: WeirProcess): Promise<ControlStatus> {
  return (await (await askAdmin(`${weir.admin}/status`)).json()) as ControlStatus; // Our own API of the same build.
}

async function stopped(weir: WeirProcess): Promise<void> {
  weir.child.kill('SIGTERM');
  expect(await weir.exited).toBe(0);
}

const untilBody = (url: string, body: string): Promise<void> =>
  expect.poll(() => get(url), { timeout: LONG_MS, interval: 20 }).toBe(body);

describe('a start whose config is not accepted', { timeout: LONG_MS }, () => {
  it('serves the last good one of that file, says so last and loudly, and takes the file when it is mended', async () => {
    const first = await startWeir(answering('good'));
    await stopped(first);
    first.writeConfig(FAULTY);
    const weir = await startedIn(first.folder);
    expect(await get(weir.traffic)).toBe('good');
    for (const line of [3, 4]) expect(weir.said()).toContain(`${weir.configFile}:${line}:`);
    await waitFor(() => weir.said().includes('mend the file'), weir.said);
    expect(weir.said().indexOf('RUNNING THE LAST GOOD CONFIG: snapshot 1')).toBeGreaterThan(
      weir.said().indexOf('is up after'),
    );
    expect(await statusOf(weir)).toMatchObject({ snapshot: { version: 1 }, publish: { state: 'rejected' } });
    const shown = await runWeir(['status', '--admin', weir.admin], weir.folder);
    expect(shown.code).toBe(3);
    expect(shown.stdout).toMatch(/config: rejected at .*; the last good one runs on/);
    weir.writeConfig(answering('mended'));
    await untilBody(weir.traffic, 'mended');
    await expect.poll(async () => (await statusOf(weir)).publish?.state, { timeout: LONG_MS }).toBe('accepted');
    expect((await statusOf(weir)).snapshot?.version).toBe(2);
    await stopped(weir);
  });

  it('does not serve without what teams publish when that cannot be read, and takes it up again when it can', async () => {
    const first = await startWeir(answering('all'));
    const registry = join(first.folder, 'state', 'registry.mdb');
    const quick = ['services', 'quick', 'shop', first.traffic, '--admin', first.admin, '--data', 'state'];
    expect((await runWeir(quick, first.folder)).code).toBe(0);
    const shop = `${first.traffic}/shop/`;
    await expect.poll(async () => (await fetch(shop)).status, { timeout: LONG_MS }).toBe(401);
    await stopped(first);
    copyFileSync(registry, `${registry}.backup`);
    writeFileSync(registry, 'not a file of LMDB'.repeat(1_000));
    const weir = await startedIn(first.folder);
    expect((await fetch(`${weir.traffic}/shop/`)).status).toBe(401);
    expect(weir.said()).toContain('registry.mdb is no log of Weir');
    await waitFor(() => weir.said().includes('RUNNING THE LAST GOOD CONFIG'), weir.said);
    expect((await runWeir(['status', '--admin', weir.admin], weir.folder)).code).toBe(3);
    // In one step: a copy that is under way is a file of nothing for a moment, and that is a log to which nothing was written yet.
    renameSync(`${registry}.backup`, registry);
    await expect.poll(async () => (await statusOf(weir)).publish?.state, { timeout: LONG_MS }).toBe('accepted');
    expect((await fetch(`${weir.traffic}/shop/`)).status).toBe(401);
    await stopped(weir);
  });

  it('serves the last good one when the node refused the config, in a process of its own', async () => {
    const first = await startWeir(answering('good'));
    await stopped(first);
    const tls = 'tls: { certificates: [{ certFile: /nowhere.pem, keyFile: /nowhere.key }] }, ';
    first.writeConfig(answering('new').replace('gateway: { ', `gateway: { ${tls}`));
    const weir = await startedIn(first.folder);
    expect(weir.said()).toContain('CONFIG REFUSED');
    await waitFor(() => weir.said().includes('RUNNING THE LAST GOOD CONFIG'), weir.said);
    expect(await get(weir.traffic)).toBe('good');
    expect((await runWeir(['status', '--admin', weir.admin], weir.folder)).code).toBe(3);
    await stopped(weir);
  });

  it('fails when the last good one is that of another file, and when there is none', async () => {
    const first = await startWeir(answering('good'));
    await stopped(first);
    const other = join(first.folder, 'other.yaml');
    writeFileSync(other, FAULTY);
    const state = join(first.folder, 'state');
    const outcome = await runWeir(['up', '--config', other, '--data', state, ...anyPorts], first.folder);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).not.toContain('LAST GOOD');
    const tls = 'tls: { certificates: [{ certFile: /nowhere.pem, keyFile: /nowhere.key }] }, ';
    writeFileSync(other, answering('new').replace('gateway: { ', `gateway: { ${tls}`));
    const none = await runWeir(['up', '--config', other, '--data', join(state, 'new'), ...anyPorts], first.folder);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('/nowhere.pem');
  });
});

describe('a certificate that is renewed in place', { timeout: LONG_MS }, () => {
  it('is served to new connections, although the config file did not change', async () => {
    const authority = createAuthority();
    try {
      const [before, after] = [authority.issue('before', 'DNS:gate'), authority.issue('after', 'DNS:gate')];
      const address = await freeAddress();
      const files = `{ certFile: ${before.certFile}, keyFile: ${before.keyFile} }`;
      const weir = await startWeir(
        answering('x')
          .replace('gateway: { ', `gateway: { tls: { certificates: [${files}] }, `)
          .replace('127.0.0.1:0', address),
      );
      expect(await servedName(address)).toBe('before');
      copyFileSync(after.certFile, before.certFile);
      copyFileSync(after.keyFile, before.keyFile);
      await expect.poll(() => servedName(address), { timeout: LONG_MS, interval: 50 }).toBe('after');
      const published = async () => (await statusOf(weir)).publish;
      await expect
        .poll(published, { timeout: LONG_MS })
        .toMatchObject({ state: 'accepted', cause: 'certificate-change' });
      await stopped(weir);
    } finally {
      authority.remove();
    }
  });
});

describe('an exception in the node that nobody caught', { timeout: LONG_MS }, () => {
  it('is told with its stack, ends the process, and another one takes over', async () => {
    const thrower = 'process.on("SIGUSR2",()=>{throw new Error("boom")})';
    const weir = await startWeir(answering('one').replace('127.0.0.1:0', await freeAddress()), {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(thrower)}`,
    });
    const pid = (await statusOf(weir)).nodes[0]?.pid ?? 0;
    process.kill(pid, 'SIGUSR2');
    await waitFor(() => weir.said().includes('the node is back'));
    expect(weir.said()).toMatch(new RegExp(`weir node ${pid}: uncaughtException: Error: boom\\n +at `));
    await untilBody(weir.traffic, 'one');
    expect((await statusOf(weir)).nodes[0]).toMatchObject({ restarts: 1, lastExit: { reason: 'exit code 70' } });
    await stopped(weir);
  });
});

function servedName(address: string): Promise<string> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host ?? '', port: Number(port), rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
}
