/** What images are made of. There may be no Docker where this runs: the tree that they copy is made and run by itself. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSigningKey } from '@weir/deploy/cluster/signing-key.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../support/built.js';
import { startNats } from '../support/nats-server.js';
import { freePort, onStage, Stage, until } from '../support/stage.js';
import { weirControl } from '../support/weir-control.js';
import { weirNode } from '../support/weir-node.js';
import { parseCommand } from './parsed-command.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const dockerfile = readFileSync(join(root, 'deploy/docker/Dockerfile'), 'utf8');
const LONG_MS = 180_000;
const MIB = 1024 * 1024;
/** It has 36.8 with Node.js 20 for x64; another large package shall be noticed. */
const TREE_BYTES_MAX = 39 * MIB;

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : entry.isFile() ? [path] : [];
  });
}

describe('the tree of an image', () => {
  const stage = new Stage();
  let tree: string;
  let program: string;
  beforeAll(async () => {
    await ensureBuilt();
    tree = join(stage.folder(), 'weir');
    execFileSync(process.execPath, [join(root, 'deploy/docker/prune.mjs'), root, tree], { stdio: 'pipe' });
    program = join(tree, 'deploy/dist/bundle/main.js');
  }, LONG_MS);
  afterAll(() => stage.clear());

  it('is small, and has one binary of each package, for this platform, and no test, type or map', () => {
    const files = filesUnder(tree);
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
    expect(bytes).toBeLessThan(TREE_BYTES_MAX);
    const binaries = files.filter((file) => file.endsWith('.node')).map((file) => file.slice(tree.length));
    expect(binaries).toHaveLength(3);
    const { platform, arch, versions } = process;
    for (const binary of binaries) {
      expect(binary).toMatch(new RegExp(`${platform}[-_]${arch}`));
      expect(binary).toMatch(new RegExp(`${versions.modules}|napi`));
      expect(binary).not.toContain('musl');
    }
    const useless = /\/weir\/(?:proto|node|control|deploy)\/.*(?:\.test\.js$|\/testing\/)|\.d\.ts$|\.map$/;
    expect(files.filter((file) => useless.test(file))).toEqual([]);
    expect(files.some((file) => file.endsWith('uWebSockets.js/LICENSE'))).toBe(true);
    const foreign = ['vitest', 'typescript', 'turbo', '@biomejs', 'fast-check', '@types'];
    expect(foreign.filter((name) => existsSync(join(tree, 'node_modules', name)))).toEqual([]);
    // Of what is in the bundles the licences alone.
    expect(readdirSync(join(tree, 'node_modules/zod')).sort()).toEqual(['LICENSE', 'package.json']);
  });

  const isHealthy = (url: string): Promise<boolean> =>
    new Promise((resolve) => {
      const check = join(tree, 'deploy/docker/healthcheck.mjs');
      execFile(process.execPath, [check, url], (error) => resolve(error === null));
    });

  it(
    'runs a gateway by itself, and its healthcheck tells when it is ready, and when nothing is there',
    () =>
      onStage(async (own) => {
        const [traffic, metrics] = [await freePort(), await freePort()];
        const folder = own.folder();
        const options = ['--data', folder, '--admin', '127.0.0.1:0', '--metrics', `127.0.0.1:${metrics}`];
        expect(await isHealthy(`http://127.0.0.1:${metrics}/readyz`)).toBe(false);
        const config = join(folder, 'weir.yaml');
        const text = `version: 1\ngateway: { listen: 127.0.0.1:${traffic} }\nroutes: [{ match: /*, respond: { status: 200, body: hello } }]\n`;
        writeFileSync(config, text);
        const up = own.run(program, ['up', '--config', config, ...options], folder);
        await until(() => isHealthy(`http://127.0.0.1:${metrics}/readyz`), up.said);
        expect(await (await fetch(`http://127.0.0.1:${traffic}/`)).text()).toBe('hello');
        up.child.kill('SIGTERM');
        expect(await up.exited).toBe(0);
      }),
    LONG_MS,
  );

  it(
    'runs a control and a node of a cluster: what is applied is served',
    () =>
      onStage(async (own) => {
        const nats = (await startNats(own, { config: `jetstream { store_dir: "${own.folder()}" }` })).url;
        const keyFile = join(own.folder(), 'signing.key');
        const { publicKey: trust } = createSigningKey(keyFile);
        const [control, node] = await Promise.all([
          weirControl(own, { id: 'c0', nats, keyFile, folder: own.folder(), program }),
          weirNode(own, { id: 'n0', nats, trust, program }),
        ]);
        const port = await freePort();
        const health = `${node.pages}/readyz`;
        expect(await isHealthy(`${control.admin}/healthz`)).toBe(true);
        expect(await isHealthy(health)).toBe(false);
        await control.apply(
          `version: 1\ngateway: { listen: 127.0.0.1:${port} }\nroutes: [{ match: /*, respond: { status: 200, body: hello } }]\n`,
        );
        await until(() => isHealthy(health), node.said);
        expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('hello');
        node.child.kill('SIGTERM');
        expect(await node.exited).toBe(0);
      }),
    LONG_MS,
  );
});

describe('the Dockerfile', () => {
  const lines = dockerfile
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const stages = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of lines) {
    const [, name] = /^FROM \S+ AS (\w+)$/.exec(line) ?? [];
    if (name !== undefined) {
      current = [];
      stages.set(name, current);
    }
    current.push(line);
  }

  it('copies only what is there and what .dockerignore lets through', () => {
    const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    const sources = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    expect(sources.length).toBeGreaterThan(10);
    for (const source of sources) {
      expect(existsSync(join(root, source)), source).toBe(true);
      expect(
        ignored.some((line) => line === `!${source}` || source.startsWith(`${line.slice(1)}/`)),
        source,
      ).toBe(true);
    }
    for (const secret of ['**/*.key', '**/.env', '**/node_modules']) expect(ignored).toContain(secret);
  });

  it.each(['node', 'control', 'up'])(
    'has a target %s that is not root, asks for its health, and says what it listens at',
    (name) => {
      const own = stages.get(name) ?? [];
      const health = own.find((line) => line.startsWith('HEALTHCHECK'));
      expect(own[0]).toBe(`FROM runtime AS ${name}`);
      expect(health).toContain(name === 'control' ? '127.0.0.1:9080/healthz' : '127.0.0.1:9090/readyz');
      expect(own.find((line) => line.startsWith('EXPOSE'))).toContain(name === 'control' ? '9080' : '8080 9090');
      const runtime = stages.get('runtime') ?? [];
      expect(runtime).toContain('USER 10001:10001');
      const command = JSON.parse(/^CMD (.*)$/.exec(own.at(-1) ?? '')?.[1] ?? '[]') as string[]; // The exec form of CMD.
      expect(command[0]).toBe(name);
      if (!command.includes('--help')) expect(parseCommand(command).name).toBe(name);
    },
  );

  it('builds and runs with the same Node.js', () => {
    expect(stages.get('build')?.[0]).toMatch(/^FROM \$\{NODE_IMAGE\} AS build$/);
    expect(stages.get('runtime')?.[0]).toMatch(/^FROM \$\{NODE_IMAGE\} AS runtime$/);
  });
});
