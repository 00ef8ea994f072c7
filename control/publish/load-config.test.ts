// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import { scryptSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scryptPattern } from '@weir/proto/config/consumers.js';
import { hashContent } from '@weir/proto/snapshot/codec.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from './credential-hashes.js';
import { createCheck, loadChecked, loadConfig, loadText, readConfigFile } from './load-config.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-load-'));
});
afterAll(() => rm(folder, { recursive: true }));

const CONFIG = `upstreams: [{ targets: http://a }]
routes: [{ match: / }]
consumers: [{ id: m, keys: "\${KEY}", basic: { username: u, password: "\${PASSWORD}" } }]
`;
const context = (environment: Record<string, string>) => ({ environment, version: 1, createdWallMs: 0 });

async function load(content: string | Uint8Array, environment: Record<string, string> = {}) {
  const file = join(folder, 'weir.yaml');
  await writeFile(file, content);
  return loadConfig(file, context(environment));
}

it('keys are stored as SHA-256, passwords as scrypt that the password opens, and neither is in the snapshot', async () => {
  const loaded = await load(CONFIG, { KEY: 'abc', PASSWORD: 'open sesame' });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const [consumer] = loaded.snapshot.consumers;
  expect(consumer?.keyHashes).toEqual(['ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad']);
  const match = scryptPattern.exec(consumer?.basic[0]?.hash ?? '');
  const [, N, r, p, salt = '', hash = ''] = match ?? [];
  const bytes = scryptSync('open sesame', Buffer.from(salt, 'base64url'), 32, {
    N: Number(N),
    r: Number(r),
    p: Number(p),
  });
  expect(bytes.toString('base64url')).toBe(hash);
  expect(JSON.stringify(loaded.snapshot)).not.toContain('sesame');
});

it('a reload of an unchanged file yields an unchanged snapshot, and another password another one', async () => {
  const contents = [];
  for (const PASSWORD of ['one', 'one', 'two']) {
    const loaded = await load(CONFIG, { KEY: 'abc', PASSWORD });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
    contents.push(hashContent(loaded.snapshot, sha256Hex));
  }
  expect(contents[1]).toBe(contents[0]);
  expect(contents[2]).not.toBe(contents[0]);
});

it('a strict limit is a fault with its place where nodes are known to have no Redis, and only there', async () => {
  const file = join(folder, 'strict.yaml');
  const limit = '{ rate: 5/s, mode: strict, onRedisLoss: open }';
  await writeFile(file, `upstreams: [{ targets: http://a }]\nroutes:\n  - { match: /, limits: [9/s, ${limit}] }\n`);
  const faultsWith = async (hasRedis?: boolean) => {
    const loaded = await loadConfig(file, { ...context({}), ...(hasRedis === undefined ? {} : { hasRedis }) });
    return loaded.ok ? [] : loaded.faults.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  };
  expect(await faultsWith(false)).toEqual([
    '3 routes[0].limits[1].mode: a strict limit is counted in Redis, and nodes were started without --redis',
  ]);
  expect([await faultsWith(true), await faultsWith()]).toEqual([[], []]);
});

it('vectors that nodes are to share are a fault where they have no Redis, and a config alone does not say', async () => {
  const file = join(folder, 'vectors.yaml');
  const faultsWith = async (store: string, hasRedis?: boolean) => {
    const semantic = `{ model: ollama/v, store: ${store} }`;
    await writeFile(
      file,
      `ai: { providers: [ollama] }\nroutes:\n  - { match: /v1/*, ai: { cache: { semantic: ${semantic} } } }\n`,
    );
    const loaded = await loadConfig(file, { ...context({}), ...(hasRedis === undefined ? {} : { hasRedis }) });
    return loaded.ok ? [] : loaded.faults.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  };
  expect(await faultsWith('redis', false)).toEqual([
    '3 routes[0].ai.cache.semantic.store: nodes tell each other of nothing: they were started without --redis',
  ]);
  expect([await faultsWith('redis', true), await faultsWith('redis'), await faultsWith('memory', false)]).toEqual([
    [],
    [],
    [],
  ]);
});

it('what is to be shared in Redis is warned of where nodes are known to have none, with its place, and only there', async () => {
  const warningsOf = async (redis: string, hasRedis?: boolean) => {
    const file = join(folder, 'redis.yaml');
    const cache = redis === '' ? '{}' : `{ redis: ${redis} }`;
    await writeFile(
      file,
      `gateway:\n  cache: ${cache}\nupstreams: [{ targets: http://a }]\nroutes: [{ match: /, cache: true }]\n`,
    );
    const loaded = await loadConfig(file, { ...context({}), ...(hasRedis === undefined ? {} : { hasRedis }) });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
    return loaded.warnings.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  };
  const warning = ['2 gateway.cache.redis: nodes share nothing: they were started without --redis'];
  expect(await warningsOf('true', false)).toEqual(warning);
  expect(await warningsOf('{ maxBody: 1MiB }', false)).toEqual(warning);
  for (const redis of ['false', '']) expect(await warningsOf(redis, false)).toEqual([]);
  expect([await warningsOf('true', true), await warningsOf('true')]).toEqual([[], []]);
});

it('a config that is not sound gives its faults', async () => {
  const loaded = await load(CONFIG, { KEY: 'abc' });
  expect(loaded).toMatchObject({
    ok: false,
    faults: [{ line: 3, message: 'the environment variable PASSWORD is not set' }],
  });
});

it('a file that cannot be read is a fault like any other', async () => {
  expect(await readConfigFile(join(folder, 'nowhere.yaml'))).toMatchObject({ message: 'the file does not exist' });
  expect(await readConfigFile(folder)).toMatchObject({ message: 'this is a folder, not a file' });
  expect(await readConfigFile('/dev/zero')).toMatchObject({ message: 'the file is larger than 1MiB' });
  expect(await load(Uint8Array.of(0x61, 0xff, 0xfe))).toMatchObject({
    ok: false,
    faults: [{ message: 'the file is not UTF-8 text' }],
  });
  expect(await load(`\ufeff${CONFIG}`, { KEY: 'a', PASSWORD: 'b' })).toMatchObject({ ok: true });
});

describe('a check that is remembered', () => {
  it('gives the same for the same text, and another for another', () => {
    const check = createCheck({});
    const text = 'version: 1\nroutes: [{ id: a, match: /*, respond: { status: 200 } }]\n';
    const checked = check(text);
    expect(check(text)).toBe(checked);
    expect(check(`${text}# another\n`)).not.toBe(checked);
    const context = { environment: {}, version: 7, createdWallMs: 5 };
    expect(loadChecked(text, check(text), context)).toEqual(loadText(text, context));
    expect(loadChecked('x', check('x'), context)).toMatchObject({ ok: false });
  });
});
