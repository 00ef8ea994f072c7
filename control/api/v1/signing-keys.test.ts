/** Public keys of applications: registered, shown, deleted; whose other half nobody sends. */
import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import { type WholeApi, wholeApi } from './testing/whole-api.js';

let house: WholeApi;
beforeAll(async () => {
  house = await wholeApi();
});

const pemOf = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }).toString();

const keys = (method: string, end: string, body?: object, key?: string) => {
  const session = house.users.get('red developer')?.session ?? {};
  const headers = { ...session, ...(key === undefined ? {} : { 'idempotency-key': key }) };
  return house.api.ask(method, `/v1/applications/${house.things.red.application}/keys${end}`, headers, body);
};

it('a public key is registered and shown, and there is no secret to be shown', async () => {
  const publicKey = pemOf();
  const made = await keys('POST', '', { name: 'signer', publicKey }, 'k1');
  expect([made.status, made.body]).toEqual([
    201,
    expect.objectContaining({
      name: 'signer',
      publicKey: { pem: publicKey, kid: expect.stringMatching(/^[\w-]{43}$/) },
    }),
  ]);
  expect(made.text).not.toMatch(/weir_k_|sha256/);
  const { kid } = made.body['publicKey'] as { readonly kid: string };
  expect((await keys('POST', '', { name: 'signer', publicKey }, 'k1')).text).toBe(made.text);
  expect((await keys('POST', '', { name: 'again', publicKey })).status).toBe(409);
  expect((await keys('GET', '')).text).toContain(kid);
  // Its other half is changed by whoever has it.
  expect((await keys('POST', `/${made.body['id']}/rotate`, {})).status).toBe(409);
  expect((await keys('DELETE', `/${made.body['id']}`)).status).toBe(204);
  await house.reset();
});

it('what is no public key is refused by name, and not repeated; four of them are the most', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const text = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const before = house.registry.number;
  const refused = await keys('POST', '', { name: 'mine', publicKey: text });
  expect([refused.status, refused.body['faults']]).toEqual([422, [expect.objectContaining({ path: 'publicKey' })]]);
  expect(refused.text).not.toContain(text.split('\n')[1]);
  expect(house.registry.number).toBe(before);
  for (let i = 0; i < 4; i += 1)
    expect((await keys('POST', '', { name: `k${i}`, publicKey: pemOf() })).status).toBe(201);
  expect((await keys('POST', '', { name: 'fifth', publicKey: pemOf() })).status).toBe(409);
  expect((await keys('POST', '', { name: 'drawn' })).status).toBe(201);
  await house.reset();
});
