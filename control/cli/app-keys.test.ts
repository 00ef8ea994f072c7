/** `weir keys add --public-key`, from the file to the registry, against the real routes at a real port. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type WholeApi, wholeApi } from '../api/v1/testing/whole-api.js';
import { publicKeyCharsMax } from '../model/bounds.js';
import { registerAppKeys } from './apps.js';
import { type Heard, hearWrites } from './testing/heard.js';

let house: WholeApi;
let [admin, folder] = ['', ''];
let heard: Heard;

beforeAll(async () => {
  house = await wholeApi();
  admin = await house.api.server.listen({ host: '127.0.0.1', port: 0 });
  folder = mkdtempSync(join(tmpdir(), 'weir-app-keys-'));
});
afterAll(async () => {
  await house.api.server.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  vi.stubEnv('WEIR_TOKEN', (house.api.local['authorization'] ?? '').replace('Bearer ', ''));
  heard = hearWrites();
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = 0;
  await house.reset();
});

async function keys(...args: readonly string[]): Promise<{ code: unknown; out: string; err: string }> {
  Object.assign(heard, { out: '', err: '' });
  process.exitCode = 0;
  const program = new Command('weir').exitOverride();
  registerAppKeys(program.command('keys'));
  await program.parseAsync(['node', 'weir', 'keys', ...args, '--admin', admin, '--data', folder]);
  return { code: process.exitCode, ...heard };
}

const application = (): string => house.things.red.application;
const keysOf = () => [...house.registry.of('key', 'applicationId', application())];

function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

it('registers a public key out of a file, in PEM or as a JWK, and tells what its tokens have to say', async () => {
  const [first, second] = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
  const pem = String(first?.export({ type: 'spki', format: 'pem' }));
  const jwk = JSON.stringify(second?.export({ format: 'jwk' }));
  const before = keysOf().length;
  for (const [name, text] of [
    ['signer.pem', pem],
    ['signer.jwk', jwk],
  ] as const) {
    const added = await keys('add', application(), '--name', name, '--public-key', written(name, text));
    const kept = keysOf().find((key) => key.name === name);
    expect([added.code, added.err]).toEqual([0, '']);
    expect(added.out).toContain(`kid ${kept?.publicKey?.kid}`);
    expect(added.out).toContain(`id of the key is ${kept?.id}`);
    // There is no secret of it that could be shown.
    expect(added.out).not.toContain('weir_k_');
    expect((await keys('list', application())).out).toMatch(
      new RegExp(`${kept?.id} +kid ${kept?.publicKey?.kid} .*${name}`),
    );
  }
  expect(keysOf().length).toBe(before + 2);
});

it.each([
  ['a file that is not there', () => join(folder, 'none.pem'), /none\.pem can't be read: .*ENOENT/],
  ['what is no key', () => written('no.pem', 'hello'), /publicKey/],
  [
    'a private key, of which nothing is told again',
    () =>
      written(
        'private.pem',
        String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })),
      ),
    /publicKey/,
  ],
  ['a file that is longer than any key', () => written('long.pem', 'x'.repeat(publicKeyCharsMax * 2)), /publicKey/],
])('refuses %s, and registers nothing', async (_what, fileOf, why) => {
  const before = house.registry.number;
  const file = fileOf();
  const refused = await keys('add', application(), '--public-key', file);
  expect([refused.code, refused.out]).toEqual([1, '']);
  expect(refused.err).toMatch(why);
  expect(refused.err).not.toMatch(/PRIVATE KEY-----\n\w/);
  expect(house.registry.number).toBe(before);
});
