/** The compose file, read as compose reads it: aliases and merges, variables filled, and each command line given to the CLI. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadText } from '@weir/control/publish/load-config.js';
import { readNatsPlace } from '@weir/proto/bus/nats-place.js';
import { createKeyPair } from '@weir/proto/signing/ed25519.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { onStage } from '../support/stage.js';
import { parseCommand } from './parsed-command.js';

interface Service {
  readonly image: string;
  readonly hostname?: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly secrets?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly read_only?: boolean;
  readonly stop_grace_period?: string;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const folder = fileURLToPath(new URL('../../deploy/compose/', import.meta.url));
const source = readFileSync(join(folder, 'compose.yaml'), 'utf8');
const env: Readonly<Record<string, string>> = {
  WEIR_CONTROL_PASSWORD: 'p1',
  WEIR_NODE_PASSWORD: 'p2',
  WEIR_OBSERVER_PASSWORD: 'p3',
  NATS_ROUTE_PASSWORD: 'p4',
  REDIS_PASSWORD: 'p5',
  WEIR_SECRET_KEY: 'p6',
};

/** What compose makes of it: `${NAME:?}` by the environment, where it has to be, and `$$` as `$`. */
const filled = source
  .replace(/^\s*#.*$/gm, '')
  .replace(/(?<!\$)\$\{(\w+):\?\}/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined) throw new Error(`${name} is asked for`);
    return value;
  })
  .replaceAll('$$', '$');
const compose = parse(filled, { merge: true }) as Compose; // Its parts are looked at below.
const { services } = compose;
const named = (prefix: string) => Object.entries(services).filter(([name]) => name.startsWith(prefix));

describe('the compose file', () => {
  it('has three NATS, a Redis, two controls and three nodes, each with its own name and volume', () => {
    expect([named('nats-'), named('redis'), named('control-'), named('node-')].map(({ length }) => length)).toEqual([
      ...[3, 1, 2, 3],
    ]);
    const volumes = Object.values(services).flatMap(({ volumes = [] }) => volumes);
    const own = volumes.map((volume) => volume.split(':')[0] ?? '').filter((name) => !name.startsWith('.'));
    expect(new Set(own).size).toBe(own.length);
    expect(own.sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('writes no secret down, and fills none that it does not demand', () => {
    expect(source).not.toMatch(/(?<!\$)\$\{\w+\}/);
    for (const [name, { command }] of Object.entries(services))
      for (const secret of Object.values(env))
        expect(command.join(' '), name).not.toMatch(new RegExp(`\\b${secret}\\b`));
    const ignored = readFileSync(join(folder, '.gitignore'), 'utf8').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['.env', 'secrets/']));
    for (const { file } of Object.values(compose.secrets)) expect(file).toMatch(/^\.\/secrets\//);
  });

  it.each([...named('control-'), ...named('node-')])('%s is started with what the CLI takes', (name, service) =>
    onStage(async (stage) => {
      const trusted = join(stage.folder(), 'trusted');
      writeFileSync(trusted, `${createKeyPair().publicKey}\n`);
      process.env['REDIS_PASSWORD'] = env['REDIS_PASSWORD'];
      const words = service.command.map((word) => (word === '/run/secrets/trusted' ? trusted : word));
      const parsed = parseCommand(words);
      expect(parsed).toMatchObject({ name: name.split('-')[0], options: { id: name, data: '/var/lib/weir' } });
      const read = readNatsPlace((parsed.options as { nats: string }).nats, service.environment ?? {});
      // As many as there are, under the names and the port that they have, as the role that this is.
      expect(read).toMatchObject({
        place: {
          servers: named('nats-').map(([nats]) => `${nats}:4222`),
          credentials: { user: parsed.name, password: env[`WEIR_${parsed.name.toUpperCase()}_PASSWORD`] },
        },
      });
      const given = (service.secrets ?? []).map((secret) => `/run/secrets/${secret}`);
      expect(service.command.filter((word) => word.startsWith('/run/secrets/'))).toEqual(given);
      for (const secret of service.secrets ?? []) expect(Object.keys(compose.secrets)).toContain(secret);
      expect(service.read_only).toBe(true);
      const { build } = service;
      const dockerfile = readFileSync(join(folder, build?.context ?? '', build?.dockerfile ?? ''), 'utf8');
      expect(dockerfile).toContain(`AS ${build?.target}\n`);
      expect(build?.target).toBe(parsed.name);
    }),
  );

  it('gives controls alone the key for secrets of teams, and nodes names by which they are reached', () => {
    for (const [name, { environment = {}, hostname }] of Object.entries(services)) {
      expect(['WEIR_SECRET_KEY' in environment, name]).toEqual([name.startsWith('control-'), name]);
      if (name.startsWith('node-')) expect(hostname).toBe(name);
    }
  });

  it('waits for what answers its healthcheck, and for nothing that has none', () => {
    for (const [name, { depends_on = {} }] of Object.entries(services))
      for (const [other, { condition }] of Object.entries(depends_on)) {
        expect(condition, name).toBe('service_healthy');
        expect(services[other]?.healthcheck, other).toBeDefined();
      }
    expect(
      named('nats-').every(([, { healthcheck }]) => healthcheck?.test.join(' ').includes('127.0.0.1:8222/healthz')),
    ).toBe(true);
  });

  it('gives nats-server the variables that its file asks for, and files that are there', () => {
    const nats = readFileSync(join(folder, '../nats/nats-cluster.conf'), 'utf8');
    const permissions = readFileSync(join(folder, '../nats/permissions.conf'), 'utf8');
    const uncommented = `${nats}\n${permissions}`.replace(/^\s*#.*$/gm, '');
    const asked = new Set([...uncommented.matchAll(/\$([A-Z][A-Z0-9_]+)/g)].map(([, variable = '']) => variable));
    asked.delete('JS');
    for (const [name, { environment = {} }] of named('nats-')) {
      expect(environment['NATS_NAME']).toBe(name);
      expect([...asked].filter((variable) => !(variable in environment))).toEqual([]);
    }
    for (const [name, { volumes = [] }] of Object.entries(services))
      for (const [host = ''] of volumes.map((volume) => volume.split(':')))
        if (host.startsWith('.')) expect(existsSync(join(folder, host)), `${name}: ${host}`).toBe(true);
  });

  it('reaches nodes at the port that its config listens at, and gives them the time that a drain takes', async () => {
    const text = readFileSync(join(folder, 'weir.yaml'), 'utf8');
    const loaded = await loadText(text, { environment: {}, version: 1, createdWallMs: 0 });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
    const { listen, drainMs } = { listen: /listen: .*:(\d+)/.exec(text)?.[1], drainMs: 30_000 };
    for (const [, { ports = [], stop_grace_period = '' }] of named('node-')) {
      expect(ports.map((port) => port.split(':').at(-1))).toEqual([listen]);
      expect(Number.parseInt(stop_grace_period, 10) * 1_000).toBeGreaterThan(drainMs + 5_000);
    }
    const published = Object.values(services).flatMap(({ ports = [] }) => ports);
    // No port is open to other machines, and no two are one.
    expect(published.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
    expect(new Set(published).size).toBe(published.length);
  });
});
